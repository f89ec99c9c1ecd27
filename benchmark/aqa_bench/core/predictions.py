"""Predictions: what a method said of every val and test sample. Never a label, never media."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from aqa_bench.core.errors import DataError

__all__ = ["COLUMNS", "predictions_csv", "read_predictions"]

COLUMNS = ("sample_id", "task", "fold", "split", "score")
_TEXT = dict.fromkeys(COLUMNS[:4], "str")


def predictions_csv(table: pd.DataFrame) -> bytes:
    """A predictions table as CSV, scores to the last digit, rows sorted.

    Args:
        table: Columns ``sample_id, task, fold, split, score``.
    """
    ordered = table.loc[:, list(COLUMNS)].sort_values(["task", "fold", "split", "sample_id"], kind="stable")
    return ordered.to_csv(index=False, lineterminator="\n").encode()


def read_predictions(file: Path) -> pd.DataFrame:
    """Read ``predictions.csv``.

    Returns:
        Columns ``sample_id, task, fold, split`` (text) and ``score`` (finite float64).

    Raises:
        DataError: The file is missing or damaged, a column is missing or unknown, a row stands
            twice, ``split`` is neither val nor test, or a score is not a finite number.
    """
    try:
        table = pd.read_csv(
            io.BytesIO(file.read_bytes()),
            dtype=_TEXT | {"score": "float64"},
            keep_default_na=False,
            float_precision="round_trip",
        )
    except FileNotFoundError as error:
        raise _damaged(file, "the run's predictions", "no such file") from error
    except OSError as error:
        raise _damaged(file, "a file that can be read", error.strerror or str(error)) from error
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise _damaged(file, f"a CSV table with the columns {', '.join(COLUMNS)}", str(error)) from error
    if not isinstance(table.index, pd.RangeIndex):
        raise _damaged(file, f"{len(COLUMNS)} values a line", "lines with more")
    if tuple(table.columns) != COLUMNS:
        raise _damaged(file, ", ".join(COLUMNS), ", ".join(map(str, table.columns)))
    bad = np.flatnonzero(~np.isfinite(table["score"].to_numpy()))
    if bad.size:
        raise _damaged(file, "finite scores", f"{table['score'].iloc[bad[0]]} in line {bad[0] + 2}")
    parts = ~table["split"].isin(["val", "test"])
    if parts.any():
        line = int(np.flatnonzero(parts)[0])
        raise _damaged(
            file, "val or test in the column split", f"{table['split'].iloc[line]!r} in line {line + 2}"
        )
    twice = table.duplicated(["sample_id", "task", "fold"])
    if twice.any():
        line = int(np.flatnonzero(twice)[0])
        raise _damaged(
            file,
            "one row a sample, task and fold",
            f"{table['sample_id'].iloc[line]} again in line {line + 2}",
        )
    return table


def _damaged(file: Path, expected: str, found: str) -> DataError:
    return DataError(
        "The predictions cannot be used.",
        where=file,
        expected=expected,
        found=found,
        remedy="Run it again with --force; predictions are never edited by hand.",
    )
