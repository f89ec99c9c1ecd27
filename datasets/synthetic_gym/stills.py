"""Single images for the image tasks: which frames, and their labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import ClipAnnotation
from .errors import ERRORS
from .plan import ClipPlan
from .presets import PRESETS

__all__ = ["Still", "crop_person", "row_stills", "squat_stills"]

_BOTTOM, _MIDDLE = 0.88, (0.2, 0.75)
_BAND = 0.06
_KEPT = 0.85
_MARGIN = 0.12


@dataclass(frozen=True)
class Still:
    """One image.

    Attributes:
        id: ``<clip>_<frame>``.
        frame: Frame of the clip.
        labels: 1 or 0 by task; a task that leaves the image out has no entry.
    """

    id: str
    frame: int
    labels: dict[str, int]


def squat_stills(plan: ClipPlan, annotation: ClipAnnotation) -> list[Still]:
    """Images of the shallow-squat task.

    As in the release, erroneous images show the bottom of shallow repetitions, while two in three of
    the others are not at the bottom, so that most shallow clips have images of both classes.
    """
    rng, count = plan.stream("stills"), PRESETS[plan.preset].images
    stroke = 0.5 - 0.5 * np.cos(2 * np.pi * annotation.cycle)
    bottom = np.flatnonzero(stroke > _BOTTOM)
    middle = np.flatnonzero((stroke > _MIDDLE[0]) & (stroke < _MIDDLE[1]))
    shallow = annotation.labels["ss"]
    low = round(count * (2 / 3 if shallow else 1 / 3))
    chosen = [(t, shallow) for t in _some(rng, bottom, low)] + [
        (t, 0) for t in _some(rng, middle, count - low)
    ]
    return [Still(f"{annotation.id}_{t}", t, {"ss": label}) for t, label in sorted(chosen)]


def row_stills(plan: ClipPlan, annotation: ClipAnnotation) -> list[Still]:
    """Images of the row's two tasks, labelled by what the frame itself shows.

    Frames near a threshold and a random part of the others are left out for each task apart, so the
    id sets of the two tasks differ, as in the release.
    """
    rng = plan.stream("stills")
    preset = PRESETS[plan.preset]
    stills = []
    for t in sorted(_some(rng, np.arange(annotation.frames), preset.images)):
        labels = {}
        for spec in ERRORS["barbell-row"]:
            value, kept = float(annotation.courses[spec.name][t]), rng.random() < _KEPT
            clear = abs(value - spec.threshold) > _BAND * (spec.severe - spec.threshold)
            if kept and clear:
                labels[spec.name] = int(value > spec.threshold)
        if labels:
            stills.append(Still(f"{annotation.id}_{t}", t, labels))
    return stills


def crop_person(frame: NDArray[np.uint8], keypoints: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Cut out the lifter and letterbox the cut to a square with black bars.

    Args:
        frame: RGB image, shape ``(S, S, 3)``.
        keypoints: Pixel positions of the joints, shape ``(K, 2)``.

    Returns:
        RGB image, shape ``(C, C, 3)``; ``C`` follows the lifter's size.
    """
    size = len(frame)
    low, high = keypoints.min(0), keypoints.max(0)
    margin = _MARGIN * float((high - low).max())
    left, top = np.clip(np.floor(low - margin), 0, size - 2).astype(int)
    right, bottom = np.clip(np.ceil(high + margin), [left + 2, top + 2], size).astype(int)
    cut = frame[top:bottom, left:right]
    side = max(cut.shape[:2])
    boxed = np.zeros((side, side, 3), np.uint8)
    y, x = (side - cut.shape[0]) // 2, (side - cut.shape[1]) // 2
    boxed[y : y + cut.shape[0], x : x + cut.shape[1]] = cut
    return boxed


def _some(rng: np.random.Generator, frames: NDArray[np.int_], count: int) -> list[int]:
    return [int(t) for t in rng.permutation(frames)[:count]]
