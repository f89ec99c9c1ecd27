"""Retrieval on methods' pages: the committed file, its table, and what is refused."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aqa_bench.boards.site.retrieval_view import RETRIEVAL_FILE, read_retrievals, retrieval_parts
from aqa_bench.cli.main import app
from aqa_bench.core.errors import DataError

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_committed_file_becomes_a_table_with_its_numbers() -> None:
    [written] = json.loads((DOCS / "measured" / RETRIEVAL_FILE).read_text())["measured"]
    found = read_retrievals(DOCS)
    [part] = retrieval_parts("cvcspc", found, {"cvcspc", "imagenet"})
    rows = {line.cells[0].text: line for line in part.table.lines}
    assert list(rows) == [*(m["method"] for m in written["methods"]), "random frame of another video"]
    for method in written["methods"]:
        height, apart, joints, _ = rows[method["method"]].cells[1:]
        assert float(height.value) == method["elevation_error"]["value"]
        assert height.text == f"{method['elevation_error']['value']:.3f}"
        assert float(joints.value) == method["keypoint_error"]["value"]
        difference = method["against_first"].get("elevation_error")
        assert apart.text == ("" if difference is None else f"{difference['value']:+.3f}")
    assert rows["cvcspc"].kind == "printed"
    assert rows["imagenet"].kind == ""
    assert rows["cvcspc"].cells[0].href == "methods/cvcspc.html"
    assert rows["simsiam"].cells[0].href == ""
    assert f"{written['frames']} frames of {written['clips']} clips" in part.about


def test_the_command_of_the_file_is_one_that_the_verb_takes() -> None:
    for each in json.loads((DOCS / "measured" / RETRIEVAL_FILE).read_text())["measured"]:
        program, *words = shlex.split(each["command"])
        assert program == "aqa-bench"
        assert "/" not in words[words.index("--out") + 1]
        # An unknown option is wrong usage; help stops it before any work.
        assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_methods_that_took_no_part_show_nothing(tmp_path: Path) -> None:
    assert retrieval_parts("rocket", read_retrievals(DOCS), {"rocket"}) == []
    assert read_retrievals(tmp_path) is None
    assert read_retrievals(None) is None


def test_a_measure_that_the_data_lack_has_no_columns(tmp_path: Path) -> None:
    document = json.loads((DOCS / "measured" / RETRIEVAL_FILE).read_text())
    [measured] = document["measured"]
    for each in [measured["chance"], *measured["methods"]]:
        del each["keypoint_error"]
    (tmp_path / "measured").mkdir()
    (tmp_path / "measured" / RETRIEVAL_FILE).write_text(json.dumps(document))
    [part] = retrieval_parts("cvcspc", read_retrievals(tmp_path), ())
    assert [column.name for column in part.table.columns] == [
        "features",
        "bar height",
        "bar height, minus imagenet",
    ]
    assert {len(line.cells) for line in part.table.lines} == {3}


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "measured").mkdir()
    (tmp_path / "measured" / RETRIEVAL_FILE).write_text('{"about": "x", "measured": [{}]}')
    with pytest.raises(DataError, match="measured retrievals"):
        read_retrievals(tmp_path)
