"""The code behind new runs: recorded, committed, and one for all seeds of a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.core.record import RECORD_FILE
from aqa_bench.core.row_key import row_key

__all__ = ["WITHOUT_CODE", "check_code"]

WITHOUT_CODE = frozenset({"v1"})
"""Versions of the protocol whose records did not name their code."""


def check_code(
    new: Sequence[SubmittedRun], earlier: Sequence[SubmittedRun]
) -> Iterator[Problem | SubmittedRun]:
    """Check that rows are of one code, and that others can have that code.

    A run that was migrated from an earlier version has a code that nobody recorded; that it is such a run
    is checked elsewhere.

    Args:
        new: The new runs.
        earlier: Runs that were accepted before.

    Yields:
        A problem for every run whose code does not do; the run itself where its code was compared.
    """
    rows: dict[str, list[SubmittedRun]] = defaultdict(list)
    for run in (*earlier, *new):
        if run.record.code is not None:
            rows[row_key(run.record)].append(run)
    for run in new:
        record = run.record
        if record.code is None:
            if record.benchmark_version not in WITHOUT_CODE and record.migrated_from is None:
                yield _problem(run, "a run records its code", "digests of method and harness", "none")
            continue
        yield run
        if record.code.dirty:
            yield _problem(
                run,
                "the code of a run is committed",
                f"the code of revision {record.source_revision}",
                "uncommitted changes, which nobody else has",
            )
        first = rows[row_key(record)][0]
        differs = record.code.compare(first.record.code)
        if differs is not None:
            rule = "all seeds of a row use the same code"
            yield _problem(run, rule, f"the code of {first.path}", f"{differs} differs")


def _problem(run: SubmittedRun, rule: str, expected: str, found: str) -> Problem:
    return Problem(path=f"{run.path}/{RECORD_FILE}: code", rule=rule, expected=expected, found=found)
