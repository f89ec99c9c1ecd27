"""Tables as people have them: CSV from an editor or a spreadsheet, every cell with its line."""

from __future__ import annotations

import csv
import difflib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError

__all__ = ["CsvTable", "cells_of", "parsed_number", "read_csv", "text_of", "unfit_cell"]

_MOST_BYTES = 64 << 20
_DELIMITERS = ",;\t"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SHOWN = 120


@dataclass(frozen=True)
class CsvTable:
    """A table of texts.

    Attributes:
        path: Its file.
        header: Names of the columns, without spaces around them, each once.
        rows: Cells by column, without spaces around them.
        lines: Line of the file in which each row begins, from 1.
        delimiter: What separates its cells.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    delimiter: str = ","

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
                remedy="Put the column names in the first line.",
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

    def number(self, row: int, name: str) -> float:
        """A cell as :func:`parsed_number` reads it.

        Raises:
            ValueError: It is none.
        """
        return parsed_number(self.rows[row][self.place(name)], self.delimiter)


def read_csv(path: Path) -> CsvTable:
    """Read a table whose first line names its columns.

    UTF-8 or UTF-16 as spreadsheets mark it; lines end as on any system; cells are separated by commas,
    semicolons or tabs, whichever the first line has most of, or as a line ``sep=;`` says. Empty lines, and
    columns that are empty from top to bottom, are passed over.

    Raises:
        DataError: The file is missing, too large, no text, or empty; a column has no name or one that
            stands twice; or a row has more or fewer cells than there are columns.
    """
    try:
        text = text_of(read_bounded(path, _MOST_BYTES))
    except OSError as error:
        raise _unusable(path, "a CSV file", error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        remedy = 'Save it as "CSV UTF-8".'
        found = f"byte {error.object[error.start]:#04x}: {error.reason}"
        raise _unusable(path, "text in UTF-8", found, remedy) from error
    try:
        delimiter, lines = cells_of(text)
    except csv.Error as error:
        raise _unusable(path, "a CSV file", str(error)) from error
    if len(lines) < 2:
        raise _unusable(path, "a line with column names and at least one row", f"{len(lines)} lines")
    (_, header), *body = _without_empty_columns(lines)
    folded = [name.casefold() for name in header]
    odd = next((name for name in header if not name or folded.count(name.casefold()) > 1), None)
    if odd is not None:
        raise _unusable(path, "a unique name for each column", f"{odd!r} in {', '.join(header):.200}")
    for line, row in body:
        if len(row) != len(header):
            raise _unusable(path, f"{len(header)} cells in line {line}", f"{len(row)}: {row!r:.80}")
    numbers = tuple(line for line, _ in body)
    return CsvTable(path, header, tuple(cells for _, cells in body), numbers, delimiter)


def text_of(content: bytes) -> str:
    """The text of a CSV file: UTF-8, with or without a byte order mark, or UTF-16 with one.

    Raises:
        UnicodeDecodeError: It is neither.
    """
    if content.startswith(_WORKBOOKS):
        raise UnicodeDecodeError("utf-8", content[:4], 0, 4, "a spreadsheet file, not a CSV file")
    return content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")


def cells_of(text: str) -> tuple[str, list[tuple[int, tuple[str, ...]]]]:
    """The delimiter of a CSV text, and its lines that are not empty: number from 1, cells without spaces.

    Raises:
        csv.Error: A line cannot be read; the text says which.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    told = re.fullmatch(f"sep=([{_DELIMITERS}])", first.strip(), re.IGNORECASE)
    delimiter = told[1] if told else max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, tuple[str, ...]]] = []
    begin = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((begin, tuple(cell.strip() for cell in cells)))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(f"line {reader.line_num}: {error}") from error
    return delimiter, found[1:] if told else found


def parsed_number(text: str, delimiter: str = ",") -> float:
    """A number; with a decimal comma where commas do not separate cells.

    >>> parsed_number("0.5"), parsed_number("0,5", ";")
    (0.5, 0.5)

    Raises:
        ValueError: It is none.
    """
    if "_" in text:
        raise ValueError(f"{text!r} is not a number")
    return float(text if delimiter == "," else text.replace(",", "."))


def _without_empty_columns(lines: list[tuple[int, tuple[str, ...]]]) -> list[tuple[int, tuple[str, ...]]]:
    (_, header), *body = lines
    used = [
        place
        for place, name in enumerate(header)
        if name or any(row[place : place + 1] != ("",) for _, row in body)
    ]
    if len(used) == len(header):
        return lines
    return [
        (number, tuple(row[place] for place in used)) if len(row) == len(header) else (number, row)
        for number, row in lines
    ]


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
    value = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}... ({len(value)} characters)"
    where = f"{table.path}, line {table.lines[row]}, column {column}"
    return DataError(what, where=where, expected=expected, found=repr(value), remedy=remedy)


def _unusable(path: Path, expected: str, found: str, remedy: str = "Correct the file.") -> DataError:
    return DataError("A table cannot be read.", where=path, expected=expected, found=found, remedy=remedy)
