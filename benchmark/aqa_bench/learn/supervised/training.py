"""Training on labels: heads on features, and whole networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import Parameter

from aqa_bench.core.method import FitContext
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.augment.transform import Compose
from aqa_bench.learn.losses.supervised import class_weights, mse_l1_loss, weighted_cross_entropy
from aqa_bench.learn.supervised.targets import FitData, forward
from aqa_bench.learn.training.batches import shuffled_batches
from aqa_bench.learn.training.device import Precision, autocast, out_of_memory_explained
from aqa_bench.learn.training.loop import FitResult, fit, optimizer, to_device
from aqa_bench.media.clips import Indices

__all__ = [
    "Examples",
    "Pictures",
    "TrainingConfig",
    "finetune_network",
    "fit_head",
    "selection_score",
    "supervised_loss",
    "supervised_optimizer",
    "train_head",
]

_SMALL = 1e-6


@dataclass(frozen=True, slots=True)
class Examples:
    """Inputs with their targets.

    Attributes:
        x: ``(n, T, D)`` or ``(n, D)`` float32 features.
        y: ``(n,)``; int64 classes, or float32 standardised scores.
    """

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device) -> Examples:
        """The same on a device."""
        return Examples(self.x.to(device), self.y.to(device))


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a network is trained on labels.

    Attributes:
        optimizer: Optimiser.
        lr: Learning rate.
        weight_decay: Weight decay.
        epochs: Most epochs; exactly so many where there is no val.
        batch_size: Examples per step.
        patience: Epochs without a better val score before training stops; None never stops early.
        class_weights: Whether both classes weigh the same in the loss of binary tasks.
        select: What the kept epoch is best at on val: ``f1`` (at 0.5, ties by loss; score tasks always
            use the loss) or ``loss``.
        score_loss: Loss of score tasks: squared error (``mse``), or squared plus absolute error
            (``mse-l1``).
    """

    optimizer: str = "adamw"
    lr: float = 1e-4
    weight_decay: float = 0.01
    epochs: int = 100
    batch_size: int = 16
    patience: int | None = None
    class_weights: bool = True
    select: Literal["f1", "loss"] = "f1"
    score_loss: Literal["mse", "mse-l1"] = "mse"


def train_head(
    head: nn.Module,
    train: Examples,
    val: Examples,
    config: TrainingConfig,
    *,
    is_score: bool,
    seed: int,
    device: torch.device,
    progress: Progress | None = None,
) -> FitResult:
    """Train a head in place, on class-weighted cross-entropy or the loss of scores.

    Args:
        head: Maps ``x`` to two logits, or to one score; left in evaluation mode on ``device``.
        train: Examples to learn from, at least two.
        val: Examples to choose the epoch on; none means that the last epoch is kept.
        config: Optimisation.
        is_score: Whether targets are scores.
        seed: Seed of the order of batches. Dropout draws from PyTorch's default generator.
        device: Where to compute.
        progress: Where to report.
    """
    from aqa_bench.learn.training.graph import recorder_for

    head.to(device)
    # Features are small: copied once, an epoch waits for no transfer.
    train, val = train.to(device), val.to(device)
    loss = supervised_loss(train.y, config, is_score=is_score)

    def batch_loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return loss(model(batch[0]), batch[1])

    def score(_: int) -> float:
        outputs = forward(head, val.x, config.batch_size)
        return selection_score(outputs, val.y, loss, config, is_score=is_score)

    return fit(
        head,
        lambda epoch: shuffled_batches(
            train.x, train.y, config.batch_size, derive_seed(seed, "epoch", epoch)
        ),
        batch_loss,
        optimizer=supervised_optimizer(config, head.parameters()),
        epochs=config.epochs,
        device=device,
        on_epoch=score if len(val) else None,
        patience=config.patience,
        progress=progress,
        task="training the head",
        recorder=recorder_for(device),
    )


