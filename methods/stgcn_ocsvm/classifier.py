"""ST-GCN with a linear layer over classes: how its weights are learnt, for exercises and for form."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.losses.supervised import weighted_cross_entropy
from aqa_bench.learn.training.batches import shuffled_batches
from aqa_bench.learn.training.loop import fit, optimizer

from .stgcn import STGCN

__all__ = ["Classifier", "train"]


class Classifier(nn.Module):
    """The blocks of a network from ``start`` on, with a linear layer that is dropped afterwards.

    Args:
        network: The network; its blocks are shared, not copied.
        classes: Number of classes.
        start: Index of the first block that is run and trained.
        freeze_bn: Whether batch normalisation uses and keeps its running statistics while training.
    """

    def __init__(self, network: STGCN, classes: int, start: int, *, freeze_bn: bool) -> None:
        super().__init__()
        self.network = network
        self.start = start
        self.freeze_bn = freeze_bn
        self.linear = nn.Linear(network.num_features, classes)

    def train(self, mode: bool = True) -> Classifier:
        """Set the mode; blocks that are not trained, and frozen normalisation, stay in evaluation mode."""
        super().train(mode)
        for block in self.network.blocks[: self.start]:
            block.eval()
        if self.start or self.freeze_bn:
            self.network.data_bn.eval()
        if self.freeze_bn:
            for module in self.network.blocks.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, classes)`` of what ``network.before(..., start)`` gives."""
        out: Tensor = self.linear(self.network.pooled(x, self.start))
        return out


def train(
    model: Classifier,
    x: Tensor,
    y: Tensor,
    groups: list[dict[str, object]],
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    device: torch.device,
    class_weights: Tensor | None = None,
) -> float:
    """Train with Adam and cross-entropy for a fixed number of epochs.

    Args:
        model: The classifier, trained in place.
        x: ``(n, ...)`` inputs of it.
        y: ``(n,)`` class indices.
        groups: Parameters with their learning rates.
        epochs: Passes over the clips.
        batch_size: Clips in a step.
        seed: Seed of the order of batches.
        device: Where to compute.
        class_weights: ``(classes,)``; equal weights when None.

    Returns:
        Mean loss of the last epoch.
    """

    def loss(module: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return weighted_cross_entropy(module(batch[0]), batch[1], class_weights)

    result = fit(
        model,
        lambda epoch: shuffled_batches(x, y, batch_size, derive_seed(seed, "epoch", epoch)),
        loss,
        optimizer=optimizer("adam", groups, 1e-3),
        epochs=epochs,
        device=device,
    )
    return result.losses[-1]
