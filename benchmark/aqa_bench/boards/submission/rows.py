"""A row's seeds: all of 0 to n-1, each once, all of one submitter."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.core.record import RECORD_FILE, RunRecord
from aqa_bench.core.row_key import row_key

__all__ = ["OURSELVES", "check_rows", "check_submitter", "submitter_of"]

OURSELVES = "aqa-bench"
"""Who submitted the runs whose record names nobody."""
_ALL = "a row has the seeds 0 to n-1, each once"
_ONE = "a row has one submitter"


def submitter_of(record: RunRecord) -> str:
    """Who proposed a run."""
    return record.submitter or OURSELVES


def check_submitter(runs: Sequence[SubmittedRun], proposer: str) -> Iterator[Problem]:
    """Check that new runs are submitted in the name of who proposes them.

    Args:
        runs: The new runs.
        proposer: The account behind the pull request.
    """
    for run in runs:
        if submitter_of(run.record).lower() != proposer.lower():
            yield Problem(
                path=f"{run.path}/{RECORD_FILE}: submitter",
                rule="runs are submitted under your own account",
                expected=f"{proposer} (aqa-bench submit --as {proposer})",
                found=submitter_of(run.record),
            )


def check_rows(new: Sequence[SubmittedRun], earlier: Sequence[SubmittedRun]) -> Iterator[Problem]:
    """Check the rows that new runs make or join.

    Chosen seeds are a selection: so a row has as many as its submitter likes, but the first ones, and what
    was accepted grows by nobody else's.

    Args:
        new: The new runs.
        earlier: Runs that were accepted before.
    """
    rows: dict[tuple[str, str], list[SubmittedRun]] = defaultdict(list)
    for run in (*earlier, *new):
        for task in run.record.tasks:
            rows[row_key(run.record), task].append(run)
    fresh = {run.path for run in new}
    told: set[str] = set()
    for members in rows.values():
        added = [run for run in members if run.path in fresh]
        if not added or added[0].path in told:
            continue
        problems = list(_odd_row(members, added))
        told |= {added[0].path} if problems else set()
        yield from problems


def _odd_row(members: Sequence[SubmittedRun], added: Sequence[SubmittedRun]) -> Iterator[Problem]:
    first, record = added[0], added[0].record
    counts = Counter(run.record.seed for run in members)
    step = _step(record, counts)
    expected = {step * i for i in range(len(counts))}
    if counts.keys() != expected or max(counts.values()) > 1:
        twice = sorted(seed for seed, count in counts.items() if count > 1)
        yield Problem(
            path=f"{first.path}/{RECORD_FILE}: seed",
            rule=_ALL,
            expected=", ".join(map(str, sorted(expected))),
            found=", ".join(map(str, sorted(counts))) + (f"; {twice[0]} twice" if twice else ""),
        )
    owners = sorted({submitter_of(run.record) for run in members})
    if len(owners) > 1:
        kept = next((run for run in members if run not in added), members[0])
        yield Problem(
            path=f"{first.path}/{RECORD_FILE}: submitter",
            rule=_ONE,
            expected=f"{submitter_of(kept.record)}, as in {kept.path}",
            found=", ".join(owners),
        )


def _step(record: RunRecord, seeds: Counter[int]) -> int:
    """1, or the number of pre-trainings that seeds share where all of them take the first one.

    Seeds s and s + k of a recipe with ``pretraining_seeds = k`` begin with the same weights. A row on one
    pre-training has the seeds 0, k, 2k, ...: those are the first ones too, and leave nothing to choose.
    """
    shared = record.hyperparameters.get("pretraining_seeds")
    if not isinstance(shared, int) or shared < 2 or len(seeds) < 2:
        return 1
    return shared if all(seed % shared == 0 for seed in seeds) else 1
