"""Clips of which something was taken away, for controls."""

from __future__ import annotations

from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.sample import Media
from aqa_bench.core.task import Modality

__all__ = ["AlteredClip"]


class AlteredClip(Media):
    """A clip of which frames alone are left; subclasses say which and how they look.

    Args:
        clip: The clip's own media.
        change: What is done to the frames, for the keys of caches.
    """

    provides = frozenset({Modality.FRAMES})

    def __init__(self, clip: Media, change: str) -> None:
        self.clip = clip
        self.change = change

    @property
    def length(self) -> int:
        """Number of frames."""
        return self.clip.length

    @property
    def content_key(self) -> str:
        """Hash of the clip's content and of what is done to it."""
        return sha256_bytes(f"{self.change}\x1f{self.clip.content_key}".encode())

    def draw_seed(self, name: str) -> int:
        """The clip's own, for this change."""
        return self.clip.draw_seed(f"{self.change}\x1f{name}")
