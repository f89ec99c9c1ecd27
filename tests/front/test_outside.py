from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.front.outside import OutsideScore, read_scores


def written(tmp_path: Path, content: bytes | str) -> Path:
    file = tmp_path / "scores.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize(
    "content",
    [
        "sample_id,score\na,0.5\nb,1\n",
        "\ufeffsample_id,score\r\na,0.5\r\nb,1\r\n",
        "sample_id;score\na;0,5\nb;1\n",
        "sample_id\tscore\na\t0.5\nb\t1\n",
        " Sample_ID , Score \na, 0.5\nb,1",
        'score,comment,sample_id\n0.5,"well, no",a\n1,,b\n\n',
    ],
    ids=["plain", "spreadsheet", "semicolons", "tabs", "blanks", "other columns"],
)
def test_a_csv_is_read_as_people_have_it(tmp_path: Path, content: str) -> None:
    rows = read_scores(written(tmp_path, content))
    assert rows == [OutsideScore("line 2", "a", 0.5), OutsideScore("line 3", "b", 1.0)]


def test_optional_columns_are_read(tmp_path: Path) -> None:
    (row,) = read_scores(written(tmp_path, "sample_id,task,fold,split,score\na,form,r0f1,Test,0.25\n"))
    assert row == OutsideScore("line 2", "a", 0.25, "form", "test", "r0f1")


def test_a_frame_is_read_with_its_index_as_ids() -> None:
    frame = pd.DataFrame({"sample_id": [32, 7], "score": [0.5, 1]})
    expected = [OutsideScore("row 0", "32", 0.5), OutsideScore("row 1", "7", 1.0)]
    assert read_scores(frame) == expected
    assert read_scores(frame.set_index("sample_id")) == expected
    assert read_scores(pd.DataFrame({"score": [0.5, 1]}, index=[32, 7])) == expected


@pytest.mark.parametrize(
    ("content", "expected", "found"),
    [
        (b"", "columns sample_id and score", "nothing"),
        (b"id,score\na,1\n", "columns sample_id and score", "id, score"),
        (b"sample_id,score\n", "one row per sample", "no row"),
        (b"sample_id,score\na,high\n", "finite scores", "'high' in line 2"),
        (b"sample_id,score\na,nan\n", "finite scores", "'nan' in line 2"),
        (b"sample_id,score\na,\n", "finite scores", "'' in line 2"),
        (b"sample_id,score\na,0,5\n", "2 cells", "3 in line 2"),
        (b"sample_id,score\n,1\n", "a sample id", "none in line 2"),
        (b"sample_id,score,score\na,1,1\n", "unique column names", "score twice"),
        (b"sample_id,score,split\na,1,tset\n", "val or test", "'tset' in line 2"),
        (b"sample_id,score\n\xff,1\n", "UTF-8", "invalid start byte"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(
    tmp_path: Path, content: bytes, expected: str, found: str
) -> None:
    with pytest.raises(DataError) as caught:
        read_scores(written(tmp_path, content))
    assert expected in str(caught.value.expected)
    assert found in str(caught.value.found)
    assert "scores.csv" in str(caught.value.where)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_scores(tmp_path / "none.csv")


def test_an_absent_score_in_a_frame_is_said() -> None:
    with pytest.raises(DataError, match="row 1"):
        read_scores(pd.DataFrame({"sample_id": ["a", "b"], "score": [0.5, None]}))


def test_more_that_spreadsheets_write(tmp_path: Path) -> None:
    expected = [("a", 0.5), ("b", 1.0)]
    for content in (
        b"sep=;\r\nsample_id;score\r\na;0,5\r\nb;1\r\n",
        "sample_id\tscore\r\na\t0,5\r\nb\t1\r\n".encode("utf-16"),
        b"sample_id\tscore\ra\t0.5\rb\t1\r",
    ):
        assert [(row.sample, row.score) for row in read_scores(written(tmp_path, content))] == expected


def test_ids_that_pandas_made_floats_of_are_the_ids_again() -> None:
    frame = pd.DataFrame({"sample_id": [32.0, 7.0], "score": [0.5, 1]})
    assert [row.sample for row in read_scores(frame)] == ["32", "7"]


def test_what_pandas_says_is_absent_is_absent() -> None:
    frame = pd.DataFrame({"sample_id": ["a", "b"], "score": pd.array([0.5, None], dtype="Float64")})
    with pytest.raises(DataError, match=r"finite scores\n.*'' in row 1"):
        read_scores(frame)
    frame = pd.DataFrame({"sample_id": pd.array(["a", None], dtype="string"), "score": [0.5, 1]})
    with pytest.raises(DataError, match="none in row 1"):
        read_scores(frame)


def test_names_of_columns_may_have_capitals_and_spaces() -> None:
    assert read_scores(pd.DataFrame({" Sample_ID": ["a"], "Score ": [0.5]})) == [
        OutsideScore("row 0", "a", 0.5)
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (pd.Series([0.5], index=["a"]), "Series"),
        ({"a": 0.5}, "dict"),
        (pd.DataFrame({"score": [0.5]}, index=pd.MultiIndex.from_tuples([("a", 1)])), "2 index levels"),
    ],
)
def test_what_is_no_such_frame_is_said(source: Any, found: str) -> None:
    with pytest.raises(DataError, match=f"(?s)columns sample_id and score.*{found}"):
        read_scores(source)
