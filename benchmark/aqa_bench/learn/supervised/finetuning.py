"""Training of backbone and head together on labels, from pictures that can be read at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.augment.transform import Compose
from aqa_bench.learn.supervised.head_training import (
    TrainingConfig,
    selection_score,
    supervised_loss,
    supervised_optimizer,
)
from aqa_bench.learn.training.batches import shuffled_batches
from aqa_bench.learn.training.device import Precision, autocast
from aqa_bench.learn.training.loop import FitResult, fit
from aqa_bench.learn.training.memory import out_of_memory_explained
from aqa_bench.media.clips import Indices

__all__ = ["LabelledPictures", "finetune_network"]

_Batch: TypeAlias = tuple[Tensor, Tensor, int]


@dataclass(frozen=True, slots=True)
class LabelledPictures:
    """Images or clips with their targets.

    Attributes:
        read: Decoded pictures ``(N, ...)`` uint8 of the samples of given numbers ``(N,)``.
        targets: ``(n,)``; int64 classes, or float32 standardised scores.
    """

    read: Callable[[Indices], Tensor]
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)


def finetune_network(
    network: nn.Module,
    train: LabelledPictures,
    val: LabelledPictures,
    config: TrainingConfig,
    *,
    is_score: bool,
    augment: Compose,
    seed: int,
    device: torch.device,
) -> FitResult:
    """Train a network in place on class-weighted cross-entropy or squared error.

    Args:
        network: Maps pictures to outputs ``(N, C)``.
        train: What to learn from.
        val: Chooses the epoch that is kept; none means the last.
        config: Optimisation.
        is_score: Whether targets are scores.
        augment: Applied to training pictures.
        seed: Seed of the order of samples and of the augmentation.
        device: Where to compute.

    Raises:
        DataError: A picture cannot be read.
        MethodError: The loss is not finite, or the GPU's memory is not enough.
    """
    targets, wanted = train.targets.to(device), val.targets.to(device)
    loss = supervised_loss(targets, config, is_score=is_score)
    precision = Precision.default(device)

    def batches(epoch: int) -> Iterator[_Batch]:
        numbers = torch.arange(len(train))
        order = shuffled_batches(numbers, train.targets, config.batch_size, derive_seed(seed, "epoch", epoch))
        for number, (index, y) in enumerate(order):
            yield train.read(index.numpy()), y, derive_seed(seed, "augmentation", epoch, number)

    def batch_loss(model: nn.Module, batch: _Batch) -> Tensor:
        x, y, draws = batch
        return loss(model(augment(x, torch.Generator().manual_seed(draws))), y)

    def score(_: int) -> float:
        outputs = []
        for start in range(0, len(val), config.batch_size):
            index = np.arange(start, min(start + config.batch_size, len(val)))
            with autocast(device, precision):
                outputs.append(network(val.read(index).to(device)))
        return selection_score(torch.cat(outputs), wanted, loss, config, is_score=is_score)

    parameters = [p for p in network.parameters() if p.requires_grad]
    network.to(device)
    with out_of_memory_explained(config.batch_size):
        return fit(
            network,
            batches,
            batch_loss,
            optimizer=supervised_optimizer(config, parameters),
            epochs=config.epochs,
            device=device,
            precision=precision,
            on_epoch=score if len(val) else None,
            patience=config.patience,
        )
