"""Training of the ResNet1D head on distance matrices."""

from __future__ import annotations

import torch

from aqa_bench.core.progress import Progress
from aqa_bench.learn.heads.resnet1d import ResNet1D
from aqa_bench.learn.supervised.training import Examples, TrainingConfig
from aqa_bench.learn.supervised.training import train_head as train
from aqa_bench.learn.training.loop import FitResult

from .recipe import TDMRecipe

__all__ = ["new_head", "train_head"]


def new_head(recipe: TDMRecipe, in_features: int, *, is_score: bool) -> ResNet1D:
    """The head of a recipe; its weights are drawn from PyTorch's default generator.

    Args:
        recipe: Its architecture.
        in_features: Distances of a frame.
        is_score: Whether it gives a score, or logits of two classes.
    """
    return ResNet1D(in_features, 1 if is_score else 2, recipe.width, recipe.blocks, recipe.dropout)


def train_head(
    examples: Examples,
    val: Examples,
    recipe: TDMRecipe,
    *,
    is_score: bool,
    seed: int,
    device: torch.device,
    progress: Progress | None = None,
) -> tuple[ResNet1D, FitResult]:
    """Train a head, on class-weighted cross-entropy or squared error.

    Args:
        examples: Examples to learn from, at least two.
        val: Examples to choose the epoch on; none means that the last epoch is kept.
        recipe: Architecture and optimisation.
        is_score: Whether targets are scores.
        seed: Seed of the order of batches. Initial weights and dropout draw from PyTorch's default
            generator.
        device: Where to compute.
        progress: Where to report.

    Returns:
        The head in evaluation mode on ``device``, and what the training came to.
    """
    head = new_head(recipe, examples.x.shape[2], is_score=is_score)
    config = TrainingConfig(
        optimizer=recipe.optimizer,
        lr=recipe.lr,
        weight_decay=recipe.weight_decay,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        patience=recipe.patience,
        class_weights=recipe.class_weights,
        select=recipe.select,
    )
    result = train(
        head, examples, val, config, is_score=is_score, seed=seed, device=device, progress=progress
    )
    return head, result
