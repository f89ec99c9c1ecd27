"""One sample as an array of fixed length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality
from aqa_bench.media.clips import uniform

__all__ = ["Form", "array_of"]


@dataclass(frozen=True)
class Form:
    """What is read of a sample.

    Attributes:
        modality: What it is.
        frames: Frames of a clip, spread evenly over it.
        size: Side of pictures in pixels.
        layout: Joint order of keypoints.
    """

    modality: Modality
    frames: int
    size: int
    layout: str


def array_of(sample: Sample, form: Form) -> npt.NDArray[Any]:
    """Read a sample.

    Returns:
        ``(frames, size, size, 3)`` uint8 of frames, ``(size, size, 3)`` uint8 of an image, ``(frames, ...)``
        float32 of what else has time, ``(D,)`` float32 of features without any.

    Raises:
        DataError: Media cannot be read, or have no such joints.
    """
    media = sample.media
    if form.modality is Modality.IMAGE:
        return media.image(form.size)
    if form.modality is Modality.FRAMES:
        return media.frames(uniform(media.length, form.frames).tolist(), form.size)
    if form.modality is Modality.FEATURES:
        sequence = media.features()
        if sequence.ndim == 1:
            return sequence
    elif form.modality is Modality.DISTANCES:
        sequence = media.distances()
    elif form.modality is Modality.JOINTS_3D:
        sequence = media.joints_3d(form.layout)
    else:
        sequence = media.keypoints(form.layout)
    return np.asarray(sequence[uniform(len(sequence), form.frames)], dtype=np.float32)
