"""Tables of the site, as data for one template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Cell", "Column", "Line", "Table", "number_cell"]


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: Its name.
        numeric: Whether it holds numbers.
        about: What it means.
        more: Whether it shows only when a reader asks for it.
    """

    name: str
    numeric: bool = False
    about: str = ""
    more: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        text: What it shows.
        value: What it is sorted by: a number as text where the column is numeric; empty where missing.
        href: Where it leads, relative to the site; empty where nowhere.
        note: A word set apart behind the text.
        small: A second line in small print.
    """

    text: str
    value: str = ""
    href: str = ""
    note: str = ""
    small: str = ""


@dataclass(frozen=True)
class Line:
    """A row: its cells, the kind that a filter knows it by, its anchor, and the rank that it may share."""

    cells: tuple[Cell, ...]
    kind: str = ""
    id: str = ""
    rank: int | None = None


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


def number_cell(text: str, value: float | None, href: str = "", small: str = "") -> Cell:
    """A number as it is shown, sorted by its full value."""
    return Cell(text, "" if value is None else repr(value), href, small=small)
