"""What a method learns from a pool without labels, as the pre-training needs to know it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn import Parameter

from aqa_bench.learn.distributed import World
from aqa_bench.learn.image_batches import ImageBatch, ImageBatches

__all__ = ["Pretext"]


@dataclass(frozen=True)
class Pretext:
    """A network, the batches that it learns from, and the loss.

    Attributes:
        network: Backbone and what stands between it and the loss.
        embed: Embeddings ``(N, D)`` of decoded images, for monitors.
        batches: The batches of an epoch, for a batch size and this process' share.
        per_epoch: Batches an epoch of one process, for a batch size.
        loss: Mean loss of a batch; it calls the network that it is given.
        fixed_rate: Parameters whose learning rate no schedule changes.
    """

    network: nn.Module
    embed: Callable[[Tensor], Tensor]
    batches: Callable[[int, World], ImageBatches]
    per_epoch: Callable[[int], int]
    loss: Callable[[nn.Module, ImageBatch], Tensor]
    fixed_rate: Sequence[Parameter] = field(default=())
