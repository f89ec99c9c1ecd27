"""Frames of clips with what is known of their poses."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality
from aqa_bench.learn.features.frames import FrameSpec, frame_indices
from aqa_bench.learn.looking.retrieval import normalised_poses

__all__ = ["PoseFrames", "collect_frames"]

_log = logging.getLogger(__name__)
_LAYOUT = "coco-17"
_JOINTS = 17


@dataclass(frozen=True)
class PoseFrames:
    """N frames of clips.

    Attributes:
        samples: The clips.
        clip: ``(N,)`` index into them.
        number: ``(N,)`` frame number within the clip.
        groups: ``(N,)`` source video or session.
        elevation: ``(N,)`` normalised elevation of the bar; NaN where unknown.
        poses: ``(N, 17, 2)`` relative to the hips in torso lengths; NaN where unknown.
    """

    samples: tuple[Sample, ...]
    clip: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    groups: npt.NDArray[np.str_]
    elevation: npt.NDArray[np.float64]
    poses: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.clip)


def collect_frames(samples: Sequence[Sample], frames: int) -> PoseFrames:
    """Frames of clips, spread evenly over each; still images count as clips of one frame.

    Args:
        samples: Clips or still images.
        frames: Frames per clip, at most.

    Returns:
        The frames, clip by clip. What a clip does not tell is NaN.
    """
    spec = FrameSpec(frames)
    numbers = [_numbers(sample, spec) for sample in samples]
    lengths = [len(n) for n in numbers]
    return PoseFrames(
        samples=tuple(samples),
        clip=np.repeat(np.arange(len(samples)), lengths),
        number=np.concatenate(numbers),
        groups=np.repeat(np.array([sample.group for sample in samples]), lengths),
        elevation=np.concatenate([_elevation(s, n) for s, n in zip(samples, numbers, strict=True)]),
        poses=np.concatenate([_poses(s, n) for s, n in zip(samples, numbers, strict=True)]),
    )


def _numbers(sample: Sample, spec: FrameSpec) -> npt.NDArray[np.int64]:
    found = frame_indices(sample, spec)
    return found if Modality.FRAMES in sample.media.provides else found[:1]


def _elevation(sample: Sample, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    if Modality.TRAJECTORY in sample.media.provides:
        try:
            return np.asarray(sample.media.trajectory().elevation[numbers], np.float64)
        except (DataError, IndexError) as error:
            _log.warning("A clip without a usable trajectory: %s", error)
    return np.full(len(numbers), np.nan)


def _poses(sample: Sample, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    if Modality.KEYPOINTS in sample.media.provides:
        try:
            return normalised_poses(sample.media.keypoints(_LAYOUT), _LAYOUT)[numbers]
        except (DataError, IndexError) as error:
            _log.warning("A clip without usable keypoints: %s", error)
    return np.full((len(numbers), _JOINTS, 2), np.nan, np.float32)
