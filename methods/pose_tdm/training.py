"""Training of the ResNet1D head on distance matrices."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.batches import shuffled_batches
from aqa_bench.learn.heads.resnet1d import ResNet1D
from aqa_bench.learn.loop import FitResult, fit
from aqa_bench.learn.losses import class_weights, weighted_cross_entropy
from aqa_bench.learn.optimizers import optimizer

from .recipe import TDMRecipe

__all__ = ["Examples", "forward", "train_head"]

_SMALL = 1e-6


@dataclass(frozen=True, slots=True)
class Examples:
    """Inputs with their targets.

    Attributes:
        x: ``(n, T, D)`` float32 distance matrices.
        y: ``(n,)``; int64 classes, or float32 standardised scores.
    """

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device) -> Examples:
        """The same on a device."""
        return Examples(self.x.to(device), self.y.to(device))


def train_head(
    train: Examples, val: Examples, recipe: TDMRecipe, *, is_score: bool, seed: int, device: torch.device
) -> tuple[ResNet1D, FitResult]:
    """Train a head, on class-weighted cross-entropy or squared error.

    Args:
        train: Examples to learn from, at least two.
        val: Examples to choose the epoch on; none means that the last epoch is kept.
        recipe: Architecture and optimisation.
        is_score: Whether targets are scores.
        seed: Seed of the order of batches. Initial weights and dropout draw from PyTorch's default
            generator.
        device: Where to compute.

    Returns:
        The head in evaluation mode on ``device``, and what the training came to.
    """
    head = ResNet1D(train.x.shape[2], 1 if is_score else 2, recipe.width, recipe.blocks, recipe.dropout)
    head.to(device)
    train, val = train.to(device), val.to(device)
    weights = None if is_score or not recipe.class_weights else class_weights(train.y).to(device)

    def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return _loss(model(batch[0]), batch[1], weights, is_score=is_score)

    def score(_: int) -> float:
        outputs = forward(head, val.x, recipe.batch_size)
        value = float(_loss(outputs, val.y, weights, is_score=is_score))
        if is_score or recipe.select == "loss":
            return -value
        # Scaled down to decide only between epochs of equal F1.
        return _f1(outputs.argmax(dim=1), val.y) - _SMALL * value

    result = fit(
        head,
        lambda epoch: shuffled_batches(
            train.x, train.y, recipe.batch_size, derive_seed(seed, "epoch", epoch)
        ),
        loss,
        optimizer=optimizer(recipe.optimizer, head.parameters(), recipe.lr, weight_decay=recipe.weight_decay),
        epochs=recipe.epochs,
        device=device,
        on_epoch=score if len(val) else None,
        patience=recipe.patience,
    )
    return head, result


def forward(head: ResNet1D, x: Tensor, batch_size: int) -> Tensor:
    """Outputs ``(n, C)`` of inputs ``(n, T, D)``, without gradients."""
    with torch.no_grad():
        return torch.cat([head(part) for part in torch.split(x, batch_size)])


def _loss(outputs: Tensor, targets: Tensor, weights: Tensor | None, *, is_score: bool) -> Tensor:
    if is_score:
        return nn.functional.mse_loss(outputs[:, 0], targets)
    return weighted_cross_entropy(outputs, targets, weights)


def _f1(predicted: Tensor, targets: Tensor) -> float:
    hits = int(((predicted == 1) & (targets == 1)).sum())
    total = int((predicted == 1).sum()) + int((targets == 1).sum())
    return 2 * hits / total if total else 0.0
