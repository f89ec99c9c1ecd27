"""What a recipe has to say about the training on a pool, whatever it trains."""

from __future__ import annotations

from typing import Literal, Protocol

__all__ = ["PretrainingOptions"]


class PretrainingOptions(Protocol):
    """Length, optimisation and batch size; recipes of images and of videos have these fields."""

    @property
    def epochs(self) -> int:
        """Passes over the pool."""
        ...

    @property
    def steps(self) -> int | None:
        """Batches in all, in place of epochs."""
        ...

    @property
    def batch_size(self) -> int:
        """Units a batch."""
        ...

    @property
    def accumulate(self) -> int:
        """Batches whose mean gradient makes one step."""
        ...

    @property
    def optimizer(self) -> str:
        """Name of the optimiser."""
        ...

    @property
    def lr(self) -> float:
        """Learning rate."""
        ...

    @property
    def weight_decay(self) -> float:
        """Weight decay."""
        ...

    @property
    def schedule(self) -> Literal["constant", "cosine"]:
        """Course of the learning rate, step by step."""
        ...

    @property
    def warmup(self) -> int:
        """Steps over which the learning rate rises to its full value."""
        ...
