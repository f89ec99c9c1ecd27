"""What a method found in a sample, for people to read: an offer that any predictor may make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from aqa_bench.core.sample import Sample

__all__ = ["Finding", "FindsReasons"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason for a score.

    Attributes:
        text: One sentence in plain words.
        joints: Joints concerned, by name.
        value: What was measured, where there is such a number.
        limit: What it was held against.
        unit: Unit of both.
        start: First frame concerned; None for all.
        end: Last frame concerned.
    """

    text: str
    joints: tuple[str, ...] = ()
    value: float | None = None
    limit: float | None = None
    unit: str | None = None
    start: int | None = None
    end: int | None = None


@runtime_checkable
class FindsReasons(Protocol):
    """A predictor that says what its scores rest on."""

    def findings(self, samples: Sequence[Sample]) -> list[tuple[Finding, ...]]:
        """The reasons for calling each sample an error; none where it is not one."""
        ...
