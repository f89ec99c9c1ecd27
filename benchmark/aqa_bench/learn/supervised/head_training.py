"""Heads on features: built by name, trained on what fits into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.heads.attentive import AttentiveHead
from aqa_bench.learn.heads.linear import LinearHead
from aqa_bench.learn.heads.mlp import MLPHead
from aqa_bench.learn.heads.resnet1d import ResNet1D
from aqa_bench.learn.losses.supervised import class_weights, mse_l1_loss, weighted_cross_entropy
from aqa_bench.learn.training.batches import shuffled_batches
from aqa_bench.learn.training.loop import FitResult, fit
from aqa_bench.learn.training.optimizers import optimizer

__all__ = [
    "Examples",
    "HeadKind",
    "TrainingConfig",
    "build_head",
    "forward",
    "selection_score",
    "supervised_loss",
    "supervised_optimizer",
    "train_head",
]

HeadKind = Literal["resnet1d", "attentive", "linear", "mlp"]
_SMALL = 1e-6
_ATTENTION_HEADS = 4


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
        batch_size: Examples a step.
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


def build_head(
    kind: HeadKind,
    in_features: int,
    num_outputs: int,
    *,
    width: int = 256,
    blocks: int = 4,
    dropout: float = 0.2,
) -> nn.Module:
    """Build a head, its initial weights drawn from PyTorch's default generator.

    Args:
        kind: ``resnet1d`` and ``attentive`` for sequences; ``linear`` and ``mlp`` for vectors, or
            sequences averaged over time.
        in_features: Length ``D`` of a feature.
        num_outputs: Number of logits or regression values.
        width: Channels of ``resnet1d``, width of ``attentive`` (a multiple of 4), or of the hidden layer of
            ``mlp``.
        blocks: Residual blocks of ``resnet1d``.
        dropout: Dropout before the last layer.

    Raises:
        RecipeError: The kind is unknown, or the width does not suit it.
    """
    match kind:
        case "resnet1d":
            return ResNet1D(in_features, num_outputs, width, blocks, dropout)
        case "attentive":
            if width % _ATTENTION_HEADS:
                raise RecipeError(
                    "The width does not divide among the heads of the attention.",
                    where="width",
                    expected=f"a multiple of {_ATTENTION_HEADS}",
                    found=width,
                )
            return AttentiveHead(in_features, num_outputs, width, _ATTENTION_HEADS, dropout)
        case "linear":
            return LinearHead(in_features, num_outputs, dropout)
        case "mlp":
            return MLPHead(in_features, num_outputs, (width,), dropout)
    raise RecipeError("The head is unknown.", expected="resnet1d, attentive, linear or mlp", found=kind)


def train_head(
    head: nn.Module,
    train: Examples,
    val: Examples,
    config: TrainingConfig,
    *,
    is_score: bool,
    seed: int,
    device: torch.device,
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
    """
    head.to(device)
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


def forward(head: nn.Module, x: Tensor, batch_size: int) -> Tensor:
    """Outputs ``(n, C)`` of inputs ``(n, ...)``, without gradients."""
    with torch.no_grad():
        return torch.cat([head(part) for part in torch.split(x, batch_size)])


def _f1(predicted: Tensor, targets: Tensor) -> float:
    hits = int(((predicted == 1) & (targets == 1)).sum())
    total = int((predicted == 1).sum()) + int((targets == 1).sum())
    return 2 * hits / total if total else 0.0
