"""Reading an outside judge's scores: a CSV as people have it, or a DataFrame."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.csv_table import cells_of, parsed_number, text_of
from aqa_bench.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OutsideScore", "Source", "read_scores"]

Source: TypeAlias = "str | Path | pd.DataFrame"
"""A CSV file or a DataFrame."""

_NEEDED = ("sample_id", "score")
_OPTIONAL = ("task", "split", "fold")
_MOST_BYTES = 64 << 20
_EXPECTED = "columns sample_id and score; optional: task, split (val or test), fold"


class OutsideScore(NamedTuple):
    """One row.

    Attributes:
        place: Where it stands, for errors: ``line 7``, or ``row 5`` of a DataFrame.
        sample: Sample id as it is written.
        score: Finite.
        task: Task id; empty where there is no such column.
        part: ``val``, ``test`` or ``train``; empty likewise.
        fold: Name of a split; empty likewise.
    """

    place: str
    sample: str
    score: float
    task: str = ""
    part: str = ""
    fold: str = ""


def read_scores(source: Source) -> list[OutsideScore]:
    """Read scores.

    A CSV may have a byte order mark, line ends of Windows, semicolons or tabs, and, with these, decimal
    commas, as :func:`aqa_bench.core.csv_table.cells_of` reads them. Columns of other names are left alone.

    Args:
        source: A CSV file or a DataFrame; ``sample_id`` may be its index.

    Raises:
        DataError: It cannot be read, a column is missing, an id is empty, a score is not a finite number, or
            a part has another name.
    """
    if isinstance(source, str | Path):
        return _read_file(Path(source))
    frame = _frame(source)
    header = [str(name).strip().lower() for name in frame.columns]
    lines = (
        (f"row {number}", [_text(cell) for cell in cells])
        for number, cells in enumerate(frame.itertuples(index=False, name=None))
    )
    return _rows(header, lines, "the DataFrame", ",")


def _frame(source: pd.DataFrame) -> pd.DataFrame:
    """The DataFrame with its index as ids, where no column has them."""
    import pandas as pd

    if not isinstance(source, pd.DataFrame):
        raise _unreadable("evaluate", f"a CSV file or a DataFrame with {_EXPECTED}", type(source).__name__)
    if "sample_id" in (str(name).strip().lower() for name in source.columns):
        return source
    if source.index.nlevels > 1:
        raise _unreadable("the DataFrame", _EXPECTED, f"ids with {source.index.nlevels} index levels")
    return source.reset_index(names="sample_id")


def _read_file(file: Path) -> list[OutsideScore]:
    try:
        delimiter, found = cells_of(text_of(read_bounded(file, _MOST_BYTES)))
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _unreadable(file, "a CSV file in UTF-8", said) from error
    except csv.Error as error:
        raise _unreadable(file, "a CSV file", str(error)) from error
    header = [name.lower() for name in found[0][1]] if found else []
    lines = ((f"line {number}", cells) for number, cells in found[1:])
    return _rows(header, lines, file, delimiter)


def _rows(
    header: Sequence[str], lines: Iterable[tuple[str, Sequence[str]]], where: str | Path, delimiter: str
) -> list[OutsideScore]:
    columns = {name: header.index(name) for name in (*_NEEDED, *_OPTIONAL) if name in header}
    if any(name not in columns for name in _NEEDED):
        raise _unreadable(where, _EXPECTED, ", ".join(header) or "nothing")
    twice = [name for name in columns if header.count(name) > 1]
    if twice:
        raise _unreadable(where, "unique column names", f"{twice[0]} twice")
    rows = []
    for place, cells in lines:
        if len(cells) != len(header):
            raise _unreadable(where, f"{len(header)} cells", f"{len(cells)} in {place}")
        cell = {name: cells[at].strip() for name, at in columns.items()}
        score = _number(cell["score"], delimiter)
        if not math.isfinite(score):
            raise _unreadable(where, "finite scores", f"{cell['score']!r} in {place}")
        if not cell["sample_id"]:
            raise _unreadable(where, "a sample id in every row", f"none in {place}")
        part = cell.get("split", "").lower()
        if part not in ("", "train", "val", "test"):
            raise _unreadable(where, "val or test in the column split", f"{part!r} in {place}")
        rows.append(
            OutsideScore(place, cell["sample_id"], score, cell.get("task", ""), part, cell.get("fold", ""))
        )
    if not rows:
        raise _unreadable(where, "one row per sample", "no row")
    return rows


def _number(text: str, delimiter: str) -> float:
    try:
        return parsed_number(text, delimiter)
    except ValueError:
        return math.nan


def _text(cell: object) -> str:
    if _absent(cell):
        return ""
    # A column of numbers with a gap is one of floats: 32.0 is the id 32.
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _absent(cell: object) -> bool:
    import pandas as pd

    # NaN and NaT differ from themselves; whether NA does, it does not say.
    return cell is None or cell is pd.NA or cell != cell


def _unreadable(where: str | Path, expected: str, found: str) -> DataError:
    return DataError(
        "The scores cannot be read.",
        where=where,
        expected=expected,
        found=found,
        remedy="Write one row per clip: its id as in the release, and a score that is higher for a more "
        "likely error (on quality tasks, for better quality).",
    )
