"""Numbers printed in papers, as ``published.json`` carries them with their citations."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "BlindScore",
    "Count",
    "Floor",
    "Independent",
    "Notebook",
    "PrintedRow",
    "PrintedTable",
    "Published",
    "published",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PrintedRow(_Strict):
    """A row of a printed table.

    Attributes:
        printed_as: Its name there.
        method: The benchmark's method id.
        modality: What it looks at.
        values: One value per task of the table, as printed.
        recipes: Patterns of the recipes that stand for it; empty for all of the method's.
        pretrained_on: Exercise that it was pre-trained on, where rows differ in nothing else.
        average: The printed average of the values, where there is one.
    """

    printed_as: str
    method: str
    modality: str
    values: tuple[float, ...]
    recipes: tuple[str, ...] = ()
    pretrained_on: str | None = None
    average: float | None = None


class Count(_Strict):
    """A size that the paper prints, beside that of the released data."""

    what: str
    printed: str
    released: str


class PrintedTable(_Strict):
    """A printed table of results.

    Attributes:
        id: Its number.
        title: What it compares.
        source: Key of the citation.
        dataset: Dataset id.
        twin: Generated dataset with the same tasks, or None.
        scheme: Split scheme that it was printed for.
        metric: Metric id.
        scale: What 1.0 of the metric is printed as.
        digits: Decimals printed.
        tasks: Task ids.
        samples: Test samples per task, where known.
        rows: Its rows.
        errata: What is known to be wrong with it or missing from it.
        counts: Sizes that differ between paper and release.
    """

    id: str
    title: str
    source: str
    dataset: str
    twin: str | None
    scheme: str
    metric: str
    scale: float = Field(gt=0)
    digits: int = Field(ge=0)
    tasks: tuple[str, ...]
    samples: dict[str, int]
    rows: tuple[PrintedRow, ...]
    errata: tuple[str, ...]
    counts: tuple[Count, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for row in self.rows:
            if len(row.values) != len(self.tasks):
                raise ValueError(f"table {self.id}, {row.printed_as}: {len(self.tasks)} values expected")
        return self


class Floor(_Strict):
    """A trivial value that follows from the labels alone; ``basis`` says of which."""

    dataset: str
    task: str
    metric: str
    value: float
    basis: str


class BlindScore(_Strict):
    """What a prediction scores that sees no frame."""

    dataset: str
    task: str
    metric: str
    what: str
    value: float


class Independent(_Strict):
    """Results of somebody else on the same data."""

    source: str
    dataset: str
    method: str
    printed_as: str
    modality: str
    values: dict[str, float]
    protocol: str = ""


class Notebook(_Strict):
    """A printed result of one task with several metrics."""

    dataset: str
    task: str
    scheme: str
    method: str
    modality: str
    samples: int
    values: dict[str, float]
    source: str
    note: str = ""


class Published(_Strict):
    """Everything printed that the project carries.

    Attributes:
        about: What the file is.
        sources: Citations.
        tables: The paper's tables.
        floors: Trivial values.
        blind: Scores without a frame.
        independent: Independent reproductions.
        results: Results that are no table of the paper.
    """

    about: str
    sources: dict[str, str]
    tables: tuple[PrintedTable, ...]
    floors: tuple[Floor, ...]
    blind: tuple[BlindScore, ...]
    independent: tuple[Independent, ...]
    results: tuple[Notebook, ...]

    @model_validator(mode="after")
    def _cited(self) -> Self:
        used = {item.source for items in (self.tables, self.independent, self.results) for item in items}
        if not used <= self.sources.keys():
            raise ValueError(f"no citation of {', '.join(sorted(used - self.sources.keys()))}")
        return self


@cache
def published() -> Published:
    """The content of ``published.json``."""
    text = (resources.files("aqa_bench.boards") / "published.json").read_text(encoding="utf-8")
    return Published.model_validate_json(text)
