"""A stand-in for a pose estimator where none is installed: exact keypoints made as bad as its own.

Calibrated on MediaPipe 0.10.14 in tracking mode on rendered people: see :data:`CALIBRATED`. Results
from it are results of a noise model and must be named so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import UsageError
from aqa_bench.core.sample import FloatArray
from aqa_bench.core.seeds import derive_seed
from aqa_bench.media.layouts import Layout, find_layout, missing
from aqa_bench.media.pose.estimator import Pose, check_pose

__all__ = ["CALIBRATED", "NoiseModel", "simulate_estimator"]

_LEGS = ("knee", "ankle", "heel", "toe", "foot_index")
_ARMS = ("elbow", "wrist", "pinky", "thumb", "left_index", "right_index")
_SWAPPED = ("hip", *_LEGS)


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Errors of a pose estimator; lengths are shares of the body's height in the picture.

    Attributes:
        bias: Standard deviation of a joint's constant offset over a clip, on either axis.
        jitter: Standard deviation of the AR(1) jitter.
        correlation: Correlation of the jitter between neighbouring frames.
        leg_outliers: Share of frames in which a knee, ankle or foot joint is far off.
        arm_outliers: The same of an elbow, wrist or hand joint.
        outlier_distance: Least distance of a joint that is far off; the mean is half as much again.
        swaps: Share of frames in which left and right leg are exchanged.
        run: Mean length in frames of a burst of outliers and of a swap.
        lost: Share of clips in which something else was taken for the person.
        name: What to call results that rest on the model.
        description: The same, in a sentence.
    """

    bias: float = 0.031
    jitter: float = 0.01
    correlation: float = 0.6
    leg_outliers: float = 0.15
    arm_outliers: float = 0.35
    outlier_distance: float = 0.1
    swaps: float = 0.1
    run: float = 4.0
    lost: float = 0.05
    name: str = "noise-model"
    description: str = (
        "Not a pose estimator: exact keypoints with the errors of MediaPipe as measured on rendered people."
    )


CALIBRATED = NoiseModel()
"""Bias 3.1% of the height per clip, jitter 1% (AR(1), 0.6), outlier bursts on 15% of the frames for leg
joints and 35% for arm joints, legs swapped in 10%, 5% of the clips lost."""


def simulate_estimator(keypoints: FloatArray, layout: str, seed: int, model: NoiseModel = CALIBRATED) -> Pose:
    """Make exact keypoints as bad as an estimator's.

    Args:
        keypoints: ``(T, V, 3)`` exact keypoints of one clip: x, y in pixels and confidence.
        layout: Name of their joint order.
        seed: Seed of the clip: the same seed gives the same errors, whatever else was drawn.
        model: The errors.

    Returns:
        Keypoints of the same shape and layout; missing joints stay missing. Confidence falls to half
        where a joint is far off.

    Raises:
        DataError: The keypoints do not fit the layout.
        UsageError: The layout does not exist, or a share or correlation of the model is not in [0, 1).
    """
    shares = (model.leg_outliers, model.arm_outliers, model.swaps, model.lost, model.correlation)
    if not (all(0 <= share < 1 for share in shares) and model.run >= 1):
        raise UsageError(
            "The noise model has invalid values.", expected="shares in [0, 1), run >= 1", found=repr(model)
        )
    pose = check_pose(Pose(keypoints, layout))
    order, exact = find_layout(layout), pose.keypoints
    absent = missing(exact)
    if absent.all():
        return pose
    height = _body_height(exact, ~absent)
    result = exact.copy()
    points = _swapped(exact[..., :2].astype(np.float64), order, model, _stream(seed, "swap"))
    if _stream(seed, "lost").random() < model.lost:
        points = _elsewhere(points, height, _stream(seed, "elsewhere"))
    points += height * model.bias * _stream(seed, "bias").standard_normal(points.shape[1:])
    points += height * model.jitter * _ar1(points.shape, model.correlation, _stream(seed, "jitter"))
    far, offset = _outliers(points.shape, order, model, _stream(seed, "outliers"))
    result[..., :2] = points + height * offset
    result[..., 2] = np.where(far, exact[..., 2] / 2, exact[..., 2])
    result[absent] = 0
    return Pose(result, layout)


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed("pose noise", seed, name))


def _body_height(exact: FloatArray, present: npt.NDArray[np.bool_]) -> float:
    y = np.where(present, exact[..., 1], np.nan)
    seen = y[present.any(axis=1)]
    return float(np.max(np.nanmax(seen, axis=1) - np.nanmin(seen, axis=1)))


def _ar1(shape: tuple[int, ...], correlation: float, random: np.random.Generator) -> npt.NDArray[np.float64]:
    values = random.standard_normal(shape)
    for time in range(1, shape[0]):
        values[time] = correlation * values[time - 1] + np.sqrt(1 - correlation**2) * values[time]
    return values


def _runs(
    frames: int, share: npt.NDArray[np.float64], run: float, random: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Two-state Markov chains ``(frames, n)``: on for ``share`` of the time, ``run`` frames at a stretch."""
    leave = np.minimum(1.0, np.where(share > 0, 1 / run, 1.0))
    enter = np.minimum(1.0, leave * share / (1 - share))
    leave = np.where(share > 0, enter * (1 - share) / np.maximum(share, 1e-12), leave)
    draws = random.random((frames, share.size))
    on = np.zeros((frames, share.size), dtype=bool)
    on[0] = draws[0] < share
    for time in range(1, frames):
        on[time] = np.where(on[time - 1], draws[time] >= leave, draws[time] < enter)
    return on


def _outliers(
    shape: tuple[int, ...], layout: Layout, model: NoiseModel, random: np.random.Generator
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    share = np.array([_share(joint, model) for joint in layout.joints])
    far = _runs(shape[0], share, model.run, random)
    starts = far & ~np.vstack([np.zeros((1, share.size), bool), far[:-1]])
    distance = model.outlier_distance * (1 + random.exponential(0.5, far.shape))
    angle = random.uniform(0, 2 * np.pi, far.shape)
    jump = distance[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    # A burst keeps the offset that it starts with.
    start = np.maximum.accumulate(np.where(starts, np.arange(shape[0])[:, None], 0), axis=0)
    held = np.take_along_axis(jump, np.broadcast_to(start[..., None], jump.shape), axis=0)
    return far, np.where(far[..., None], held, 0.0)


def _share(joint: str, model: NoiseModel) -> float:
    if any(part in joint for part in _LEGS):
        return model.leg_outliers
    return model.arm_outliers if any(part in joint for part in _ARMS) else 0.0


def _swapped(
    points: npt.NDArray[np.float64], layout: Layout, model: NoiseModel, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    left = [j for j in layout.joints if j.startswith("left_") and any(part in j for part in _SWAPPED)]
    order = np.arange(len(layout))
    for joint in left:
        a, b = layout.index(joint), layout.index(joint.replace("left_", "right_", 1))
        order[a], order[b] = b, a
    on = _runs(len(points), np.array([model.swaps]), model.run, random)
    return np.where(on[..., None], points[:, order], points)


def _elsewhere(
    points: npt.NDArray[np.float64], height: float, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """One still, smaller or larger pose beside the person, for the whole clip."""
    still = np.median(points, axis=0, keepdims=True)
    centre = still.mean(axis=1, keepdims=True)
    shift = height * random.choice([-1, 1]) * random.uniform(0.5, 1.0)
    moved = centre + (still - centre) * random.uniform(0.4, 1.2) + np.array([shift, 0.0])
    return np.repeat(moved, len(points), axis=0)
