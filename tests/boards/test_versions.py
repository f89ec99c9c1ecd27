from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.boards.building.leaderboard import build, check
from aqa_bench.boards.versions import LOCK_FILE, versions
from aqa_bench.core.errors import DataError, UsageError

BOARD = "v2/stick-figures-shoulder-press"


@pytest.fixture
def built(synthetic: ModuleType, tmp_path: Path) -> tuple[Path, Path]:
    synthetic.write_run(tmp_path / "submissions", "first", 0.4)
    synthetic.write_run(
        tmp_path / "submissions", "second", 0.6, gflops=1.5, hyperparameters={"backbone": "r18"}
    )
    build(tmp_path / "submissions", tmp_path / "boards")
    return tmp_path / "submissions", tmp_path / "boards"


def contents(boards: Path) -> dict[str, bytes]:
    return {f.relative_to(boards).as_posix(): f.read_bytes() for f in boards.rglob("*") if f.is_file()}


def test_an_earlier_version_is_built_from_its_lock_alone(
    built: tuple[Path, Path], synthetic: ModuleType
) -> None:
    before = contents(built[1])
    synthetic.write_run(built[0], "third", 0.7)
    build(*built, as_of="v2")
    assert contents(built[1]) == before
    build(*built)
    assert contents(built[1]) != before


def test_a_changed_or_lost_input_is_an_error(built: tuple[Path, Path]) -> None:
    record = next(built[0].rglob("run.json"))
    record.write_text(record.read_text() + "\n")
    with pytest.raises(DataError, match="a different file"):
        build(*built, as_of="v2")
    record.unlink()
    with pytest.raises(DataError, match="no such file"):
        build(*built, as_of="v2")


def test_an_unknown_version_is_wrong_usage(built: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="v2"):
        build(*built, as_of="v7")


def test_what_costs_stands_in_every_format(built: tuple[Path, Path]) -> None:
    folder = built[1] / BOARD
    rows = json.loads((folder / "table.json").read_text())["boards"][0]["rows"]
    second = next(row for row in rows if row["method"] == "second")
    assert (second["backbone"], second["gflops"], second["device"]) == ("r18", 1.5, "any, 1 thread")
    for name in ("table.md", "table.csv", "table.tex"):
        assert "r18" in (folder / name).read_text(), name
    tex = (folder / "table.tex").read_text()
    assert tex.count(r"\begin{tabular}") == tex.count(r"\bottomrule") == tex.count(r"\end{tabular}") == 1


def test_the_overall_page_names_the_best_and_is_checked(built: tuple[Path, Path]) -> None:
    file = built[1] / "v2/overall.json"
    (line,) = json.loads(file.read_text())["boards"]
    assert (line["methods"], line["runs"], line["best"]["rank"]) == (2, 2, 1)
    file.write_text(file.read_text().replace('"runs": 2', '"runs": 3'))
    (problem,) = check(*built).problems
    assert problem.path.startswith("v2/overall.json:")


def test_versions_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("v10", "v2", "v9"):
        folder = tmp_path / name / "pose-trainer-bicep-curl"
        folder.mkdir(parents=True)
        (folder / LOCK_FILE).write_text("{}")
    assert versions(tmp_path) == ["v2", "v9", "v10"]
