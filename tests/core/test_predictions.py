from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.core.predictions import COLUMNS, predictions_csv, read_predictions

GOOD = "sample_id,task,fold,split,score\na,form,r0f0,val,0.25\nb,form,r0f0,test,0.5\n"
names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=6)
rows = st.lists(
    st.tuples(
        names,
        st.sampled_from(["kie", "score"]),
        st.sampled_from(["r0f0", "r0f1", "r1f0"]),
        st.sampled_from(["val", "test"]),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    unique_by=lambda row: row[:3],
    max_size=20,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows)
def test_what_is_written_is_read_to_the_last_digit(tmp_path: Path, data: list[tuple[object, ...]]) -> None:
    file = tmp_path / "predictions.csv"
    file.write_bytes(predictions_csv(pd.DataFrame(data, columns=list(COLUMNS))))
    table = read_predictions(file)
    assert tuple(table.columns) == COLUMNS
    assert table["score"].dtype == "float64"
    read = sorted(table.itertuples(index=False, name=None))
    assert read == sorted(data)
    assert [str(row[4]) for row in read] == [str(row[4]) for row in sorted(data)]
    assert predictions_csv(table) == file.read_bytes()


@settings(max_examples=30, deadline=None)
@given(rows, st.randoms())
def test_the_order_of_the_rows_does_not_change_the_bytes(data: list[tuple[object, ...]], random) -> None:
    shuffled = random.sample(data, len(data))
    tables = [pd.DataFrame(order, columns=list(COLUMNS)) for order in (data, shuffled)]
    assert predictions_csv(tables[0]) == predictions_csv(tables[1])


def test_columns_that_are_not_predictions_are_never_written() -> None:
    table = pd.DataFrame([("a", "t", "r0f0", "test", 0.5, 1.0)], columns=[*COLUMNS, "target"])
    assert b"target" not in predictions_csv(table)


def test_texts_that_look_like_missing_values_stay_texts(tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"
    file.write_text(GOOD.replace("a,form", "NA,form").replace("b,form", "007,form"))
    assert read_predictions(file)["sample_id"].tolist() == ["NA", "007"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty file"),
        ("\n", ""),
        (GOOD.replace("score", "label", 1), "label"),
        (GOOD.replace(",score", "", 1), "sample_id, task, fold, split"),
        (GOOD.replace("sample_id,task", "task,sample_id", 1), "task, sample_id"),
        (GOOD.replace("score", "score,target", 1), "target"),
        (GOOD.replace("0.25", "0.25,1"), "6 in line 2"),
        (GOOD.replace("0.25", "0.25,1").replace("0.5\n", "0.5,1\n"), "6 in line 2"),
        (GOOD.replace(",0.5\n", "\n"), "4 in line 3"),
        (GOOD[:-6], "4 in line 3"),
        (GOOD.replace("0.5\n", "nan\n"), "'nan' in line 3"),
        (GOOD.replace("0.5\n", "inf\n"), "'inf' in line 3"),
        (GOOD.replace("0.5\n", "1e999\n"), "'1e999' in line 3"),
        (GOOD.replace("0.5\n", "\n"), "'' in line 3"),
        (GOOD.replace("0.5\n", "high\n"), "'high' in line 3"),
        (GOOD.replace("val", "train"), "'train' in line 2"),
        (GOOD.replace("test", "Test"), "'Test' in line 3"),
        (GOOD + "a,form,r0f0,test,0.5\n", "a repeated in line 4"),
        (GOOD + '"a', ""),
        (GOOD + "\n", "1 in line 4"),
    ],
)
def test_every_damage_is_an_error_that_names_the_place(tmp_path: Path, text: str, found: str) -> None:
    file = tmp_path / "predictions.csv"
    file.write_text(text)
    with pytest.raises(DataError) as caught:
        read_predictions(file)
    assert caught.value.where == str(file)
    assert found in str(caught.value.found)


def test_bytes_that_are_no_text_are_an_error(tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"
    file.write_bytes(GOOD.encode() + b"\xff\xfe")
    with pytest.raises(DataError, match="CSV"):
        read_predictions(file)


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_predictions(tmp_path / "predictions.csv")
    with pytest.raises(DataError, match="Is a directory"):
        read_predictions(tmp_path)


def test_what_a_spreadsheet_puts_first_is_named(tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"
    file.write_bytes(b"\xef\xbb\xbfsample_id,task,fold,split,score\na,t,0,test,0.5\n")
    with pytest.raises(DataError, match="a byte order mark, as spreadsheets write it"):
        read_predictions(file)


def test_a_row_that_stands_twice_is_found_at_once_in_a_long_table(tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"
    rows = [f"a{number},t,0,test,0.5" for number in range(60_000)]
    file.write_text("sample_id,task,fold,split,score\n" + "\n".join([*rows, rows[-1]]) + "\n")
    started = time.process_time()
    with pytest.raises(DataError, match="a59999 repeated in line 60002"):
        read_predictions(file)
    assert time.process_time() - started < 5
