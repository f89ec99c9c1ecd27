"""The barbell's trajectory: from measured heights or boxes to elevation, phase and half-cycles.

Parmar et al., ECCV 2022, section 3 ("Synchronizing videos"): the vertical track of the barbell is
normalised in amplitude, and the point where the lift turns splits a repetition into two half-cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Trajectory
from aqa_bench.media.clips import Indices, half_cycle

__all__ = [
    "MIN_COVERAGE", "MIN_HALF_CYCLE", "Box", "Region", "Starts", "from_boxes", "from_heights", "half_cycles",
]  # fmt: skip

MIN_COVERAGE = 0.5
MIN_HALF_CYCLE = 8
_LARGEST = 1e9
_SMOOTHING = 2.0

Starts: TypeAlias = Literal["high", "low"]
Box: TypeAlias = Sequence[float]
Region: TypeAlias = Sequence[Box]


def from_heights(
    values: npt.ArrayLike, *, starts: Starts, confidence: npt.ArrayLike | None = None
) -> Trajectory:
    """Build the trajectory from one measured height per frame.

    The sign of the measurement is found from the data: the turning point is the interior extremum
    (after Gaussian smoothing, sigma 2 frames) furthest from the mean of the two ends, and it is the
    lowest point of an exercise that starts high, the highest of one that starts low. So heights and
    image rows, which grow downwards, give the same trajectory. Gaps are interpolated linearly inside
    and held at the ends. Elevation is not smoothed.

    Args:
        values: ``(T,)`` heights in any unit; not finite where the bar was not found.
        starts: Where the bar is at both ends of a repetition: ``high`` for the squat, ``low`` for the
            press and the row.
        confidence: ``(T,)`` detection confidence in [0, 1]; by default 1 where a height was measured.

    Returns:
        The trajectory of ``T`` frames.

    Raises:
        DataError: Fewer than 3 frames, under 50% of them covered, or a bar that does not move.

    Example:
        >>> down_and_up = 300 - 100 * np.sin(np.linspace(0, np.pi, 31))
        >>> track = from_heights(down_and_up, starts="high")
        >>> track.turning_point, track.elevation[[0, 15, 30]].round(2).tolist()
        (15, [1.0, 0.0, 1.0])
    """
    measured = np.array(values, dtype=np.float64)
    if measured.ndim != 1 or measured.size < 3:
        raise _unusable("at least 3 heights, one per frame", f"shape {measured.shape}")
    found = np.isfinite(measured)
    coverage = float(found.mean())
    if coverage < MIN_COVERAGE:
        raise _unusable(f"the bar found in at least {MIN_COVERAGE:.0%} of the frames", f"{coverage:.1%}")
    if np.abs(measured[found]).max() > _LARGEST:
        raise _unusable("plausible heights", f"{np.abs(measured[found]).max():.3g}")
    frames = np.arange(measured.size)
    filled = np.interp(frames, frames[found], measured[found])
    span = float(np.ptp(filled))
    # Relative to the heights, which may be metres as well as pixels.
    if span <= 1e-6 * max(1.0, float(np.abs(filled).max())):
        raise _unusable("a bar that moves", "a constant height")

    # One frame with a bad detection must not become the turning point.
    smooth = gaussian_filter1d(filled, _SMOOTHING, mode="nearest")
    ends = (smooth[0] + smooth[-1]) / 2
    turning_point = 1 + int(np.abs(smooth[1:-1] - ends).argmax())
    # A lift that starts low turns at its top. Where the data say the opposite, they grow downwards like image
    # rows.
    height = filled if (smooth[turning_point] > ends) == (starts == "low") else -filled
    elevation = np.clip((height - height.min()) / span, 0, 1).astype(np.float32)
    return Trajectory(elevation, _confidence(confidence, found), turning_point)


def from_boxes(frames: Sequence[Sequence[Region]], *, starts: Starts = "low") -> Trajectory:
    """Build the trajectory from the boxes of a barbell detector.

    Args:
        frames: A frame's regions, each with no box or one ``[x1, y1, x2, y2, confidence]`` in pixels,
            confidence in [0, 100]. Region 0 is the bar where it is found in half of the frames;
            otherwise the region whose vertical position varies most is.
        starts: Where the bar is at both ends of a repetition.

    Returns:
        The trajectory of the box centres; a frame without a box is a gap.

    Raises:
        DataError: As for :func:`from_heights`.
    """
    regions = max((len(frame) for frame in frames), default=0)
    if regions == 0:
        raise _unusable("frames with regions", "none")
    centres = np.full((regions, len(frames)), np.nan)
    confidence = np.zeros((regions, len(frames)))
    for time, frame in enumerate(frames):
        for number, region in enumerate(frame):
            if len(region):
                box = region[0]
                centres[number, time] = (box[1] + box[3]) / 2
                confidence[number, time] = box[4] / 100
    bar = _bar_region(centres)
    return from_heights(-centres[bar], starts=starts, confidence=confidence[bar])


def half_cycles(trajectory: Trajectory, frames: int = 16) -> tuple[Indices, Indices]:
    """Frames spread evenly over the two half-cycles; both include the turning point.

    Args:
        trajectory: The bar's trajectory.
        frames: Number of frames of either half.

    Returns:
        Two ``(frames,)`` int64 arrays of frame numbers, in order of time.

    Raises:
        DataError: A half-cycle has fewer than 8 frames.
    """
    length = len(trajectory.elevation)
    halves = trajectory.turning_point + 1, length - trajectory.turning_point
    if min(halves) < MIN_HALF_CYCLE:
        raise _unusable(
            f"two half-cycles of at least {MIN_HALF_CYCLE} frames", f"{halves[0]} and {halves[1]} frames"
        )
    return half_cycle(length, trajectory.turning_point, frames)


def _bar_region(centres: npt.NDArray[np.float64]) -> int:
    found = np.isfinite(centres)
    # Racks and plates on the floor stand still: among the other regions the bar is the one that moves.
    if found[0].mean() >= MIN_COVERAGE:
        return 0
    spread = [
        float(np.var(row[seen])) if seen.any() else -1.0 for row, seen in zip(centres, found, strict=True)
    ]
    covered = found.mean(axis=1) >= MIN_COVERAGE
    return int(np.argmax(np.where(covered, spread, -1.0))) if covered.any() else 0


def _confidence(confidence: npt.ArrayLike | None, found: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    if confidence is None:
        return found.astype(np.float32)
    given: npt.NDArray[Any] = np.asarray(confidence, dtype=np.float32)
    if given.shape != found.shape:
        raise _unusable(f"one confidence per frame {found.shape}", f"shape {given.shape}")
    return np.where(found, np.clip(np.nan_to_num(given), 0, 1), 0).astype(np.float32)


def _unusable(expected: str, found: str) -> DataError:
    return DataError(
        "A bar trajectory cannot be used.",
        expected=expected,
        found=found,
        remedy="Exclude the clip from training that needs the trajectory.",
    )
