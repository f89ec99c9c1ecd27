"""Bar trajectories as a detector would have delivered them, in the release's two formats."""

from __future__ import annotations

import numpy as np

from .kinematics import Array

__all__ = ["detected_boxes", "detected_heights"]

#: Side of the frame that the press's detector saw, pixels.
DETECTOR_SIZE = 416
_JITTER = 0.003
_MISSING_CLIPS, _MISSING_FRAMES = 0.37, 0.24
_OTHER_REGION = 0.04


def detected_heights(rng: np.random.Generator, boxes: Array, size: int) -> list[float]:
    """Squat format: the height of the bar's centre over the lower edge of each frame, in pixels.

    Args:
        rng: Source of the detector's jitter.
        boxes: Left, top, right and bottom in pixels, shape ``(T, 4)``.
        size: Frame side in pixels.
    """
    centre = (boxes[:, 1] + boxes[:, 3]) / 2
    return [float(v) for v in np.round(size - centre + rng.normal(0, _JITTER * size, len(boxes)), 3)]


def detected_boxes(rng: np.random.Generator, boxes: Array, size: int) -> list[list[list[list[int]]]]:
    """Press format: per frame three regions of no or one box ``[x1, y1, x2, y2, confidence]``.

    Integers in a frame of 416 pixels, confidence 0 to 100. The bar is in region 0, seldom in
    region 1; a third of the clips miss it in a burst of frames, as in the release.

    Args:
        rng: Source of the detector's jitter and misses.
        boxes: Left, top, right and bottom in pixels, shape ``(T, 4)``.
        size: Frame side in pixels.
    """
    frames = len(boxes)
    scaled = boxes * DETECTOR_SIZE / size + rng.normal(0, _JITTER * DETECTOR_SIZE, boxes.shape)
    scaled = np.clip(np.round(scaled), 0, DETECTOR_SIZE).astype(int)
    confidence = rng.integers(55, 100, frames)
    missing = np.zeros(frames, bool)
    if rng.random() < _MISSING_CLIPS:
        length = 1 + int(rng.binomial(frames, _MISSING_FRAMES))
        first = int(rng.integers(0, frames - length + 1))
        missing[first : first + length] = True
    region = 1 if rng.random() < _OTHER_REGION else 0
    still = [int(v) for v in rng.integers(0, DETECTOR_SIZE // 2, 2)]
    decoy = [*still, still[0] + 40, still[1] + 40, 31]
    shown = rng.random(frames) < 0.3
    track = []
    for frame in range(frames):
        regions: list[list[list[int]]] = [[], [], []]
        if not missing[frame]:
            regions[region].append([*(int(v) for v in scaled[frame]), int(confidence[frame])])
        if shown[frame]:
            regions[2].append(decoy)
        track.append(regions)
    return track
