"""A paper's table beside what was measured here, as data."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from aqa_bench.boards.published import Count
from aqa_bench.core.record import RowKind

__all__ = ["AVERAGE", "ComparedTable", "Line", "Measurement", "Section"]

AVERAGE = "average"
"""Id of the section that compares a table's printed averages."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measurement(_Strict):
    """What runs of this benchmark scored, in the table's units.

    Attributes:
        value: Mean over seeds and repeats.
        low: Lower end of its 95% interval (bootstrap over groups and seeds), where there is one.
        high: Upper end.
        seeds: Number of seeds.
        scored: Samples scored.
        runs: Run-ids behind it.
    """

    value: float
    low: float | None
    high: float | None
    seeds: int
    scored: int
    runs: tuple[str, ...]


class Line(_Strict):
    """One method on one task.

    Attributes:
        method: The printed name, or the method id where nothing was printed.
        recipe: Recipe of the measurements, or empty.
        kind: ``measured`` where there is a measurement on the table's own dataset, or nothing printed;
            else ``reported``.
        control: Whether it is a floor or a shortcut control.
        oracle: Whether its measurement on the twin reads the generator's exact data.
        under: The printed row that it stands under, measured with a recipe that is not the paper's; or empty.
        source: Who printed the number, where that is not the table's paper.
        printed: The printed value.
        recomputed: The same from other printed numbers, where it can be recomputed.
        measured: On the table's dataset.
        difference: Measured less printed.
        twin: On the generated twin of the dataset; not comparable in value.
        marks: What a reader has to know of the printed value.
    """

    method: str
    recipe: str = ""
    kind: RowKind
    control: bool = False
    oracle: bool = False
    under: str = ""
    source: str = ""
    printed: float | None = None
    recomputed: float | None = None
    measured: Measurement | None = None
    difference: float | None = None
    twin: Measurement | None = None
    marks: tuple[str, ...] = ()


class Section(_Strict):
    """One task of a table.

    Attributes:
        task: Task id, or :data:`AVERAGE`.
        floor: Trivial value on the table's dataset, or None.
        floor_basis: What the floor was computed from.
        twin_floor: Trivial value on the twin.
        lines: Printed rows in the printed order, other reported ones, then what was only measured.
    """

    task: str
    floor: float | None
    floor_basis: str
    twin_floor: float | None
    lines: tuple[Line, ...]


class ComparedTable(_Strict):
    """A printed table beside measurements.

    Attributes:
        id: Its number.
        title: What it compares.
        citation: The paper.
        dataset: Dataset id.
        twin: Generated dataset with the same tasks, or None.
        metric: Metric id.
        scale: What 1.0 of the metric is printed as.
        digits: Decimals printed.
        sections: One section per task.
        errata: What is known to be wrong with it or missing from it.
        counts: Sizes that differ between paper and release.
        notes: What a reader has to know of the measurements.
    """

    id: str
    title: str
    citation: str
    dataset: str
    twin: str | None
    metric: str
    scale: float
    digits: int
    sections: tuple[Section, ...]
    errata: tuple[str, ...]
    counts: tuple[Count, ...]
    notes: tuple[str, ...]
