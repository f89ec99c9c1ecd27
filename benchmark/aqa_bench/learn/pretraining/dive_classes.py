"""The class of a dive, as data sets tell it: attributes that pretext tasks learn or pair by."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality
from aqa_bench.media.clips import Indices

__all__ = ["DIVE_CLASSES", "DiveClass", "dive_class", "dive_event", "dive_labels"]

DiveClass: TypeAlias = tuple[float | str, ...]
"""Values of the attributes of :data:`DIVE_CLASSES`, in their order."""

_HALVES = tuple(number / 2 for number in range(11))

DIVE_CLASSES: Mapping[str, tuple[float | str, ...]] = MappingProxyType(
    {
        "position": ("free", "pike", "tuck", "straight"),
        "armstand": (0.0, 1.0),
        "rotation": ("back", "front", "inward", "reverse"),
        "somersaults": _HALVES,
        "twists": _HALVES,
    }
)
"""Attributes that make the class of a dive (Parmar and Tran Morris, CVPR 2019), with their values."""

_EVENT = "event"


def dive_class(sample: Sample) -> DiveClass | None:
    """The class of a dive; None where it is not told, or has a value that dives have not.

    Args:
        sample: A dive whose media may have attributes.
    """
    told = _told(sample)
    values = tuple(told.get(name) for name in DIVE_CLASSES)
    if any(v is None or v not in known for v, known in zip(values, DIVE_CLASSES.values(), strict=True)):
        return None
    return tuple(value for value in values if value is not None)


def dive_event(sample: Sample) -> str | None:
    """The event of a dive; None where it is not told.

    Args:
        sample: A dive whose media may have attributes.
    """
    event = _told(sample).get(_EVENT)
    return None if event is None else str(event)


def dive_labels(values: DiveClass) -> Indices:
    """The class of a dive as numbers: ``(5,)`` int64, an attribute's place among its values each.

    Example:
        >>> dive_labels(("pike", 0.0, "front", 3.5, 0.0)).tolist()
        [1, 0, 1, 7, 0]
    """
    places = [known.index(v) for v, known in zip(values, DIVE_CLASSES.values(), strict=True)]
    return np.array(places, np.int64)


def _told(sample: Sample) -> Mapping[str, float | str]:
    return sample.media.attributes if Modality.ATTRIBUTES in sample.media.provides else {}
