"""What a method learns from a pool without labels, as the pre-training needs to know it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic

from torch import Tensor, nn
from torch.nn import Parameter
from typing_extensions import TypeVar

from aqa_bench.core.sample import UInt8Array
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.image_batches import ImageBatch
from aqa_bench.learn.pretraining.image_monitor import Monitor
from aqa_bench.learn.training.distributed import World

__all__ = ["Pretext"]

BatchT = TypeVar("BatchT", default=ImageBatch)


@dataclass(frozen=True)
class Pretext(Generic[BatchT]):
    """A network, the batches that it learns from, and the loss.

    Attributes:
        network: Backbone and what stands between it and the loss.
        embed: Embeddings ``(N, D)`` of decoded images or clips, for monitors.
        batches: The batches of an epoch, for a batch size and this process' share.
        per_epoch: Batches an epoch of one process, for a batch size.
        loss: Mean loss of a batch; it calls the network that it is given.
        fixed_rate: Parameters whose learning rate no schedule changes.
        idle: Whether the loss leaves some of the network's parameters without a gradient.
        measure: Figures of its own on clips that are watched, with the network in evaluation mode.
        picture: What was learnt, drawn from such clips: ``(H, W, 3)`` uint8 RGB.
        monitor: Watches the training; frame by frame where None.
    """

    network: nn.Module
    embed: Callable[[Tensor], Tensor]
    batches: Callable[[int, World], Callable[[int], Iterator[BatchT]]]
    per_epoch: Callable[[int], int]
    loss: Callable[[nn.Module, BatchT], Tensor]
    fixed_rate: Sequence[Parameter] = field(default=())
    idle: bool = False
    measure: Callable[[FrameIndex], Mapping[str, float]] | None = None
    picture: Callable[[FrameIndex], UInt8Array] | None = None
    monitor: Monitor | None = None
