"""Who judges which exercise, as data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aqa_bench.core.toml_file import read_toml

__all__ = ["JUDGES", "JudgeEntry"]


class JudgeEntry(BaseModel):
    """The judge of an exercise.

    Attributes:
        dataset: Id of the dataset that it is tested on, and fitted on where it is fitted.
        method: Id of the method.
        recipe: Its recipe.
        fitted: Whether it learns from the dataset; otherwise it judges at once.
        names: Tasks in words, where the dataset's own are a question.
        warnings: What to know of its evidence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    method: str
    recipe: str
    fitted: bool
    names: Mapping[str, str] = {}
    warnings: tuple[str, ...] = ()


def _read(file: Path) -> Mapping[str, JudgeEntry]:
    return {name: JudgeEntry.model_validate(values) for name, values in read_toml(file).items()}


JUDGES: Mapping[str, JudgeEntry] = _read(Path(__file__).with_name("judges.toml"))
"""The judge of every exercise."""
