"""Tables as pages of Markdown and LaTeX (booktabs): the same data give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aqa_bench.boards.pages.escape import markdown_text
from aqa_bench.boards.pages.render import markdown_table

__all__ = ["Grid", "Page", "RowStyle", "page_latex", "page_markdown"]

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "†": r"\textsuperscript{\dag}",
    "±": r"$\pm$",
    "→": r"$\to$",
    "<": r"$<$",
    ">": r"$>$",
}


class RowStyle(StrEnum):
    """How a row is set apart."""

    PLAIN = ""
    CONTROL = "control"
    """A floor or shortcut control: its name is in italics."""
    REPORTED = "reported"
    """A number that was not measured here: its name carries a dagger."""


@dataclass(frozen=True)
class Grid:
    """A table of texts.

    Attributes:
        id: Short id, unique on the page.
        title: Its heading.
        text: A paragraph above it.
        header: Names of the columns.
        rows: Style and cells of each row.
        names: The column that names the rows.
        texts: Columns of text; the others hold numbers.
    """

    id: str
    title: str
    text: str
    header: tuple[str, ...]
    rows: tuple[tuple[RowStyle, tuple[str, ...]], ...]
    names: int = 1
    texts: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class Page:
    """A page of tables.

    Attributes:
        id: Short id, a prefix of labels.
        title: Its title.
        text: Paragraphs above the tables.
        grids: The tables.
        notes: Sentences below the tables.
    """

    id: str
    title: str
    text: tuple[str, ...]
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]


def page_markdown(page: Page) -> str:
    """The page as Markdown."""
    parts = [f"# {page.title}\n", *(f"{text}\n" for text in page.text)]
    for grid in page.grids:
        rows = [_marked(grid, _shown(grid, cells), style, "*{}*") for style, cells in grid.rows]
        parts += [f"## {grid.title}\n", *([f"{grid.text}\n"] if grid.text else [])]
        parts.append(markdown_table(grid.header, rows, grid.texts))
    parts += ["".join(f"- {note}\n" for note in page.notes)] if page.notes else []
    return "\n".join(parts)


def page_latex(page: Page) -> str:
    """The page as LaTeX floats for packages booktabs and graphicx."""
    parts = [f"% {page.title}\n% needs: booktabs, graphicx\n"]
    for grid in page.grids:
        columns = "".join("l" if i in grid.texts else "r" for i in range(len(grid.header)))
        lines = [
            "\\begin{table*}\n\\centering",
            f"\\caption{{{_tex(f'{page.title}: {grid.title}. {grid.text}'.strip())}}}",
            f"\\label{{tab:{page.id}-{grid.id}}}",
            f"\\resizebox{{\\textwidth}}{{!}}{{\\begin{{tabular}}{{{columns}}}\n\\toprule",
            " & ".join(map(_tex, grid.header)) + r" \\" + "\n\\midrule",
        ]
        for style, cells in grid.rows:
            told = _marked(grid, [_tex(cell) for cell in cells], style, "\\textit{{{}}}", _tex(" †"))
            lines.append(" & ".join(told) + r" \\")
        lines.append("\\bottomrule\n\\end{tabular}}\n\\end{table*}\n")
        parts.append("\n".join(lines))
    parts.append("".join(f"% {note}\n" for note in [*page.text, *page.notes]))
    return "\n".join(parts)


def _shown(grid: Grid, cells: Sequence[str]) -> list[str]:
    """Cells for Markdown: texts are nothing but text, and what else holds a bar does not end its cell."""
    return [
        markdown_text(cell) if i in grid.texts else cell.replace("|", r"\|") for i, cell in enumerate(cells)
    ]


def _marked(grid: Grid, cells: Sequence[str], style: RowStyle, italic: str, dagger: str = " †") -> list[str]:
    told = list(cells)
    if style is RowStyle.CONTROL:
        told[grid.names] = italic.format(told[grid.names])
    elif style is RowStyle.REPORTED:
        told[grid.names] += dagger
    return told


def _tex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
