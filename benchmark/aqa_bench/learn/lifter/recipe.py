"""How a finder of the lifter is trained."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FinderRecipe"]


@dataclass(frozen=True, slots=True)
class FinderRecipe:
    """How a finder is trained.

    Attributes:
        clips: Clips that it learns from.
        frames: Frames of each.
        steps: Steps of AdamW; the rate rises and falls once over them.
        batch: Frames per step.
        rate: Peak learning rate.
        seed: Of weights, order and augmentation.
    """

    clips: int = 700
    frames: int = 3
    steps: int = 700
    batch: int = 48
    rate: float = 3e-3
    seed: int = 0

    def __str__(self) -> str:
        return (
            f"{self.clips}x{self.frames} frames, {self.steps}x{self.batch}, {self.rate:g}, seed {self.seed}"
        )
