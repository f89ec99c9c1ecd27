"""Predictions: what a method said of every val and test sample. Never a label, never media."""

from __future__ import annotations

import codecs
import csv
import io
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError

__all__ = ["COLUMNS", "predictions_csv", "read_predictions"]

COLUMNS = ("sample_id", "task", "fold", "split", "score")
_WIDTH = len(COLUMNS)
_MOST_BYTES = 64 << 20
_SHOWN = 200
_COMMA, _LINE_END = b",\n"


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
        content = read_bounded(file, _MOST_BYTES)
        cells = _cells(content)
        texts = cells[_WIDTH - 1 :: _WIDTH][1:]
        scores = np.array(_numbers(texts), dtype=np.float64)
        if not np.isfinite(scores).all():
            at = next(i for i, score in enumerate(scores) if not math.isfinite(score))
            raise _MismatchError("finite scores", f"{texts[at]!r} in line {at + 2}")
        del cells[_WIDTH - 1 :: _WIDTH]
        table = _samples("\x00".join(cells)) if b"\x00" not in content else _checked_samples(cells)
    except FileNotFoundError as error:
        raise _damaged(file, "the run's predictions", "no such file") from error
    except OSError as error:
        raise _damaged(file, "a readable file", error.strerror or str(error)) from error
    except _MismatchError as error:
        raise _damaged(file, error.expected, error.found) from error
    except (ValueError, csv.Error) as error:
        raise _damaged(file, f"a CSV table with the columns {', '.join(COLUMNS)}", str(error)) from error
    return table.assign(score=scores)


class _MismatchError(Exception):
    """Something else than what a predictions table has."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


def _cells(content: bytes) -> list[str]:
    """Every cell, header first, row by row."""
    if content.startswith(codecs.BOM_UTF8):
        raise _MismatchError(
            f"{COLUMNS[0]} first, in an unchanged file", "a byte order mark, as spreadsheets write it"
        )
    text = content.decode()
    if b'"' not in content and b"\r" not in content and content.endswith(b"\n"):
        data = np.frombuffer(content, np.uint8)
        ends = data[(data == _COMMA) | (data == _LINE_END)]
        row = np.array([_COMMA] * (_WIDTH - 1) + [_LINE_END], np.uint8)
        if len(ends) % _WIDTH == 0 and (ends.reshape(-1, _WIDTH) == row).all():
            cells = text[:-1].replace("\n", ",").split(",")
            _check_header(cells[:_WIDTH])
            return cells
    lines = list(_lines(text))
    _check_header(lines[0] if lines else None)
    odd = next((i for i, line in enumerate(lines) if len(line) != _WIDTH), None)
    if odd is not None:
        raise _MismatchError(f"{_WIDTH} values per line", f"{len(lines[odd])} in line {odd + 1}")
    return [cell for line in lines for cell in line]


def _lines(text: str) -> Iterable[list[str]]:
    if '"' in text or "\r" in text:
        return csv.reader(io.StringIO(text, newline=""), strict=True)
    return [line.split(",") for line in text.removesuffix("\n").split("\n")] if text else []


def _check_header(header: Sequence[str] | None) -> None:
    if header is None or tuple(header) != COLUMNS:
        raise _MismatchError(
            ", ".join(COLUMNS), "an empty file" if header is None else ", ".join(header)[:_SHOWN]
        )


@lru_cache(maxsize=16)
def _samples(joined: str) -> pd.DataFrame:
    """The table without scores: alike for all runs on the same splits, and so made once for them."""
    return _checked_samples(joined.split("\x00"))


def _checked_samples(cells: Sequence[str]) -> pd.DataFrame:
    width = _WIDTH - 1
    columns = [cells[width + i :: width] for i in range(width)]
    if not {"val", "test"}.issuperset(columns[3]):
        at = next(i for i, part in enumerate(columns[3]) if part not in ("val", "test"))
        raise _MismatchError("val or test in the column split", f"{columns[3][at]!r} in line {at + 2}")
    keys = list(zip(*columns[:3], strict=True))
    if len(set(keys)) != len(keys):
        first: dict[tuple[str, ...], int] = {}
        at = next(i for i, key in enumerate(keys) if first.setdefault(key, i) != i)
        raise _MismatchError(
            "one row per sample, task and fold", f"{columns[0][at]} repeated in line {at + 2}"
        )
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=False)))


def _numbers(texts: Sequence[str]) -> list[float]:
    try:
        return list(map(float, texts))
    except ValueError:
        return [_number(text) for text in texts]


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
        remedy="Repeat the run with --force. Never edit predictions by hand.",
    )
