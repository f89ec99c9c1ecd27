"""The logistic stage: the network learns good from bad form, and the logistic layer is dropped."""

from __future__ import annotations

import torch
from torch import Tensor

from aqa_bench.core.errors import MethodError
from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import LabeledSet
from aqa_bench.learn.losses.supervised import class_weights
from aqa_bench.learn.training.device import deterministic

from .classifier import Classifier, train
from .recipe import STGCNRecipe, Variant
from .stgcn import STGCN

__all__ = ["learn_form", "logistic_labels"]


def logistic_labels(variant: Variant, labelled: LabeledSet, ctx: FitContext) -> LabeledSet | None:
    """What the logistic stage learns from.

    Args:
        variant: Decides which labels it sees.
        labelled: The training samples.
        ctx: Its ``leaked`` holds every label, where the scheme leaks them.

    Returns:
        Labelled samples of both classes; None where the variant has no logistic stage.

    Raises:
        MethodError: The scheme does not give the labels that the variant needs.
    """
    if len(labelled.where(0.0)) < 2:
        raise _wrong_scheme(variant, ctx, "at least two good training samples", "one-class")
    match variant:
        case Variant.FROZEN:
            return None
        case Variant.CLEAN:
            if not len(labelled.where(1.0)):
                expected = "good and bad samples in train"
                raise _wrong_scheme(variant, ctx, expected, "one-class-clean")
            return labelled
        case Variant.LEAKY:
            if ctx.leaked is None:
                raise _wrong_scheme(variant, ctx, "a scheme that shows all labels", "one-class-leaky")
            return ctx.leaked


def learn_form(
    network: STGCN,
    activations: Tensor,
    targets: Tensor,
    recipe: STGCNRecipe,
    *,
    seed: int,
    device: torch.device,
) -> float:
    """Train the last blocks with a logistic layer on form labels, both classes weighing the same.

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
    start = network.depth - recipe.trainable_blocks
    with deterministic(seed):
        model = Classifier(network, 2, start, freeze_bn=recipe.freeze_bn).to(device)
        return train(
            model,
            activations,
            targets.to(device),
            [
                {"params": network.parameters_from(start), "lr": recipe.body_lr},
                {"params": list(model.linear.parameters()), "lr": recipe.head_lr},
            ],
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            seed=seed,
            device=device,
            class_weights=class_weights(targets),
        )


def _wrong_scheme(variant: Variant, ctx: FitContext, expected: str, scheme: str) -> MethodError:
    return MethodError(
        f"Variant {variant.value!r} of stgcn-ocsvm cannot be trained with this scheme.",
        where=f"{ctx.dataset} {ctx.task.id}, {ctx.split}",
        expected=expected,
        found="none",
        remedy=f"Use --scheme {scheme}, or the recipe that matches your scheme.",
    )
