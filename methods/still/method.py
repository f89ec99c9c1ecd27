"""One frame of a clip, repeated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aqa_bench.core.sample import Media, UInt8Array
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.altered import AlteredClip
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe
from aqa_bench.learn.methods.sources import Fixed

__all__ = ["MiddleFrame", "Still"]


class MiddleFrame(AlteredClip):
    """The middle frame of a clip, as a clip of one frame.

    Args:
        clip: The clip's own media.
    """

    def __init__(self, clip: Media) -> None:
        super().__init__(clip, "middle frame")

    @property
    def length(self) -> int:
        """1."""
        return 1

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """The middle frame, as often as frames are asked for."""
        count = 1 if indices is None else len(indices)
        return np.repeat(self.clip.frames([(self.clip.length - 1) // 2], size), count, axis=0)


class Still(ImageMethod[ImageRecipe]):
    """The control without motion: the head gets the middle frame's features at every time."""

    def source(self) -> Fixed[ImageBackbone]:
        """The weights that the backbone comes with."""
        return Fixed()

    def altered(self, clip: Media) -> MiddleFrame:
        """The clip's middle frame."""
        return MiddleFrame(clip)
