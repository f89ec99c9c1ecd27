"""Readers of a generated dive: annotations at once, frames from the rendered video."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.sample import FloatArray, Media, UInt8Array
from aqa_bench.core.task import Modality

from .annotated import AnnotatedDives
from .presets import DIVING_VERSION, diving_preset

__all__ = ["DiveMedia"]

_LAYOUT = "coco-17"
_SEEN = frozenset({Modality.FRAMES, Modality.KEYPOINTS})

ReadFrames: TypeAlias = Callable[[str, Sequence[int] | None, int | None], UInt8Array]


class DiveMedia(Media):
    """A dive.

    Args:
        known: Annotations of the dataset.
        dive: Sample id.
        frames: Reads frames of a dive: its id, their indices, and the side to resize them to.
        told: What the task tells of the dive; None where it tells nothing.
    """

    def __init__(
        self,
        known: AnnotatedDives,
        dive: str,
        frames: ReadFrames,
        told: Mapping[str, float | str] | None = None,
    ) -> None:
        self._known = known
        self._dive = dive
        self._frames = frames
        self._told = told
        self.provides = _SEEN if told is None else _SEEN | {Modality.ATTRIBUTES}

    @property
    def length(self) -> int:
        """Number of frames."""
        return diving_preset(self._known.preset).frames

    @property
    def fps(self) -> float:
        """Frames a second."""
        return diving_preset(self._known.preset).fps

    @property
    def content_key(self) -> str:
        """Hash of what the media are generated from, for the video's bytes depend on the encoder's build."""
        return sha256_bytes(f"gym diving {DIVING_VERSION} {self._known.preset} {self._dive}".encode())

    @property
    def attributes(self) -> Mapping[str, float | str]:
        """Class and event of the dive and, where the task tells it, its difficulty.

        Raises:
            DataError: The task tells nothing.
        """
        return super().attributes if self._told is None else dict(self._told)

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames as ``(T, H, W, 3)`` RGB."""
        return self._frames(self._dive, indices, size)

    def keypoints(self, layout: str = _LAYOUT) -> FloatArray:
        """Exact keypoints as ``(T, V, 3)`` float32; confidence 0 under water and outside the picture."""
        from aqa_bench.media.layouts import convert

        known = self._known.keypoints_of(self._dive)
        return np.asarray(convert(known, _LAYOUT, layout), dtype=np.float32)
