"""The pool, seen as clips of named exercises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality

__all__ = ["exercise_clips", "exercise_of"]


def exercise_of(sample: Sample) -> str | None:
    """The exercise that a sample's attributes name; None where they name none."""
    if Modality.ATTRIBUTES not in sample.media.provides:
        return None
    name = sample.media.attributes.get("exercise")
    return name if isinstance(name, str) else None


def exercise_clips(
    pool: Sequence[Sample], judged: str | None, which: Literal["others", "all"]
) -> list[tuple[Sample, str]]:
    """The clips to recognise exercises on, in an order that depends on their content alone.

    Args:
        pool: Unlabelled samples; those without an exercise are left out.
        judged: The exercise that will be judged.
        which: ``others`` leaves that exercise out.

    Returns:
        Samples with the names of their exercises; empty where there are fewer than two exercises.
    """
    named = [(sample, name) for sample in pool if (name := exercise_of(sample)) is not None]
    if which == "others":
        named = [(sample, name) for sample, name in named if name != judged]
    if len({name for _, name in named}) < 2:
        return []
    return sorted(named, key=lambda item: (item[1], item[0].media.content_key))
