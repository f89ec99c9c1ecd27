"""Every frame against the other half-cycle at the same elevation of the bar."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Sample

__all__ = ["half_cycle_difference", "with_differences"]

_log = logging.getLogger(__name__)


def with_differences(
    sample: Sample,
    features: npt.NDArray[np.float32],
    indices: npt.NDArray[np.int64],
    *,
    bandwidth: float,
) -> npt.NDArray[np.float32]:
    """Features of a clip's frames, with their half-cycle differences beside them.

    Args:
        sample: Whose trajectory says where the bar is.
        features: ``(T, D)``.
        indices: ``(T,)`` the frames that they are of.
        bandwidth: As for :func:`half_cycle_difference`.

    Returns:
        ``(T, 2 D)``; differences are zero where the clip has no usable trajectory.
    """
    try:
        track = sample.media.trajectory()
        # The turning point is a frame of the video; the position among the kept frames is wanted.
        turn = int(np.searchsorted(indices, track.turning_point, side="right")) - 1
        difference = half_cycle_difference(features, track.elevation[indices], turn, bandwidth=bandwidth)
    except (DataError, IndexError) as error:
        _log.warning("No usable trajectory, so the clip has no half-cycle differences: %s", error)
        difference = np.zeros_like(features)
    return np.concatenate([features, difference], axis=1)


def half_cycle_difference(
    features: npt.NDArray[np.float32],
    elevation: npt.NDArray[np.floating[Any]],
    turning_point: int,
    *,
    bandwidth: float,
) -> npt.NDArray[np.float32]:
    """Features minus a weighted mean of the other half-cycle's.

    What both ways have in common at one elevation cancels: body, clothes, background and camera.

    Args:
        features: ``(T, D)``.
        elevation: ``(T,)`` in [0, 1].
        turning_point: Position at which the first half-cycle ends; it belongs to the first.
        bandwidth: Difference in elevation at which a frame of the other half weighs ``exp(-1/2)``.

    Returns:
        ``(T, D)`` float32; zeros where there is no other half-cycle.
    """
    first = np.arange(len(features)) <= turning_point
    if first.all() or not first.any():
        return np.zeros_like(features, dtype=np.float32)
    apart = (elevation[:, None] - elevation[None, :]) / bandwidth
    # A kernel over elevation interpolates between frames of the other half, which never
    # stand at quite the same height.
    logits = np.where(first[:, None] != first[None, :], -(apart**2) / 2, -np.inf)
    difference = features - softmax(logits.astype(np.float64), axis=1) @ features
    return np.asarray(difference, dtype=np.float32)
