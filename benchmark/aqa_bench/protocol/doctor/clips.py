"""Clips and still images that are drawn in memory, and offer all that a method may need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import FloatArray, LabeledSet, Media, Sample, Trajectory, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.layouts import find_layout

__all__ = ["CLIP_FRAMES", "DrawnClip", "DrawnStill", "labelled", "unlabelled"]

CLIP_FRAMES: Final = 72
"""Frames of a drawn clip: enough for clips of 8 frames at 8 times the normal speed."""
_SIDE = 48
_FEATURES = 16


class DrawnClip(Media):
    """A bar that goes down and comes up in front of a wall, which is red where there is an error.

    Args:
        number: Tells it from other clips.
        error: Whether it has the error.
    """

    provides = frozenset(Modality) - {Modality.IMAGE}

    def __init__(self, number: int, error: bool) -> None:
        self._number, self._error = number, error

    @property
    def length(self) -> int:
        """Number of frames."""
        return CLIP_FRAMES

    @property
    def content_key(self) -> str:
        """Its name, which tells all of its content."""
        return f"doctor-{type(self).__name__}-{self._number}-{int(self._error)}"

    @property
    def attributes(self) -> Mapping[str, float | str]:
        """Those of a dive, whose position is the error."""
        place: dict[str, float | str] = {"position": "pike" if self._error else "tuck", "rotation": "back"}
        counts = {"armstand": 0.0, "somersaults": 2.5, "twists": 0.0, "difficulty": 2.8 + self._error}
        named: dict[str, float | str] = {"event": "01", "exercise": "shoulder-press"}
        return place | counts | named | {"duration": float(CLIP_FRAMES)}

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames as ``(T, H, W, 3)`` uint8 RGB; see :class:`~aqa_bench.core.sample.Media`."""
        side, elevation = size or _SIDE, self._elevation()
        numbers = list(range(self.length)) if indices is None else list(indices)
        wall = self._rng("wall").integers(0, 60, (side, side, 3))
        wall[..., 0 if self._error else 2] += 150
        images = np.repeat(wall[None].astype(np.uint8), len(numbers), axis=0)
        for image, number in zip(images, numbers, strict=True):
            top = int((1 - elevation[number]) * side * 0.8)
            image[top : top + max(side // 8, 1)] = 255
        return images

    def image(self, size: int | None = None) -> UInt8Array:
        """A frame on the way down, ``(H, W, 3)`` uint8 RGB."""
        picture: UInt8Array = self.frames([self.length // 4], size)[0]
        return picture

    def trajectory(self) -> Trajectory:
        """Down and up again."""
        elevation = self._elevation()
        return Trajectory(elevation, np.ones_like(elevation), self.length // 2)

    def bar_boxes(self) -> FloatArray:
        """Boxes of the bar, ``(T, 4)`` float32."""
        top = (1 - self._elevation()) * _SIDE * 0.8
        edges = [np.zeros_like(top), top, np.full_like(top, _SIDE), top + _SIDE / 8]
        return np.stack(edges, axis=1).astype(np.float32)

    def keypoints(self, layout: str) -> FloatArray:
        """Points that rise and sink with the bar, ``(T, V, 3)`` float32."""
        points = self._joints(layout, 2) * _SIDE
        return np.concatenate([points, np.ones_like(points[..., :1])], axis=2)

    def joints_3d(self, layout: str) -> FloatArray:
        """The same in space, ``(T, V, 4)`` float32."""
        points = self._joints(layout, 3)
        return np.concatenate([points, np.ones_like(points[..., :1])], axis=2)

    def distances(self) -> FloatArray:
        """Distances between the joints of a layout, ``(T, V(V-1)/2)`` float32."""
        points = self._joints("hmr-19", 3)
        rows, columns = np.triu_indices(points.shape[1], k=1)
        apart: FloatArray = np.linalg.norm(points[:, rows] - points[:, columns], axis=2).astype(np.float32)
        return apart

    def features(self) -> FloatArray:
        """Random features that tell the error, ``(T, D)`` float32."""
        noise = self._rng("features").normal(size=(self.length, _FEATURES))
        return (noise + self._error).astype(np.float32)

    def _elevation(self) -> npt.NDArray[np.float32]:
        return np.abs(np.linspace(-1, 1, self.length)).astype(np.float32)

    def _joints(self, layout: str, axes: int) -> npt.NDArray[np.float32]:
        count = len(find_layout(layout))
        still = self._rng(layout).uniform(0.2, 0.8, (1, count, axes))
        moving = np.repeat(still, self.length, axis=0)
        moving[..., 1] += 0.2 * (1 - self._elevation()[:, None]) * np.linspace(1, 0, count)
        moving[:, 0, 0] += 0.2 * self._error
        return moving.astype(np.float32)

    def _rng(self, what: str) -> np.random.Generator:
        return np.random.default_rng([self._number, *what.encode()])


class DrawnStill(DrawnClip):
    """One frame of such a clip; the trajectory is where the bar is in it."""

    provides = frozenset({Modality.IMAGE, Modality.TRAJECTORY, Modality.BAR_BOXES})

    @property
    def length(self) -> int:
        """One image."""
        return 1

    def image(self, size: int | None = None) -> UInt8Array:
        """The image, ``(H, W, 3)`` uint8 RGB."""
        picture: UInt8Array = self.frames([0], size)[0]
        return picture

    def _elevation(self) -> npt.NDArray[np.float32]:
        return self._rng("height").uniform(0.2, 0.9, 1).astype(np.float32)


def labelled(kind: type[DrawnClip], numbers: range, *, scores: bool = False) -> LabeledSet:
    """Samples with the error and without in turn.

    Args:
        kind: What is drawn.
        numbers: Their numbers.
        scores: Whether targets are scores of about 50 rather than 0 and 1.
    """
    samples = tuple(Sample(f"s{i}", f"s{i}", kind(i, i % 2 == 1)) for i in numbers)
    targets = np.array([float(i % 2) for i in numbers])
    return LabeledSet(samples, 50 + 10 * targets + np.arange(len(targets)) if scores else targets)


def unlabelled(numbers: range) -> tuple[Sample, ...]:
    """Clips without labels."""
    return tuple(Sample(f"p{i}", f"p{i}", DrawnClip(i, i % 2 == 1)) for i in numbers)
