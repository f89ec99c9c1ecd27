"""Numbers printed in papers: shown beside ours, never ranked with them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from pydantic import BaseModel, ConfigDict

from aqa_bench.boards.model import Row
from aqa_bench.boards.published import PrintedTable, published
from aqa_bench.core.record import RowKind

__all__ = ["ReportedResult", "reported_results", "reported_rows"]


class ReportedResult(BaseModel):
    """One printed result.

    Attributes:
        dataset: Dataset id.
        task: Task id.
        scheme: The split scheme it was printed for.
        method: Method id, or the paper's own name.
        modality: What the method looks at.
        samples: Test samples.
        values: Printed value by metric id.
        source: Citation.
        note: Known errata.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    task: str
    scheme: str
    method: str
    modality: str
    samples: int
    values: dict[str, float]
    source: str
    note: str = ""


@cache
def reported_results() -> tuple[ReportedResult, ...]:
    """Every printed result that a leaderboard may show beside runs of the same data."""
    carried = published()
    notebooks = [
        ReportedResult.model_validate(result.model_dump() | {"source": carried.sources[result.source]})
        for result in carried.results
    ]
    # Tables whose data were released otherwise than printed have no sizes, and are compared apart.
    return (*notebooks, *(result for table in carried.tables for result in _of_table(table)))


def _of_table(table: PrintedTable) -> Iterator[ReportedResult]:
    for row in table.rows:
        for task, value in zip(table.tasks, row.values, strict=True):
            if task in table.samples:
                yield ReportedResult(
                    dataset=table.dataset,
                    task=task,
                    scheme=table.scheme,
                    method=row.printed_as,
                    modality=row.modality,
                    samples=table.samples[task],
                    values={table.metric: round(value / table.scale, 6)},
                    source=f"{published().sources[table.source]} Table {table.id}.",
                )


def reported_rows(dataset: str, task: str, scheme: str, primary: str) -> list[Row]:
    """The printed results of one board as unranked rows."""
    return [
        Row(
            rank=None,
            why_unranked="printed, not re-scored",
            method=result.method,
            recipe="",
            variant="",
            kind=RowKind.REPORTED,
            control=False,
            modality=result.modality,
            regime="",
            pretrained_on="",
            value=result.values.get(primary),
            low=None,
            high=None,
            skill=None,
            secondary={name: value for name, value in result.values.items() if name != primary},
            seeds=1,
            splits=1,
            scored=result.samples,
            parameters=None,
            source=" ".join(filter(None, (result.source, result.note))),
            runs=(),
        )
        for result in reported_results()
        if (result.dataset, result.task, result.scheme) == (dataset, task, scheme)
    ]
