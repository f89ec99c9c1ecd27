"""Where the network starts without the Kinetics checkpoint: it learns which exercise a clip shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.core.task import Modality
from aqa_bench.learn.training.device import deterministic, evaluating

from .classifier import Classifier, train
from .recipe import STGCNRecipe
from .stgcn import STGCN

__all__ = ["exercise_clips", "exercise_of", "learn_exercises"]

_HELD_OUT = 5


def exercise_of(sample: Sample) -> str | None:
    """The exercise that a sample's attributes name; None where they name none."""
    if Modality.ATTRIBUTES not in sample.media.provides:
        return None
    name = sample.media.attributes.get("exercise")
    return name if isinstance(name, str) else None


def exercise_clips(
    pool: Sequence[Sample], judged: str | None, which: Literal["others", "all"]
) -> list[tuple[Sample, str]]:
    """The clips to recognise exercises on, by exercise, and within one in the pool's order.

    Args:
        pool: Unlabelled samples; those without an exercise are left out.
        judged: The exercise that will be judged.
        which: ``others`` leaves that exercise out.

    Returns:
        Samples with the names of their exercises; empty where there are fewer than two exercises.
    """
    named = [(sample, name) for sample in pool if (name := exercise_of(sample)) is not None]
    if which == "others":
        named = [(sample, name) for sample, name in named if name != judged]
    if len({name for _, name in named}) < 2:
        return []
    # The pool stands in an order of its content; the keys that a method sees differ from machine to machine.
    return sorted(named, key=lambda item: item[1])


def learn_exercises(
    network: STGCN,
    x: Tensor,
    names: Sequence[str],
    groups: Sequence[str],
    recipe: STGCNRecipe,
    *,
    seed: int,
    device: torch.device,
) -> dict[str, float]:
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
        On the clips kept aside ``pretext_accuracy`` and, before the training, ``initial_pretext_accuracy``;
        ``pretext_chance`` is what guessing among the exercises comes to. Nothing where every exercise is
        one group.
    """
    classes = sorted(set(names))
    y = torch.tensor([classes.index(name) for name in names])
    aside = torch.from_numpy(_kept_aside(y.numpy(), groups, derive_seed(seed, "aside")))
    with deterministic(seed):
        model = Classifier(network, len(classes), 0, freeze_bn=False).to(device)
        before = _accuracy(model, x[aside], y[aside], recipe.batch_size, device)
        train(
            model,
            x[~aside].to(device),
            y[~aside].to(device),
            [{"params": list(model.parameters()), "lr": recipe.pretrain_lr}],
            epochs=recipe.pretrain_epochs,
            batch_size=recipe.batch_size,
            seed=seed,
            device=device,
        )
    after = _accuracy(model, x[aside], y[aside], recipe.batch_size, device)
    if before is None or after is None:
        return {}
    figures = {
        "initial_pretext_accuracy": before,
        "pretext_accuracy": after,
        "pretext_chance": 1 / len(classes),
    }
    return {name: round(value, 6) for name, value in figures.items()}


def _accuracy(model: Classifier, x: Tensor, y: Tensor, batch_size: int, device: torch.device) -> float | None:
    if not len(x):
        return None
    with evaluating(model), torch.no_grad():
        parts = torch.split(x, batch_size)
        predicted = torch.cat([model(part.to(device)).argmax(dim=1).cpu() for part in parts])
    return float((predicted == y).double().mean())


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
