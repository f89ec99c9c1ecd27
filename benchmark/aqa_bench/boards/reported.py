"""Numbers printed in papers: shown beside ours, never ranked with them."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from aqa_bench.boards.model import Row
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
        samples: Test samples, as printed.
        values: Printed value a metric id.
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
    """Every printed result that the project carries, from ``reported.json``."""
    text = (resources.files("aqa_bench.boards") / "reported.json").read_text(encoding="utf-8")
    return tuple(ReportedResult.model_validate(item) for item in json.loads(text)["results"])


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
