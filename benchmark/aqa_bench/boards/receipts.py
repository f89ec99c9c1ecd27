"""Which runs are reproduced: receipts that match their runs, and what a row makes of them.

Receipts lie in ``receipts/<dataset>/<method>/<run-id>/receipt.json`` beside the folder of submissions.
A receipt counts only for the run at its path, and only while that run's files are the ones it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aqa_bench.boards.model import Standing
from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.core.errors import DataError
from aqa_bench.core.receipt import RECEIPT_FILE, RECEIPTS, Receipt, Verdict, read_receipt

__all__ = ["REMEDY", "RULE", "check_receipts", "receipt_file", "standing_of", "with_verdicts"]

RULE = (
    "A row is reproduced if this project repeated at least one of its seeds and got the same "
    "result. Otherwise it is self-reported. A self-reported row keeps its rank, but within a "
    "rank group reproduced rows come first, and the best method of a board is its best "
    "reproduced row, if there is one."
)
"""The rule of the badges, as every page says it."""

REMEDY = (
    "Restore both from the repository's history, or delete the receipt and repeat the run "
    "(aqa-bench reproduce)."
)
"""What to do about a receipt that counts for nothing."""

_OF_ITS_RUN = "a receipt is of the run at its path"


def receipt_file(submissions: Path, run: str) -> Path:
    """Where the receipt of a run lies.

    Args:
        submissions: Folder of submitted runs.
        run: The run's path below it.
    """
    return submissions.parent / RECEIPTS / run / RECEIPT_FILE


def with_verdicts(submissions: Path, runs: Iterable[SubmittedRun]) -> list[SubmittedRun]:
    """The runs with the verdicts of the receipts that match them; of damaged ones none."""
    return [run.judged(_verdict(submissions, run)) for run in runs]


def standing_of(runs: Sequence[SubmittedRun]) -> tuple[Standing, int]:
    """The badge of a row, and the number of its seeds that are reproduced.

    Args:
        runs: The runs of the row.
    """
    if any(run.verdict is Verdict.DIFFERS for run in runs):
        return Standing.DIFFERS, 0
    seeds = len({run.record.seed for run in runs if run.verdict is not None})
    return (Standing.REPRODUCED if seeds else Standing.SELF_REPORTED), seeds


def check_receipts(submissions: Path, runs: Sequence[SubmittedRun]) -> Iterator[Problem]:
    """Check that every receipt is whole and of the run at its path.

    Args:
        submissions: Folder of submitted runs.
        runs: Its runs.
    """
    receipts = submissions.parent / RECEIPTS
    known = {run.path: run for run in runs}
    for file in sorted(receipts.rglob("*")) if receipts.is_dir() else ():
        path = file.parent.relative_to(receipts).as_posix()
        if file.is_dir() and not file.is_symlink():
            continue
        if file.name != RECEIPT_FILE or file.is_symlink():
            yield _problem(path, "the folder contains only receipts", RECEIPT_FILE, file.name)
            continue
        try:
            receipt = read_receipt(file)
        except DataError as error:
            yield _problem(path, "a receipt is undamaged", error.expected, error.found)
            continue
        run = known.get(path)
        if run is None:
            yield _problem(path, _OF_ITS_RUN, "a run at that path", "no such run")
        elif apart := _apart(receipt, run):
            yield _problem(path, _OF_ITS_RUN, *apart)


def _verdict(submissions: Path, run: SubmittedRun) -> Verdict | None:
    file = receipt_file(submissions, run.path)
    if file.is_symlink() or not file.is_file():
        return None
    try:
        receipt = read_receipt(file)
    except DataError:
        return None
    # Rounding grows while a network is trained: a difference on another machine says nothing of the run.
    silent = receipt.verdict is Verdict.DIFFERS and receipt.machine
    return None if silent or _apart(receipt, run) else receipt.verdict


def _apart(receipt: Receipt, run: SubmittedRun) -> tuple[str, str] | None:
    """What a receipt should say to be of a run, and what it says; None where it is of that run."""
    for name in ("dataset", "method", "run_id", "seed"):
        expected, found = getattr(run.record, name), getattr(receipt, name)
        if expected != found:
            return f"{name} {expected}", f"{name} {found}"
    return receipt.apart(run.folder)


def _problem(path: str, rule: str, expected: object, found: object) -> Problem:
    return Problem(path=f"{RECEIPTS}/{path}", rule=rule, expected=str(expected), found=str(found))
