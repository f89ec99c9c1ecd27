from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.boards.assemble import assemble
from aqa_bench.boards.building.contents import contents
from aqa_bench.boards.model import DatasetBoards, Standing
from aqa_bench.boards.pages.overall import best_row, overall_files
from aqa_bench.boards.receipts import RULE, check_receipts, receipt_file, with_verdicts
from aqa_bench.boards.runs import find_runs
from aqa_bench.core.receipt import Receipt, Verdict, read_receipt, receipt_place, write_receipt
from aqa_bench.core.registry import open_dataset
from aqa_bench.protocol.reproduce import compare_runs
from aqa_bench.protocol.rerun import Given

Vouch = Callable[..., Receipt]


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    return tmp_path / "submissions"


@pytest.fixture
def vouch(submissions: Path) -> Vouch:
    """Writes the receipt of a run that came out the same, or what ``changes`` say."""

    def write(folder: Path, **changes: object) -> Receipt:
        receipt = compare_runs(folder, folder, Given()).model_copy(update=changes)
        return write_receipt(receipt_file(submissions, folder.relative_to(submissions).as_posix()), receipt)

    return write


def built(synthetic: ModuleType, submissions: Path, version: str = "v2") -> DatasetBoards:
    runs = with_verdicts(submissions, find_runs(submissions))
    return assemble(version, open_dataset(synthetic.DATASET), runs)


def test_a_row_says_how_many_of_its_seeds_are_reproduced(
    synthetic: ModuleType, submissions: Path, vouch: Vouch
) -> None:
    dataset = open_dataset(synthetic.DATASET)
    for seed in range(3):
        folder = synthetic.write_run(submissions, "m", synthetic.noisy(dataset, 0.5, seed), seed=seed)
    vouch(folder)
    synthetic.write_run(submissions, "other", 0.4)
    boards = built(synthetic, submissions)
    rows = {row.method: row for row in boards.boards[0].rows if row.runs}
    assert (rows["m"].standing, rows["m"].reproduced, rows["m"].seeds) == (Standing.REPRODUCED, 1, 3)
    assert (rows["other"].standing, rows["other"].reproduced) == (Standing.SELF_REPORTED, 0)
    files = contents(boards, with_verdicts(submissions, find_runs(submissions)), submissions)
    for name in ("table.md", "table.tex"):
        assert "reproduced (1 of 3 seeds)" in files[name], name
        assert RULE in files[name], name
    lines = {line["method"]: line for line in csv.DictReader(io.StringIO(files["table.csv"]))}
    assert (lines["m"]["standing"], lines["m"]["reproduced"]) == ("reproduced", "1")
    assert '"receipt.json": "' in files["inputs.lock.json"]
    overall = overall_files("v2", [boards])
    assert "reproduced (1 of 3 seeds)" in overall["overall.md"]
    assert overall["overall.csv"].splitlines()[1].endswith(",true,reproduced")


def test_reproduced_rows_come_first_within_a_rank_group_and_one_of_them_is_the_best(
    synthetic: ModuleType, submissions: Path, vouch: Vouch
) -> None:
    dataset = open_dataset(synthetic.DATASET)
    skills = {"forged": 1.0, "high": 0.62, "low": 0.58, "poor": 0.0}
    for method, skill in skills.items():
        folder = synthetic.write_run(submissions, method, synthetic.noisy(dataset, skill, 3))
        if method in {"low", "poor"}:
            vouch(folder)
    board = built(synthetic, submissions).boards[0]
    ranks = {row.method: row.rank for row in board.rows if row.method in skills}
    assert ranks["high"] == ranks["low"] < ranks["poor"]
    order = [row.method for row in board.rows if row.method in skills]
    assert order.index("low") < order.index("high") < order.index("poor")
    assert ranks["forged"] == 1
    best = best_row(board)
    assert best is not None
    assert (best.method, best.standing) == ("low", Standing.REPRODUCED)


def test_where_nothing_is_reproduced_the_first_row_is_the_best_and_says_so(
    synthetic: ModuleType, submissions: Path
) -> None:
    synthetic.write_run(submissions, "m", 0.4)
    boards = built(synthetic, submissions)
    best = best_row(boards.boards[0])
    assert best is not None
    assert (best.method, best.standing) == ("m", Standing.SELF_REPORTED)
    assert "self-reported |" in overall_files("v2", [boards])["overall.md"]


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({"verdict": Verdict.DIFFERS}, Standing.DIFFERS),
        ({"verdict": Verdict.DIFFERS, "machine": ["processor"]}, Standing.SELF_REPORTED),
        ({"verdict": Verdict.WITHIN, "machine": ["processor"]}, Standing.REPRODUCED),
    ],
)
def test_a_difference_counts_on_the_same_kind_of_machine(
    synthetic: ModuleType, submissions: Path, vouch: Vouch, changes: dict[str, object], standing: Standing
) -> None:
    dataset = open_dataset(synthetic.DATASET)
    folders = [
        synthetic.write_run(submissions, "m", synthetic.noisy(dataset, 0.5, seed), seed=seed)
        for seed in (0, 1)
    ]
    vouch(folders[0], **changes)
    if standing is Standing.DIFFERS:
        vouch(folders[1])
    row = next(row for row in built(synthetic, submissions).boards[0].rows if row.method == "m")
    assert row.standing is standing


def test_tables_of_v1_have_no_badges(synthetic: ModuleType, submissions: Path, vouch: Vouch) -> None:
    vouch(synthetic.write_run(submissions, "m", 0.4))
    boards = built(synthetic, submissions, "v1")
    texts = [*contents(boards, find_runs(submissions), submissions).values()]
    texts += overall_files("v1", [boards]).values()
    assert not any("reproduced" in text or "standing" in text for text in texts)


def test_the_check_names_receipts_that_are_of_nothing(
    synthetic: ModuleType, submissions: Path, vouch: Vouch
) -> None:
    folder = synthetic.write_run(submissions, "m", 0.4)
    vouch(folder)
    receipts = submissions.parent / "receipts"
    assert list(check_receipts(submissions, find_runs(submissions))) == []
    (receipts / "README").write_text("")
    gone = receipt_place(receipts, synthetic.DATASET, "m", "0" * 16)
    write_receipt(gone, read_receipt(receipt_file(submissions, folder.relative_to(submissions).as_posix())))
    found = {problem.rule: problem.found for problem in check_receipts(submissions, find_runs(submissions))}
    assert found == {
        "the folder contains only receipts": "README",
        "a receipt is of the run at its path": "no such run",
    }
