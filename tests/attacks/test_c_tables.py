"""Doctored tables, rendered again so that all their files agree, judged by somebody without the labels."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards import row_scores
from aqa_bench.boards.building import leaderboard
from aqa_bench.boards.building.leaderboard import CheckReport, build, check
from aqa_bench.boards.model import UNCHECKED, DatasetBoards, Row, board_name
from aqa_bench.boards.pages.latex import as_latex
from aqa_bench.boards.pages.overall import best_row, overall_files, read_version
from aqa_bench.boards.pages.render import as_csv, as_json, as_markdown
from aqa_bench.core.errors import DataError
from aqa_bench.core.record import RowKind

spec = importlib.util.spec_from_file_location("forgery", Path(__file__).with_name("forgery.py"))
assert spec is not None
assert spec.loader is not None
forgery: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(forgery)

RECORDS = "every number in a table comes from its records"
TABLE = "the table follows from the predictions"
FILES = {"table.json": as_json, "table.csv": as_csv, "table.md": as_markdown, "table.tex": as_latex}


@pytest.fixture(scope="module")
def _accepted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        from aqa_bench.stats import scoring

        patch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)
        patch.setattr(row_scores, "N_RESAMPLES", 200)
        root = place / "submissions"
        forgery.forge(root, forgery.RIVAL, forgery.guess(0.5, 1))
        forgery.forge(root, "duration", forgery.guess(0.1, 2))
        for seed in (0, 1):
            forgery.forge(root, forgery.CONTENDER, forgery.guess(0.3, 10 + seed), seed=seed)
        build(root, place / "leaderboards")
    return place


class Desk:
    def __init__(self, place: Path) -> None:
        self.base, self.pull = place / "base", place / "pull"
        self.folder = self.pull / "leaderboards" / BENCHMARK_VERSION / board_name(forgery.DATASET)

    @property
    def boards(self) -> DatasetBoards:
        return DatasetBoards.model_validate_json((self.folder / "table.json").read_text(encoding="utf-8"))

    def write(self, boards: DatasetBoards) -> None:
        """Render a table again, and the page over all tables."""
        for name, render in FILES.items():
            (self.folder / name).write_text(render(boards), encoding="utf-8")
        above = self.folder.parent
        for name, text in overall_files(BENCHMARK_VERSION, read_version(above.parent, above.name)).items():
            (above / name).write_text(text, encoding="utf-8")

    def doctor(self, place: int, **changes: Any) -> None:
        """Change values of a row, by its place."""
        [board] = self.boards.boards
        rows = list(board.rows)
        rows[place] = rows[place].model_copy(update=changes)
        self.rows(rows)

    def rows(self, rows: list[Row]) -> None:
        [board] = self.boards.boards
        changed = board.model_copy(update={"rows": tuple(rows)})
        self.write(self.boards.model_copy(update={"boards": (changed,)}))

    def judge(self, *, base: bool = True) -> CheckReport:
        accepted = self.base / "leaderboards" if base else None
        return check(self.pull / "submissions", self.pull / "leaderboards", base=accepted)

    def rules(self, *, base: bool = True) -> set[str]:
        return {problem.rule for problem in self.judge(base=base).problems}


@pytest.fixture
def desk(_accepted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    def absent(dataset: str) -> None:
        raise DataError(f"{dataset} has not been prepared.")

    for side in ("base", "pull"):
        shutil.copytree(_accepted, tmp_path / side)
    monkeypatch.setattr(leaderboard, "open_dataset", absent)
    return Desk(tmp_path)


def test_the_accepted_tables_hold_without_labels(desk: Desk) -> None:
    report = desk.judge()
    assert report.ok, report.problems
    assert report.rescored == 0
    assert forgery.DATASET in report.unscored


@pytest.mark.parametrize("base", [True, False], ids=["with base", "without"])
@pytest.mark.parametrize(
    "changes",
    [
        {"value": 0.999},
        {"skill": 0.99},
        {"seeds": 5},
        {"scored": 61},
        {"control": True},
        {"parameters": 3},
        {"pretrained_on": "nothing at all"},
        {"method": "mine"},
        {"runs": ("0" * 16,)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_number_or_a_word_of_a_row_is_changed(desk: Desk, changes: dict[str, Any], base: bool) -> None:
    desk.doctor(1, **changes)
    assert RECORDS in desk.rules(base=base)


def test_a_metric_beside_the_primary_one_is_changed(desk: Desk) -> None:
    [board] = desk.boards.boards
    desk.doctor(1, secondary=board.rows[1].secondary | {"auroc": 0.999})
    assert RECORDS in desk.rules(base=False)


def test_a_row_is_left_out(desk: Desk) -> None:
    desk.rows(list(desk.boards.boards[0].rows[1:]))
    assert RECORDS in desk.rules(base=False)


def test_a_row_is_called_a_paper(desk: Desk) -> None:
    [board] = desk.boards.boards
    paper = board.rows[0].model_copy(
        update={"kind": RowKind.REPORTED, "rank": None, "value": 0.999, "source": "me", "runs": ()}
    )
    desk.rows([*board.rows, paper])
    assert RECORDS in desk.rules(base=False)


@pytest.mark.parametrize(
    "changes", [{"rank": 1}, {"low": 0.9, "high": 0.99}, {"latency_ms": 0.0001}], ids=repr
)
def test_what_only_labels_tell_is_what_was_accepted(desk: Desk, changes: dict[str, Any]) -> None:
    rows = desk.boards.boards[0].rows
    last = max(i for i, row in enumerate(rows) if row.rank is not None)
    assert rows[last].model_copy(update=changes) != rows[last]
    desk.doctor(last, **changes)
    assert desk.rules() == {TABLE}


def test_a_floor_is_lowered(desk: Desk) -> None:
    [board] = desk.boards.boards
    desk.write(desk.boards.model_copy(update={"boards": (board.model_copy(update={"floor": 0.1}),)}))
    assert desk.rules() == {TABLE}


def test_a_scheme_that_shows_labels_is_called_honest(desk: Desk) -> None:
    [board] = desk.boards.boards
    changed = board.model_copy(update={"honest": not board.honest})
    desk.write(desk.boards.model_copy(update={"boards": (changed,)}))
    assert RECORDS in desk.rules(base=False)


class TestInvented:
    """A new run whose record claims everything, on a board that nobody here can score."""

    def propose(self, desk: Desk) -> None:
        folder = forgery.forge(desk.pull / "submissions", "stgcn-ocsvm", forgery.guess(0.0, 5))
        record = json.loads((folder / "run.json").read_text())
        for metric in record["metrics"]["form"].values():
            metric.update(value=1.0, low=1.0, high=1.0)
        forgery.edit(folder, **record)

    def test_its_row_is_unchecked_and_never_first(self, desk: Desk) -> None:
        self.propose(desk)
        build(desk.pull / "submissions", desk.pull / "leaderboards")
        report = desk.judge()
        assert report.ok, report.problems
        [board] = desk.boards.boards
        measured = [row for row in board.rows if row.kind is RowKind.MEASURED]
        assert [row.method for row in measured if row.why_unranked == UNCHECKED] == ["stgcn-ocsvm"]
        assert measured[-1].method == "stgcn-ocsvm"
        assert measured[-1].rank is None
        assert measured[-1].low is None
        best = best_row(board)
        assert best is not None
        assert best.method != "stgcn-ocsvm"
        assert "unchecked" in (desk.folder / "table.md").read_text(encoding="utf-8")

    def test_its_row_is_put_first(self, desk: Desk) -> None:
        self.propose(desk)
        build(desk.pull / "submissions", desk.pull / "leaderboards")
        rows = list(desk.boards.boards[0].rows)
        place = next(i for i, row in enumerate(rows) if row.method == "stgcn-ocsvm")
        first = rows.pop(place).model_copy(update={"rank": 1, "why_unranked": "", "low": 1.0, "high": 1.0})
        desk.rows([first, *rows])
        assert TABLE in desk.rules()

    def test_a_table_that_nobody_has_built(self, desk: Desk) -> None:
        shutil.rmtree(desk.base / "leaderboards" / BENCHMARK_VERSION / desk.folder.name)
        assert "a table is built where the labels are available" in desk.rules()


def test_a_picture_that_only_labels_tell_is_what_was_accepted(desk: Desk) -> None:
    (desk.folder / "slices.json").write_text("{}")
    assert desk.rules() == {"what needs labels is computed by somebody who has them"}


@pytest.mark.parametrize("change", ["edit", "remove"])
def test_the_claims_are_rewritten_where_they_cannot_be_judged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    judge, name = leaderboard.judge_claims, "pose-trainer/bicep-curl"
    monkeypatch.setattr(
        leaderboard, "judge_claims", lambda *a: judge(*a).model_copy(update={"unscored": {name: "absent"}})
    )
    assert desk.judge().ok
    for file in desk.folder.parent.glob("claims.*"):
        file.write_text("confirmed") if change == "edit" else file.unlink()
    assert desk.rules() == {"what needs labels is computed by somebody who has them"}


@pytest.mark.parametrize("place", ["v2/{}/best.md", "v2/mine/table.md", "best.md"])
def test_a_page_that_no_build_writes(desk: Desk, place: str) -> None:
    file = desk.folder.parents[1] / place.format(desk.folder.name)
    file.parent.mkdir(exist_ok=True)
    file.write_text("# The best method is mine")
    (rule,) = desk.rules()
    assert rule in ("every table has submissions", "every file is one that the build writes")


@pytest.mark.parametrize("what", ["", "v2/overall.md"])
def test_a_link_to_what_was_accepted(desk: Desk, what: str) -> None:
    """It reads as it should where it is judged, and leads nowhere once it is merged."""
    link, target = desk.pull / "leaderboards" / what, desk.base / "leaderboards" / what
    shutil.rmtree(link) if link.is_dir() else link.unlink()
    link.symlink_to(target)
    assert desk.rules() == {"no links and no devices"}


def test_a_formula_in_a_free_text(desk: Desk) -> None:
    [board] = desk.boards.boards
    row = board.rows[0].model_copy(update={"pretrained_on": '=HYPERLINK("http://evil.example","x")'})
    text = as_csv(desk.boards.model_copy(update={"boards": (board.model_copy(update={"rows": (row,)}),)}))
    [line] = csv.DictReader(io.StringIO(text))
    assert line["pretrained_on"].startswith("'=")


def test_mark_up_in_a_free_text(desk: Desk) -> None:
    [board] = desk.boards.boards
    evil = "a|b <img src=x> ![c](https://evil.example) **first** `code` @all www.evil.example"
    row = board.rows[0].model_copy(update={"pretrained_on": evil})
    changed = desk.boards.model_copy(update={"boards": (board.model_copy(update={"rows": (row,)}),)})
    drawn = next(line for line in as_markdown(changed).splitlines() if "evil" in line)
    for sign in ("a|b", " <img", "[c](", "://", " **first", " `code", " @all", "www."):
        assert sign not in drawn
    tex = as_latex(changed)
    assert "$<$img src=x$>$" in tex
