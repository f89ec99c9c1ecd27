"""The exercises that the coach knows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aqa_bench.core.errors import UsageError

__all__ = ["EXERCISES", "check_exercise"]

EXERCISES: Mapping[str, str] = MappingProxyType(
    {
        "bicep-curl": "Biceps curl",
        "front-raise": "Front raise",
        "shoulder-press": "Shoulder press",
        "shoulder-shrug": "Shoulder shrug",
        "squat": "Back squat",
        "overhead-press": "Overhead press",
        "barbell-row": "Barbell row",
    }
)
"""Every exercise by id, in words."""


def check_exercise(name: str) -> str:
    """The id itself.

    Raises:
        UsageError: There is no such exercise.
    """
    if name not in EXERCISES:
        raise UsageError("The coach does not know this exercise.", expected=", ".join(EXERCISES), found=name)
    return name
