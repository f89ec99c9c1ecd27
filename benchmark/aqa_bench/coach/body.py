"""Angles and heights of a body over time, in degrees and torso lengths, from joints in any order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import convert, find_layout, missing

__all__ = ["Body", "body_of", "with_neck"]

Array = npt.NDArray[np.float64]
_ORDER = find_layout("openpose-18")
_LEG_IN_TORSOS = 1.7
"""Hip to ankle of a straight leg, in torso lengths."""


@dataclass(frozen=True)
class Body:
    """One person over some frames.

    Attributes:
        points: ``(T, 18, 2)`` float64 in pixels, y downwards, layout ``openpose-18``; NaN where not seen.
        torso: Length of the torso in pixels, the unit of heights; NaN where it was never seen.
    """

    points: Array
    torso: float

    def __len__(self) -> int:
        return len(self.points)

    def at(self, joint: str) -> Array:
        """``(T, 2)`` of a joint."""
        return self.points[:, _ORDER.index(joint)]

    def part(self, start: int, end: int) -> Body:
        """Frames ``start`` to ``end``, both included, in the same unit."""
        return Body(self.points[start : end + 1], self.torso)

    def angle(self, first: str, middle: str, last: str) -> Array:
        """Angle at a joint in degrees, ``(T,)`` in [0, 180]."""
        one, other = self.at(first) - self.at(middle), self.at(last) - self.at(middle)
        cross = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
        angles: Array = np.degrees(np.arctan2(np.abs(cross), (one * other).sum(axis=1)))
        return angles

    def both(self, first: str, middle: str, last: str) -> Array:
        """That angle on the side that is seen more; of two equally seen, the mean."""
        sides = [self.angle(*(f"{side}_{joint}" for joint in (first, middle, last))) for side in _SIDES]
        seen = [np.isfinite(side).mean() for side in sides]
        if abs(seen[0] - seen[1]) > 0.25:
            return sides[int(seen[1] > seen[0])]
        return _mean(np.stack(sides))

    def height(self, joint: str, over: str | None = None) -> Array:
        """Height of a pair of joints, over another pair where one is named, in torso lengths; ``(T,)``."""
        level = self._level(joint)
        return (level if over is None else level - self._level(over)) / self.torso

    def across(self, joint: str) -> Array:
        """Horizontal place of a pair of joints in torso lengths."""
        return _mean(np.stack([self.at(f"{side}_{joint}")[:, 0] for side in _SIDES])) / self.torso

    def lean(self) -> Array:
        """Angle between torso and the vertical in degrees; ``(T,)``."""
        hips = _mean(np.stack([self.at("left_hip"), self.at("right_hip")]))
        up = self.at("neck") - hips
        return np.degrees(np.arctan2(np.abs(up[:, 0]), -up[:, 1]))

    def turned(self) -> float:
        """Estimate of the angle between the body's front and the camera: 0 front, 90 side, 180 back.

        By the width of the shoulders and hips, in torso or leg lengths, whichever is longer: a torso that
        leans towards the camera looks short. NaN where the shoulders are never seen.
        """
        legs = [np.linalg.norm(self.at(f"{side}_hip") - self.at(f"{side}_ankle"), axis=1) for side in _SIDES]
        known = np.concatenate(legs)
        known = known[np.isfinite(known)]
        scale = max(self.torso, float(np.percentile(known, 90)) / _LEG_IN_TORSOS if len(known) else 0.0)
        wide = (self.at("left_shoulder") - self.at("right_shoulder"))[:, 0]
        both = np.isfinite(wide)
        either = np.isfinite(self.at("left_shoulder")) | np.isfinite(self.at("right_shoulder"))
        if not either.any() or not scale > 0:
            return float("nan")
        if both.sum() < _SEEN * either.any(axis=1).sum():
            # The body hides its own far shoulder.
            return 90.0
        wide = wide[both]
        share = float(np.median(wide)) / scale / _SHOULDERS_IN_TORSOS
        return float(np.degrees(np.arccos(np.clip(share, -1, 1))))

    def _level(self, joint: str) -> Array:
        return -_mean(np.stack([self.at(f"{side}_{joint}")[:, 1] for side in _SIDES]))


_SIDES = ("left", "right")
_SHOULDERS_IN_TORSOS = 0.68
_SEEN = 0.3


def body_of(joints: FloatArray, layout: str) -> Body:
    """A person's body.

    Args:
        joints: ``(T, V, 3)``: x, y in pixels and confidence, 0 where not seen.
        layout: Their order.
    """
    placed = with_neck(joints, layout).astype(np.float64)
    points = placed[..., :2]
    points[missing(placed)] = np.nan
    neck = points[:, _ORDER.index("neck")]
    hips = [points[:, _ORDER.index(f"{side}_hip")] for side in _SIDES]
    lengths = np.concatenate([np.linalg.norm(neck - hip, axis=1) for hip in hips])
    lengths = lengths[np.isfinite(lengths)]
    # A torso that leans towards the camera looks short now and then, never long.
    return Body(points, float(np.percentile(lengths, 90)) if len(lengths) else float("nan"))


def with_neck(joints: FloatArray, layout: str) -> npt.NDArray[np.float32]:
    """Joints ``(T, 18, 3)`` in ``openpose-18``; where one shoulder is hidden, the other is the neck."""
    placed = convert(joints, layout, _ORDER.name, allow_missing=True)
    neck = placed[:, _ORDER.index("neck")]
    for side in _SIDES:
        shoulder = placed[:, _ORDER.index(f"{side}_shoulder")]
        lacking = missing(neck)
        neck[lacking] = shoulder[lacking]
    return placed


def _mean(values: Array) -> Array:
    """Mean over the first axis of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
