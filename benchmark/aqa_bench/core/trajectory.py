"""The barbell's trajectory: the signal that synchronises videos of one exercise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Trajectory"]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Elevation of the bar over one repetition (Parmar et al., ECCV 2022, section 3, "Synchronizing videos").

    Attributes:
        elevation: ``(T,)`` float32 in [0, 1]: amplitude-normalised height of the bar, 1 at its highest.
        confidence: ``(T,)`` float32 in [0, 1]: 0 where the bar was not detected and the value is filled in.
        turning_point: Frame at which the first half-cycle ends and the second begins.
    """

    elevation: npt.NDArray[np.float32]
    confidence: npt.NDArray[np.float32]
    turning_point: int