def fit_head(
    head: nn.Module,
    x: Tensor,
    inputs: Callable[[Sequence[Sample]], Tensor],
    data: FitData,
    config: TrainingConfig,
    ctx: FitContext,
    device: torch.device,
) -> FitResult:
    """Train a head in place on what it sees of labelled samples.

    Args:
        head: Left in evaluation mode on ``device``.
        x: Its inputs of the training samples.
        inputs: Makes its inputs of other samples.
        data: Labelled samples.
        config: Optimisation.
        ctx: Its seed orders the batches.
        device: Where to compute.
    """
    # An empty part keeps its shape, so that nothing behind has to ask whether there is a val.
    judged = inputs(data.val.samples) if len(data.val) else x[:0]
    return train_head(
        head,
        Examples(x, data.coding.encode(data.train.targets)),
        Examples(judged, data.coding.encode(data.val.targets)),
        config,
        is_score=data.coding.is_score,
        seed=derive_seed(ctx.seed, "head"),
        device=device,
        progress=ctx.progress,
    )


def supervised_optimizer(config: TrainingConfig, params: Iterable[Parameter]) -> torch.optim.Optimizer:
    """The configuration's optimiser."""
    return optimizer(config.optimizer, params, config.lr, weight_decay=config.weight_decay)


def supervised_loss(
    targets: Tensor, config: TrainingConfig, *, is_score: bool
) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of outputs against targets.

    Args:
        targets: ``(n,)`` of the training set, whose class frequencies are used.
        config: Says whether classes weigh the same, and names the loss of scores.
        is_score: Whether targets are scores.
    """
    if is_score and config.score_loss == "mse-l1":
        return lambda outputs, y: mse_l1_loss(outputs[:, 0], y)
    if is_score:
        return lambda outputs, y: nn.functional.mse_loss(outputs[:, 0], y)
    # From the whole training set: counted per batch, a batch without errors would weigh them by nothing.
    weights = class_weights(targets).to(targets.device) if config.class_weights else None
    return lambda outputs, y: weighted_cross_entropy(outputs, y, weights)


def selection_score(
    outputs: Tensor,
    targets: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    config: TrainingConfig,
    *,
    is_score: bool,
) -> float:
    """How good an epoch is on val; higher is better.

    Args:
        outputs: ``(n, C)``.
        targets: ``(n,)``.
        loss: Of :func:`supervised_loss`.
        config: Names the criterion.
        is_score: Whether targets are scores.
    """
    value = float(loss(outputs, targets))
    if is_score or config.select == "loss":
        return -value
    # Scaled down to decide only between epochs of equal F1.
    return _f1(outputs.argmax(dim=1), targets) - _SMALL * value


def _f1(predicted: Tensor, targets: Tensor) -> float:
    # Not from stats, which learn does not import; this runs after every
    # epoch, on the device of the outputs.
    hits = int(((predicted == 1) & (targets == 1)).sum())
    total = int((predicted == 1).sum()) + int((targets == 1).sum())
    return 2 * hits / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Pictures:
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
    train: Pictures,
    val: Pictures,
    config: TrainingConfig,
    *,
    is_score: bool,
    augment: Compose,
    seed: int,
    device: torch.device,
    progress: Progress | None = None,
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
        progress: Where to report.

    Raises:
        DataError: A picture cannot be read.
        MethodError: The loss is not finite, or the GPU's memory is not enough.
    """
    from aqa_bench.learn.training.graph import recorder_for

    targets, wanted = train.targets.to(device), val.targets.to(device)
    loss = supervised_loss(targets, config, is_score=is_score)
    precision = Precision.default(device)

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        # Numbers are shuffled, not pictures: those are read batch by batch and need not fit into memory.
        numbers = torch.arange(len(train))
        order = shuffled_batches(numbers, train.targets, config.batch_size, derive_seed(seed, "epoch", epoch))
        for number, (index, y) in enumerate(order):
            # A seed for each batch: augmentation does not depend on how far a thread has read ahead.
            draws = torch.Generator().manual_seed(derive_seed(seed, "augmentation", epoch, number))
            yield augment(to_device(train.read(index.numpy()), device), draws), y

    def batch_loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return loss(model(batch[0]), batch[1])

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
            progress=progress,
            per_epoch=math.ceil(len(train) / config.batch_size),
            task="training on labels",
            recorder=recorder_for(device),
        )
