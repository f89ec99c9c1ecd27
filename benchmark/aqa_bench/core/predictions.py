"""Predictions: what a method said of every val and test sample. Never a label, never media."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
import pandas as pd

from aqa_bench.core.errors import DataError

__all__ = ["COLUMNS", "predictions_csv", "read_predictions"]

COLUMNS = ("sample_id", "task", "fold", "split", "score")


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
        lines = _lines(file.read_bytes().decode())
    except FileNotFoundError as error:
        raise _damaged(file, "the run's predictions", "no such file") from error
    except OSError as error:
        raise _damaged(file, "a file that can be read", error.strerror or str(error)) from error
    except (ValueError, csv.Error) as error:
        raise _damaged(file, f"a CSV table with the columns {', '.join(COLUMNS)}", str(error)) from error
    width = len(COLUMNS)
    if not lines or tuple(lines[0]) != COLUMNS:
        raise _damaged(file, ", ".join(COLUMNS), ", ".join(lines[0]) if lines else "an empty file")
    odd = next((i for i, line in enumerate(lines) if len(line) != width), None)
    if odd is not None:
        raise _damaged(file, f"{width} values a line", f"{len(lines[odd])} in line {odd + 1}")
    cells = [cell for line in lines[1:] for cell in line]
    columns = [cells[i::width] for i in range(width)]
    scores = np.array([_number(text) for text in columns[4]], dtype=np.float64)
    keys = list(map("\x00".join, zip(*columns[:3], strict=True)))
    if not np.isfinite(scores).all():
        at = next(i for i, score in enumerate(scores) if not math.isfinite(score))
        raise _damaged(file, "finite scores", f"{columns[4][at]!r} in line {at + 2}")
    if not {"val", "test"}.issuperset(columns[3]):
        at = next(i for i, part in enumerate(columns[3]) if part not in ("val", "test"))
        raise _damaged(file, "val or test in the column split", f"{columns[3][at]!r} in line {at + 2}")
    if len(set(keys)) != len(keys):
        at = next(i for i, key in enumerate(keys) if key in keys[:i])
        raise _damaged(file, "one row a sample, task and fold", f"{columns[0][at]} again in line {at + 2}")
    return pd.DataFrame(dict(zip(COLUMNS, [*columns[:4], scores], strict=True)))


def _lines(text: str) -> list[list[str]]:
    if '"' in text or "\r" in text:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    return [line.split(",") for line in text.removesuffix("\n").split("\n")] if text else []


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _damaged(file: Path, expected: str, found: str) -> DataError:
    return DataError(
        "The predictions cannot be used.",
        where=file,
        expected=expected,
        found=found,
        remedy="Run it again with --force; predictions are never edited by hand.",
    )
