"""What can go wrong in a dive, how it is drawn, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

__all__ = ["FAULTS", "Fault", "execution", "sample_faults"]

_SKILL = 0.45
_BEST = 10.0


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: Identifier.
        unit: Unit of its size.
        spread: Standard deviation of its size over divers of average skill, before the absolute value.
        limit: Largest size drawn.
        cost: Marks lost a unit of absolute size, on the scale of 0 to 10.
        free: Absolute size that costs nothing.
    """

    name: str
    unit: str
    spread: float
    limit: float
    cost: float
    free: float = 0.0


#: Sizes are read off the realised dive: ``rotation`` is how far the body at entry is turned past the
#: vertical (negative: short), ``legs`` the angle between the legs and ``knees`` their bend at entry,
#: ``loose`` what the trunk's angle to the thighs lacks of the ideal position, ``distance`` how far the
#: entry is from the ideal distance to the board, ``splash`` the height of the splash.
FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        fault.name: fault
        for fault in (
            Fault("rotation", "degrees", 15.0, 45.0, 0.095),
            Fault("legs", "degrees", 14.0, 45.0, 0.055, 2.0),
            Fault("knees", "degrees", 18.0, 60.0, 0.042, 3.0),
            Fault("loose", "degrees", 15.0, 45.0, 0.03, 2.0),
            Fault("distance", "metres", 0.35, 0.9, 0.9, 0.15),
            Fault("splash", "metres", 0.32, 1.6, 0.8, 0.3),
        )
    }
)


def sample_faults(rng: np.random.Generator) -> dict[str, float]:
    """Draw the sizes that a diver will aim at, by name.

    A diver's skill on the day scales all of them. The splash is drawn as what technique alone adds to
    the splash that angle and legs cause.
    """
    skill = math.exp(rng.normal(-(_SKILL**2) / 2, _SKILL))
    drawn = {
        fault.name: float(np.clip(rng.normal(0, fault.spread) * skill, -fault.limit, fault.limit))
        for fault in FAULTS.values()
    }
    return {name: size if name in ("rotation", "distance") else abs(size) for name, size in drawn.items()}


def execution(sizes: Mapping[str, float]) -> float:
    """Marks from 0 to 10 that realised faults leave.

    Args:
        sizes: Realised size by name.

    Example:
        >>> execution(dict.fromkeys(FAULTS, 0.0))
        10.0
    """
    lost = sum(fault.cost * max(abs(sizes[name]) - fault.free, 0.0) for name, fault in FAULTS.items())
    return max(_BEST - lost, 0.0)
