"""Are a run's predictions whole, unchanged and usable?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from aqa_bench.boards.runs import Problem
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.predictions import predictions_csv, read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE, RunRecord
from aqa_bench.core.task import TaskKind

__all__ = ["check_predictions", "load_predictions"]


def load_predictions(folder: Path, record: RunRecord, path: str) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Read a run's predictions and check that they are the bytes that were scored.

    Args:
        folder: The run's folder.
        record: Its record.
        path: Its path, for the problems.

    Returns:
        The table, None where it cannot be read, and what is wrong.
    """
    file, where = folder / PREDICTIONS_FILE, f"{path}/{PREDICTIONS_FILE}"
    content = file.read_bytes()
    problems = []
    digest = sha256_bytes(content)
    if digest != record.predictions_sha256:
        problems.append(
            Problem(
                path=where,
                rule="predictions are those that were scored",
                expected=f"sha256 {record.predictions_sha256[:16]}",
                found=f"sha256 {digest[:16]}",
            )
        )
    try:
        table = read_predictions(file)
    except DataError as error:
        problems.append(
            Problem(
                path=where,
                rule="predictions can be read",
                expected=error.expected or "",
                found=error.found or error.what,
            )
        )
        return None, problems
    if not problems and predictions_csv(table) != content:
        problems.append(
            Problem(
                path=where,
                rule="predictions have the format that the runner writes",
                expected="rows sorted by task, fold, part and sample, scores to the last digit",
                found="a different text for the same table",
            )
        )
    return table, problems


def check_predictions(submission: Submission, kinds: Mapping[str, TaskKind]) -> Iterator[Problem]:
    """Check tasks and range of the scores.

    Args:
        submission: The run.
        kinds: Kind of every task of the record.
    """
    table = submission.predictions
    if table is None:
        return
    named, tasks = set(table["task"]), set(submission.record.tasks)
    if named != tasks:
        yield submission.about_predictions(
            "predictions are of the record's tasks", sorted(tasks), sorted(named)
        )
    binary = table[table["task"].map(lambda name: kinds.get(name) is not TaskKind.SCORE)]
    odd = binary[(binary["score"] < 0) | (binary["score"] > 1)]
    if len(odd):
        row = odd.iloc[0]
        yield submission.about_predictions(
            "error scores are in [0, 1]",
            "0 to 1",
            f"{len(odd)} out of range, e.g. {row['score']:g} of {row['sample_id']}",
        )
