"""The bar's track over a clip: its boxes without gaps, and its trajectory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, median_filter

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray, Trajectory, UInt8Array
from aqa_bench.learn.barbell.detector import BarbellDetector
from aqa_bench.learn.barbell.linking import join_fragments, lifter_track, link, settle
from aqa_bench.media.trajectory import Starts, from_heights

__all__ = ["BarTrack", "track_bar", "track_video"]

_OUTLIERS = 3
_SMOOTHING = 0.7


@dataclass(frozen=True, slots=True)
class BarTrack:
    """The lifter's bar in every frame of a clip.

    Attributes:
        boxes: ``(T, 4)`` float32: left, top, right and bottom in pixels, smoothed; interpolated where
            the bar was not found, and held at the ends.
        confidence: ``(T,)`` float32 in [0, 1]; 0 where the bar was not found.
        trajectory: The trajectory of the boxes' centres.
    """

    boxes: npt.NDArray[np.float32]
    confidence: npt.NDArray[np.float32]
    trajectory: Trajectory


def track_bar(detections: Sequence[FloatArray], *, starts: Starts = "high") -> BarTrack:
    """Pick the lifter's bar among the detections of a clip, and follow it.

    Detections are linked over time; the track that is large and moves most is the lifter's, and
    bystanders' bars are left. Single outliers are removed by a median over 3 frames, jitter by a
    Gaussian (sigma 0.7 frames).

    Args:
        detections: Per frame ``(n, 5)`` boxes: left, top, right and bottom in pixels, and confidence
            in [0, 1].
        starts: Where the bar is at both ends of a repetition: ``high`` for the squat, ``low`` for the
            press and the row.

    Returns:
        The track.

    Raises:
        DataError: No bar was found, or in under 50% of the frames, or it does not move.
    """
    tracks = link(detections)
    main = lifter_track(tracks, len(detections))
    if main is None:
        raise DataError(
            "No barbell was found.",
            expected="a barbell in at least half of the frames",
            found=f"none in {len(detections)} frames",
            remedy="Leave the clip out, or train the detector on similar frames.",
        )
    track = settle(join_fragments(main, tracks), detections)
    frames = np.arange(len(detections))
    found = track.array.astype(np.float64)
    confidence = np.zeros(len(detections), np.float32)
    confidence[track.times] = found[:, 4]
    boxes = np.stack([np.interp(frames, track.times, found[:, side]) for side in range(4)], axis=1)
    # The median first: a Gaussian would smear an outlier over its neighbours.
    boxes = median_filter(boxes, size=(_OUTLIERS, 1), mode="nearest")
    boxes = gaussian_filter1d(boxes, _SMOOTHING, axis=0, mode="nearest")
    # Frames without a sighting are unknown to the trajectory, which decides how many of them it can bear.
    rows = np.where(confidence > 0, (boxes[:, 1] + boxes[:, 3]) / 2, np.nan)
    trajectory = from_heights(-rows, starts=starts, confidence=confidence)
    return BarTrack(boxes.astype(np.float32), confidence, trajectory)


def track_video(detector: BarbellDetector, frames: UInt8Array, *, starts: Starts = "high") -> BarTrack:
    """Find and follow the lifter's bar in the frames of a clip.

    Args:
        detector: The detector.
        frames: ``(T, H, W, 3)`` uint8 RGB, in order of time.
        starts: Where the bar is at both ends of a repetition.

    Returns:
        The track, in pixels of ``frames``.

    Raises:
        DataError: ``frames`` are not frames, or the bar cannot be followed (see :func:`track_bar`).
    """
    return track_bar(detector.detect(frames), starts=starts)
