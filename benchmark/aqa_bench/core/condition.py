"""Measured properties of samples, by which results are split to see where methods fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Condition"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One property, known of every sample of a task.

    Attributes:
        name: The property in words, e.g. ``camera angle``.
        unit: Unit of the values, e.g. ``degrees``.
        values: Value by sample id.
        of_errors: Whether it says how large the error is. Clean samples are then compared with the errors of
            every size.
    """

    name: str
    unit: str
    values: Mapping[str, float]
    of_errors: bool = False
