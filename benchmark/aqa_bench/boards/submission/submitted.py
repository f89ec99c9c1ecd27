"""A submitted run as the checks see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, RunRecord

__all__ = ["Submission"]


@dataclass(frozen=True)
class Submission:
    """A run whose record follows the schema.

    Attributes:
        path: Its path below the folder of submissions, with forward slashes.
        folder: Its folder.
        record: Its record.
        predictions: Its predictions, or None where they cannot be read.
    """

    path: str
    folder: Path
    record: RunRecord
    predictions: pd.DataFrame | None

    @property
    def run(self) -> SubmittedRun:
        """The run as the leaderboards know it."""
        return SubmittedRun(self.path, self.folder, self.record)

    def about_record(self, place: str, rule: str, expected: object, found: object) -> Problem:
        """A problem of a value of the record.

        Args:
            place: Name of the value, e.g. ``metrics.kie.f1``.
            rule: What does not hold.
            expected: What would.
            found: What is there.
        """
        where = f"{self.path}/{RECORD_FILE}: {place}"
        return Problem(path=where, rule=rule, expected=str(expected), found=str(found))

    def about_predictions(self, rule: str, expected: object, found: object) -> Problem:
        """A problem of the predictions."""
        where = f"{self.path}/{PREDICTIONS_FILE}"
        return Problem(path=where, rule=rule, expected=str(expected), found=str(found))
