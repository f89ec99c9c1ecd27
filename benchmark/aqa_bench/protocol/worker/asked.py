"""What a method asked of media, as the runner answered it: the description of its input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Asked"]

_MOST = 16


@dataclass(frozen=True)
class Asked:
    """Questions that were answered, each kind at most 16 times.

    Attributes:
        modalities: What was read.
        layouts: Joint orders that keypoints were asked for in.
        sizes: Sides in pixels that pictures were asked for in.
        frames: Numbers of frames that were asked for at once.
    """

    modalities: set[str] = field(default_factory=set)
    layouts: set[str] = field(default_factory=set)
    sizes: set[int] = field(default_factory=set)
    frames: set[int] = field(default_factory=set)

    def note(self, question: str, arguments: Sequence[object]) -> None:
        """Note a question about one sample that was answered."""
        self.modalities.add(question.replace("_", "-"))
        match question, arguments:
            case (("keypoints" | "joints_3d"), [str(layout)]):
                _note(self.layouts, layout)
            case "frames", [indices, size]:
                self._size(size)
                if isinstance(indices, list):
                    _note(self.frames, len(indices))
            case "image", [size]:
                self._size(size)

    def note_store(self, resize: object, frames: object) -> None:
        """Note that clips were asked for at one size, all at once."""
        self.modalities.add("frames")
        self._size(resize)
        if isinstance(frames, int):
            _note(self.frames, frames)

    def _size(self, size: object) -> None:
        if isinstance(size, int):
            _note(self.sizes, size)


def _note(known: set[Any], value: object) -> None:
    if len(known) < _MOST:
        known.add(value)
