"""Water that is thrown up at the entry."""

from __future__ import annotations

import math

import numpy as np

from ..figure import Parts
from ..kinematics import Array, vec
from .flight import GRAVITY

__all__ = ["splash_parts"]

_DROPS = 44
_HIDDEN = -50.0
_WHITE = np.array([0.86, 0.93, 0.97])


def splash_parts(rng: np.random.Generator, height: float, at: Array, since: Array) -> Parts:
    """Drops in free flight.

    Args:
        rng: Source of randomness.
        height: How high the highest drops rise, metres.
        at: Where the diver enters, shape ``(3,)``, on the water.
        since: Seconds since the entry, shape ``(T,)``; negative before.
    """
    share, angle = rng.uniform(0.25, 1.0, _DROPS), rng.uniform(0, 2 * math.pi, _DROPS)
    share[0] = 1.0
    delay = rng.uniform(0.0, 0.12, _DROPS)
    up = np.sqrt(2 * GRAVITY * height * share)
    out = rng.uniform(0.25, 0.75, _DROPS) * math.sqrt(height)
    time = since[:, None] - delay
    rise = up * time - GRAVITY * time**2 / 2
    radius = 0.08 + out * np.maximum(time, 0)
    x, z = at[0] + radius * np.cos(angle), at[2] + radius * np.sin(angle)
    y = np.where((time > 0) & (rise > -0.1), rise, _HIDDEN)
    start = vec(x, y, z)
    # Drops are drawn out along their flight.
    stretch = np.clip(0.5 * rise, 0.02, 0.22 * height)
    end = start - vec(0.0, 1.0, 0.0) * np.where(y > _HIDDEN, stretch, 0.0)[..., None]
    size = rng.uniform(0.6, 1.2, _DROPS) * (0.02 + 0.055 * math.sqrt(height))
    return Parts(
        start=start,
        end=end,
        radius=np.stack([0.6 * size, size], -1),
        colour=np.tile(_WHITE, (_DROPS, 2, 1)),
        hem=np.full(_DROPS, 9.0),
        texture=np.zeros(_DROPS),
        gloss=np.full(_DROPS, 0.3),
        stripe=_WHITE,
        stripes=1.0,
    )
