"""Pages of ensembles, from those that are committed with version v1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aqa_bench.boards.model import DatasetBoards
from aqa_bench.boards.site.engine import make_engine
from aqa_bench.boards.site.ensemble_view import Ensemble, ensembles_of, write_ensemble
from aqa_bench.boards.site.names import page_of, row_page
from aqa_bench.boards.site.records import find_records
from aqa_bench.boards.site.writing import Site

ROOT = Path(__file__).resolve().parents[3]
SUBMISSIONS = ROOT / "submissions"
PAGES = frozenset({"cvcspc", "md", "cvcspc+md ensemble", "cvcspc ensemble"})


@pytest.fixture(scope="module")
def boards() -> list[DatasetBoards]:
    files = (
        ROOT / f"leaderboards/v1/synthetic-gym-{name}/table.json" for name in ("backsquat", "barbell-row")
    )
    return [DatasetBoards.model_validate_json(file.read_bytes()) for file in files]


@pytest.fixture(scope="module")
def ensembles(boards: list[DatasetBoards]) -> dict[str, Ensemble]:
    return ensembles_of(boards, find_records(SUBMISSIONS))


def test_rows_lead_to_their_ensemble_and_its_members_to_their_methods(
    boards: list[DatasetBoards], ensembles: dict[str, Ensemble]
) -> None:
    assert sorted(ensembles) == ["cvcspc ensemble", "cvcspc+md ensemble"]
    rows = [row for each in boards for board in each.boards for row in board.rows if row.method in PAGES]
    assert {row_page(row, PAGES) for row in rows} == {page_of(n) for n in ("cvcspc", "md", "cvcspc ensemble")}
    assert row_page(ensembles["cvcspc+md ensemble"].found[0][1], PAGES) == page_of("cvcspc+md ensemble")
    assert ensembles["cvcspc+md ensemble"].members(PAGES) == [
        ("cvcspc quick (steps=100)", page_of("cvcspc")),
        ("md quick", page_of("md")),
    ]
    # Two of one method: told apart by what sets their rows apart.
    assert len(ensembles["cvcspc ensemble"].members(PAGES)) == 2


def test_the_cost_is_the_sum_over_the_members(ensembles: dict[str, Ensemble]) -> None:
    ensemble = ensembles["cvcspc+md ensemble"]
    members = [json.loads((SUBMISSIONS / path / "run.json").read_text()) for path in ensemble.paths]
    [cost] = [fact.text for fact in ensemble.facts() if fact.name == "costs"]
    assert cost.startswith(f"{sum(each['parameters'] for each in members):,} parameters")


def test_the_command_names_runs_that_there_are(ensembles: dict[str, Ensemble]) -> None:
    for ensemble in ensembles.values():
        named = [word for word in ensemble.commands.split() if word.startswith("submissions/")]
        assert len(named) == len(ensemble.record.members)
        assert all((ROOT / path / "predictions.csv").is_file() for path in named)


def test_without_records_there_is_no_ensemble(boards: list[DatasetBoards]) -> None:
    assert ensembles_of(boards, {}) == {}


def test_the_page_shows_members_beside_it_on_every_board(
    boards: list[DatasetBoards], ensembles: dict[str, Ensemble], tmp_path: Path
) -> None:
    site = Site(tmp_path, make_engine("v1"), tuple(boards), PAGES)
    name, path, _ = write_ensemble(site, ensembles["cvcspc+md ensemble"])
    text = (tmp_path / path).read_text()
    assert f"<h1>{name}</h1>" in text
    assert f'<li><a href="../{page_of("md")}">md quick</a></li>' in text
    assert "chosen anew on the means of val" in text
    assert "refuses if your data differ" in text
    # Two tasks, three lines each: in the plot, and in the table of results.
    assert text.count('<span class="who">') == text.count('<th scope="row"') == 6
    assert "not installed" not in text
