"""Readers of a generated clip or image: annotations at once, frames from the rendered release."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.sample import FloatArray, Media, Trajectory, UInt8Array
from aqa_bench.core.task import Modality

from .annotated import Annotated
from .presets import GENERATOR_VERSION, PRESETS

__all__ = ["GymClip", "GymImage"]

_LAYOUT = "coco-17"

ReadFrames: TypeAlias = Callable[[str, Sequence[int] | None, int | None], UInt8Array]
ReadImage: TypeAlias = Callable[[str, int | None], UInt8Array]
ReadTrajectory: TypeAlias = Callable[[str], Trajectory]


class _Generated(Media):
    def __init__(self, known: Annotated, sample: str, clip: str) -> None:
        self._known = known
        self._sample = sample
        self._clip = clip

    @property
    def content_key(self) -> str:
        """Hash of what the media are generated from, for the videos' bytes depend on the encoder's build."""
        drawn, exercise = PRESETS[self._known.preset].drawn_as, self._known.exercise
        return sha256_bytes(f"gym {GENERATOR_VERSION} {drawn} {exercise} {self._sample}".encode())


class GymClip(_Generated):
    """A clip of the gym.

    Args:
        known: Annotations of the dataset.
        clip: Clip id.
        frames: Reads frames of a clip: its id, their indices, and the side to resize them to.
        trajectory: Reads the trajectory of a clip.
    """

    provides = frozenset({Modality.FRAMES, Modality.TRAJECTORY, Modality.KEYPOINTS, Modality.BAR_BOXES})

    def __init__(self, known: Annotated, clip: str, frames: ReadFrames, trajectory: ReadTrajectory) -> None:
        super().__init__(known, clip, clip)
        self._frames = frames
        self._trajectory = trajectory

    @property
    def length(self) -> int:
        """Number of frames."""
        return int(self._known.clips[self._clip]["frames"])

    @property
    def fps(self) -> float:
        """Frames a second."""
        return float(self._known.clips[self._clip]["fps"])

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames as ``(T, H, W, 3)`` RGB."""
        return self._frames(self._clip, indices, size)

    def keypoints(self, layout: str = _LAYOUT) -> FloatArray:
        """Exact keypoints as ``(T, V, 3)`` float32; confidence 1 in sight, 0.5 hidden, 0 outside."""
        return _converted(self._known.row(self._clip, "keypoints_2d"), layout)

    def trajectory(self) -> Trajectory:
        """The bar's trajectory as the simulated detector delivers it."""
        return self._trajectory(self._clip)

    def bar_boxes(self) -> FloatArray:
        """Boxes of the barbell as ``(T, 4)`` float32: left, top, right and bottom in pixels."""
        return self._known.row(self._clip, "bar_box")

    @property
    def attributes(self) -> Mapping[str, float | str]:
        """Nothing that a real release would not tell."""
        return {}


class GymImage(_Generated):
    """A still of the gym.

    Args:
        known: Annotations of the dataset.
        image: Image id.
        clip: Id of its clip.
        frame: Frame of the clip.
        read: Reads an image: its id, and the side to resize it to.
    """

    provides = frozenset({Modality.IMAGE, Modality.KEYPOINTS, Modality.BAR_BOXES})

    def __init__(self, known: Annotated, image: str, clip: str, frame: int, read: ReadImage) -> None:
        super().__init__(known, image, clip)
        self._frame = frame
        self._read = read

    @property
    def length(self) -> int:
        """1."""
        return 1

    def image(self, size: int | None = None) -> UInt8Array:
        """The image as ``(H, W, 3)`` RGB."""
        return self._read(self._sample, size)

    def keypoints(self, layout: str = _LAYOUT) -> FloatArray:
        """Exact keypoints in the whole frame's pixels as ``(1, V, 3)`` float32."""
        row = self._known.row(self._clip, "keypoints_2d")
        return _converted(row[self._frame : self._frame + 1], layout)

    def bar_boxes(self) -> FloatArray:
        """Box of the barbell in the whole frame's pixels as ``(1, 4)`` float32."""
        return self._known.row(self._clip, "bar_box")[self._frame : self._frame + 1]


def frame_size(preset: str) -> int:
    """Side of a preset's frames in pixels."""
    return PRESETS[preset].size


def _converted(keypoints: FloatArray, layout: str) -> FloatArray:
    from aqa_bench.media.layouts import convert

    return np.asarray(convert(keypoints, _LAYOUT, layout), dtype=np.float32)
