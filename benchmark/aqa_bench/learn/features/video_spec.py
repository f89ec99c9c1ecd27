"""Clips of a sample as video networks take them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.sample import Sample, UInt8Array
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.features.frames import FrameSpec, read_frames
from aqa_bench.media.clips import Indices, shuffled, still

__all__ = ["ClipSpec", "Order", "read_clip"]

Order = Literal["forward", "still", "shuffled"]


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """Which frames of a sample make a clip, and at which size.

    Attributes:
        frames: Frames a clip, spread evenly over the sample.
        clips: Successive clips that share the sample between them; their features are averaged.
        resize: Side in pixels to which whole frames are squashed.
        crop: Side of the central square that is kept; the whole frame where None.
        order: ``forward``; or, as controls of what motion is worth, ``still`` (the middle frame in place
            of all) or ``shuffled`` (frames in an order drawn once for each sample).
    """

    frames: int = 32
    clips: int = 1
    resize: int = 128
    crop: int | None = 112
    order: Order = "forward"

    def __post_init__(self) -> None:
        if self.frames < 1 or self.clips < 1:
            raise RecipeError(
                "The clips asked for do not exist.",
                expected="at least 1 frame and 1 clip",
                found=f"frames {self.frames}, clips {self.clips}",
            )
        _ = self.frame_spec  # checks the size

    @property
    def frame_spec(self) -> FrameSpec:
        """The frames to read of a sample, clip after clip."""
        return FrameSpec(self.frames * self.clips, self.resize, self.crop)

    @property
    def side(self) -> int:
        """Side of the frames, in pixels."""
        return self.frame_spec.side

    def positions(self, sample: Sample) -> Indices:
        """Positions ``(clips * frames,)`` among the frames that are read, in the order of playing."""
        forward = np.arange(self.frames * self.clips, dtype=np.int64)
        match self.order:
            case "still":
                return still(forward)
            case "shuffled":
                rng = np.random.default_rng(derive_seed("shuffled", sample.media.content_key))
                return shuffled(forward, rng)
        return forward

    def document(self) -> dict[str, Any]:
        """As JSON, for the keys of caches."""
        return asdict(self)


def read_clip(sample: Sample, spec: ClipSpec) -> UInt8Array:
    """The clips of a sample, one behind the other: ``(clips * frames, side, side, 3)`` RGB.

    Raises:
        DataError: The sample has no frames, or they cannot be read.
    """
    return read_frames(sample, spec.frame_spec)[spec.positions(sample)]
