"""Retrieval as a table: how like the query the frames are that a method's features hold nearest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from aqa_bench.boards.site.names import slug
from aqa_bench.boards.site.reading import read_document
from aqa_bench.boards.site.tables import Cell, Column, Line, Table, number_cell
from aqa_bench.boards.site.words import dataset_name

__all__ = ["RETRIEVAL_FILE", "RetrievalPart", "Retrievals", "read_retrievals", "retrieval_parts"]

RETRIEVAL_FILE = "retrieval.json"
_MEASURES = {
    "elevation_error": ("bar height", "difference of the bar's normalised elevation, 0 to 1"),
    "keypoint_error": ("joints", "mean distance of joints, hips on hips, in torso lengths"),
}


class _Interval(BaseModel):
    value: float
    low: float
    high: float


class _Errors(BaseModel):
    elevation_error: _Interval | None = None
    keypoint_error: _Interval | None = None


class _Method(_Errors):
    method: str
    recipe: str
    against_first: _Errors


class _Retrieval(BaseModel):
    """What ``aqa-bench retrieve --json`` printed, and the command."""

    command: str
    dataset: str
    seed: int
    clips: int
    videos: int
    frames: int
    top: int
    methods: tuple[_Method, ...]
    chance: _Errors


class Retrievals(BaseModel):
    """Retrievals that were measured, each with its command."""

    about: str
    measured: tuple[_Retrieval, ...]


@dataclass(frozen=True)
class RetrievalPart:
    """One retrieval on a method's page: what was measured, its table and the command."""

    about: str
    table: Table
    command: str


def read_retrievals(docs: Path | None) -> Retrievals | None:
    """The measured retrievals below the docs; None where there are none.

    Raises:
        DataError: The file is damaged.
    """
    if docs is None:
        return None
    file = docs / "measured" / RETRIEVAL_FILE
    return read_document(Retrievals, file, "measured retrievals", "aqa-bench retrieve --json")


def retrieval_parts(method: str, found: Retrievals | None, known: Iterable[str]) -> list[RetrievalPart]:
    """The retrievals that a method took part in, with all who did.

    Args:
        method: Method id.
        found: The measured retrievals.
        known: Methods that have a page.
    """
    there = () if found is None else found.measured
    pages = frozenset(known)
    return [
        RetrievalPart(_about(each), _table(each, method, i, pages), each.command)
        for i, each in enumerate(there)
        if any(m.method == method for m in each.methods)
    ]


def _about(found: _Retrieval) -> str:
    return (
        f"{found.frames} frames of {found.clips} clips from {found.videos} videos of "
        f"{dataset_name(found.dataset)}, seed {found.seed}; {found.top} neighbours each."
    )


def _table(found: _Retrieval, method: str, number: int, pages: frozenset[str]) -> Table:
    first = found.methods[0].method
    measured = [name for name in _MEASURES if getattr(found.chance, name) is not None]
    columns = [Column("features")]
    for name in measured:
        title, about = _MEASURES[name]
        columns += [
            Column(title, True, about),
            Column(f"{title}, minus {first}", True, "over the same resamples"),
        ]
    lines = [
        Line(
            (
                Cell(
                    m.method,
                    href=f"methods/{slug(m.method)}.html" if m.method in pages else "",
                    small=m.recipe,
                ),
                *_cells(m, m.against_first, measured),
            ),
            "printed" if m.method == method else "",
        )
        for m in found.methods
    ]
    lines.append(
        Line((Cell("random frame of another video"), *_cells(found.chance, _Errors(), measured)), "control")
    )
    return Table.of(f"retrieval-{number}", "Errors of the nearest frames of other videos", columns, lines)


def _cells(errors: _Errors, apart: _Errors, measured: Iterable[str]) -> list[Cell]:
    return [_cell(getattr(of, name), sign) for name in measured for of, sign in ((errors, ""), (apart, "+"))]


def _cell(found: _Interval | None, sign: str) -> Cell:
    if found is None:
        return number_cell("", None)
    text, low, high = (format(v, f"{sign}.3f") for v in (found.value, found.low, found.high))
    return number_cell(text, found.value, small=f"[{low}, {high}]")
