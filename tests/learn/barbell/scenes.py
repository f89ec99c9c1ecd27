"""Detections of a squat as a detector would deliver them, with bars that are not the lifter's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scene:
    heights: np.ndarray
    boxes: np.ndarray
    detections: list[np.ndarray]


def squat(
    seed: int = 0,
    *,
    frames: int = 48,
    jitter: float = 0.5,
    missing: float = 0.0,
    bystander: bool = True,
    rack: bool = True,
    clutter: float = 0.0,
) -> Scene:
    """A bar of 60 x 24 pixels that goes down 50 pixels and up again; a smaller one and a still one."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0, 2 * np.pi, frames)
    heights = 100 - 25 * (1 - np.cos(phase))
    centres = np.stack([64 + 3 * np.sin(phase), 150 - heights], axis=1)
    half = np.array([30, 12])
    truth = np.concatenate([centres - half, centres + half], axis=1)
    still = np.array([100, 20, 150, 44]) + rng.uniform(-6, 6)
    small = np.array([4, 60, 28, 68]) + rng.uniform(-3, 3)
    speed, offset = rng.uniform(0.5, 1.5), rng.uniform(0, 6)
    detections = []
    for time in range(frames):
        rows = []
        if rng.random() >= missing:
            rows.append([*(truth[time] + rng.normal(0, jitter, 4)), rng.uniform(0.5, 0.95)])
        if rack:
            rows.append([*(still + rng.normal(0, jitter, 4)), rng.uniform(0.5, 0.95)])
        if bystander:
            shift = np.array([0, 1, 0, 1]) * 10 * np.sin(speed * phase[time] + offset)
            rows.append([*(small + shift + rng.normal(0, jitter, 4)), rng.uniform(0.4, 0.9)])
        if rng.random() < clutter:
            corner = rng.uniform(0, 100, 2)
            rows.append([*corner, *(corner + rng.uniform(5, 60, 2)), rng.uniform(0.05, 0.5)])
        order = rng.permutation(len(rows))
        detections.append(np.array(rows, np.float32).reshape(-1, 5)[order])
    return Scene(heights, truth, detections)


def overlap(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes ``(T, 4)``."""
    inner = np.minimum(one[:, 2:], two[:, 2:]) - np.maximum(one[:, :2], two[:, :2])
    shared = inner.clip(0).prod(1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (one, two)]
    return shared / (areas[0] + areas[1] - shared)
