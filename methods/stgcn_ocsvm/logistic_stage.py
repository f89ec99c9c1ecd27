"""The two things the network is trained on: exercises, and form."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.losses.supervised import class_weights, weighted_cross_entropy
from aqa_bench.learn.training.batches import shuffled_batches
from aqa_bench.learn.training.device import deterministic
from aqa_bench.learn.training.loop import fit
from aqa_bench.learn.training.optimizers import optimizer

from .network import BLOCKS, TailClassifier, tail_parameters
from .recipe import STGCNRecipe
from .stgcn import STGCN

__all__ = ["learn_exercises", "learn_form"]

_HELD_OUT = 5


def learn_exercises(
    network: STGCN,
    x: Tensor,
    names: Sequence[str],
    groups: Sequence[str],
    recipe: STGCNRecipe,
    *,
    seed: int,
    device: torch.device,
) -> float:
    """Train the whole network to recognise exercises; the linear layer is dropped.

    About a fifth of the clips of each exercise, in whole groups, is kept aside to measure the accuracy on.

    Args:
        network: The network, trained in place.
        x: ``(n, 3, T, 18, 1)`` skeletons.
        names: Exercise of each clip.
        groups: Group of each clip.
        recipe: Epochs, learning rate and batch size.
        seed: Seed of the held-out clips, the linear layer and the order of batches.
        device: Where to compute.

    Returns:
        Accuracy on the clips kept aside, in [0, 1]; not a number where every exercise is one group.
    """
    classes = sorted(set(names))
    y = torch.tensor([classes.index(name) for name in names])
    aside = _kept_aside(y.numpy(), groups, derive_seed(seed, "aside"))
    tested = torch.from_numpy(aside)
    with deterministic(seed):
        model = TailClassifier(network, len(classes), 0, freeze_bn=False).to(device)
        _train(
            model,
            x[~tested].to(device),
            y[~tested].to(device),
            None,
            [{"params": list(model.parameters()), "lr": recipe.pretrain_lr}],
            recipe.pretrain_epochs,
            recipe.batch_size,
            seed,
            device,
        )
    if not aside.any():
        return math.nan
    with torch.no_grad():
        parts = torch.split(x[tested], recipe.batch_size)
        predicted = torch.cat([model(part.to(device)).argmax(dim=1).cpu() for part in parts])
    return float((predicted == y[tested]).double().mean())


def learn_form(
    network: STGCN,
    activations: Tensor,
    targets: Tensor,
    recipe: STGCNRecipe,
    *,
    seed: int,
    device: torch.device,
) -> float:
    """The logistic stage: train the last blocks on form labels; the logistic layer is dropped.

    Args:
        network: The network; its last ``recipe.trainable_blocks`` blocks are trained in place.
        activations: ``(n, ...)`` input of the first of them.
        targets: ``(n,)`` int64; 1 = error.
        recipe: Epochs, learning rates, batch size and batch normalisation.
        seed: Seed of the logistic layer and the order of batches.
        device: Where to compute.

    Returns:
        Mean loss of the last epoch.
    """
    start = BLOCKS - recipe.trainable_blocks
    with deterministic(seed):
        model = TailClassifier(network, 2, start, freeze_bn=recipe.freeze_bn).to(device)
        return _train(
            model,
            activations,
            targets.to(device),
            class_weights(targets),
            [
                {"params": tail_parameters(network, start), "lr": recipe.body_lr},
                {"params": list(model.linear.parameters()), "lr": recipe.head_lr},
            ],
            recipe.epochs,
            recipe.batch_size,
            seed,
            device,
        )


def _kept_aside(y: npt.NDArray[np.int64], groups: Sequence[str], seed: int) -> npt.NDArray[np.bool_]:
    """Mask of the clips kept aside: of each class, drawn groups up to a fifth of it, one group at least."""
    aside = np.zeros(len(y), dtype=bool)
    names = np.array(groups)
    for label in np.unique(y):
        members = np.unique(names[y == label])
        order = np.random.default_rng(derive_seed(seed, label)).permutation(members)
        sizes = np.array([np.count_nonzero((names == group) & (y == label)) for group in order])
        enough = int(np.searchsorted(np.cumsum(sizes), np.count_nonzero(y == label) / _HELD_OUT)) + 1
        aside |= (y == label) & np.isin(names, order[: min(enough, len(order) - 1)])
    return aside


def _train(
    model: TailClassifier,
    x: Tensor,
    y: Tensor,
    weights: Tensor | None,
    groups: list[dict[str, object]],
    epochs: int,
    batch_size: int,
    seed: int,
    device: torch.device,
) -> float:
    def loss(module: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return weighted_cross_entropy(module(batch[0]), batch[1], weights)

    result = fit(
        model,
        lambda epoch: shuffled_batches(x, y, batch_size, derive_seed(seed, "epoch", epoch)),
        loss,
        optimizer=optimizer("adam", groups, 1e-3),
        epochs=epochs,
        device=device,
    )
    return result.losses[-1]
