"""Tables as people have them: CSV from an editor or a spreadsheet, every cell with its line."""

from __future__ import annotations

import csv
import difflib
import io
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError

__all__ = ["CsvTable", "read_csv", "unfit_cell"]

_MOST_BYTES = 64 << 20
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class CsvTable:
    """A table of texts.

    Attributes:
        path: Its file.
        header: Names of the columns, without spaces around them, each once.
        rows: Cells by column, without spaces around them.
        lines: Line of the file in which each row begins, from 1.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def place(self, name: str) -> int:
        """Number of a column; upper and lower case are the same.

        Raises:
            DataError: There is none; the nearest name is suggested.
        """
        found = self.find(name)
        if found is None:
            near = difflib.get_close_matches(name.lower(), [n.lower() for n in self.header], n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise DataError(
                "A table lacks a column.",
                where=self.path,
                expected=f"a column {name!r}",
                found=f"{', '.join(self.header)}{hint}",
                remedy="Name the columns in the first line.",
            )
        return found

    def find(self, name: str) -> int | None:
        """Number of a column, or None where there is none of that name."""
        folded = [column.casefold() for column in self.header]
        return folded.index(name.casefold()) if name.casefold() in folded else None

    def column(self, name: str) -> list[str]:
        """Cells of a column.

        Raises:
            DataError: As :meth:`place`.
        """
        place = self.place(name)
        return [row[place] for row in self.rows]


def read_csv(path: Path) -> CsvTable:
    """Read a table whose first line names its columns.

    UTF-8, with or without a byte order mark; lines end as on any system; cells are separated by commas,
    semicolons or tabs, whichever the first line has most of. Empty lines are passed over.

    Raises:
        DataError: The file is missing, too large, no UTF-8 text, or empty; a column has no name or one that
            stands twice; or a row has more or fewer cells than there are columns.
    """
    try:
        text = read_bounded(path, _MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise _unusable(path, "a CSV file", error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        remedy = 'Save it as "CSV UTF-8".'
        raise _unusable(path, "text in UTF-8", f"byte {error.object[error.start]:#04x}", remedy) from error
    first = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count), strict=True
    )
    found: list[tuple[int, tuple[str, ...]]] = []
    try:
        begin = 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((begin, tuple(cell.strip() for cell in cells)))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise _unusable(path, "a CSV file", f"line {reader.line_num}: {error}") from error
    if len(found) < 2:
        raise _unusable(path, "a line with the columns' names and at least one row", f"{len(found)} lines")
    (_, header), *body = found
    folded = [name.casefold() for name in header]
    odd = next((name for name in header if not name or folded.count(name.casefold()) > 1), None)
    if odd is not None:
        raise _unusable(path, "a name for each column, each once", f"{odd!r} in {', '.join(header)}")
    for line, row in body:
        if len(row) != len(header):
            raise _unusable(path, f"{len(header)} cells in line {line}", f"{len(row)}: {row!r:.80}")
    return CsvTable(path, header, tuple(cells for _, cells in body), tuple(line for line, _ in body))


def unfit_cell(table: CsvTable, row: int, column: str, what: str, expected: str, remedy: str) -> DataError:
    """The error for one cell: file, line, column and value.

    Args:
        table: The table.
        row: Number of the row, from 0.
        column: Name of the column.
        what: What cannot be used, in one sentence.
        expected: What would fit.
        remedy: What to do.
    """
    value = table.rows[row][table.place(column)]
    where = f"{table.path}, line {table.lines[row]}, column {column}"
    return DataError(what, where=where, expected=expected, found=repr(value), remedy=remedy)


def _unusable(path: Path, expected: str, found: str, remedy: str = "Correct the file.") -> DataError:
    return DataError("A table cannot be read.", where=path, expected=expected, found=found, remedy=remedy)
