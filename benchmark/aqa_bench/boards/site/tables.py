"""Tables of the site, as data for one template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Cell", "Column", "Line", "Table", "number_cell"]


@dataclass(frozen=True)
class Column:
    """A column: its name, what it means, and whether it holds numbers."""

    name: str
    numeric: bool = False
    about: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        text: What it shows.
        value: What it is sorted by: a number as text where the column is numeric; empty where missing.
        href: Where it leads, relative to the site; empty where nowhere.
        note: A word set apart behind the text.
    """

    text: str
    value: str = ""
    href: str = ""
    note: str = ""


@dataclass(frozen=True)
class Line:
    """A row: its cells, the kind that a filter knows it by, and its anchor."""

    cells: tuple[Cell, ...]
    kind: str = ""
    id: str = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        id: Its anchor, unique on the page.
        caption: Its caption.
        columns: Its columns.
        lines: Its rows.
        names: The column that names the rows.
        kinds: Kinds that a filter offers, in words by id; empty where there is nothing to choose.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    names: int = 0
    kinds: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls, id: str, caption: str, columns: Iterable[Column], lines: Iterable[Line], names: int = 0
    ) -> Table:
        """A table without kinds."""
        return cls(id, caption, tuple(columns), tuple(lines), names)


def number_cell(text: str, value: float | None, href: str = "") -> Cell:
    """A number as it is shown, sorted by its full value."""
    return Cell(text, "" if value is None else repr(value), href)
