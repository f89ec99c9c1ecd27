"""Augmentations by the names that recipes use."""

from __future__ import annotations

from dataclasses import replace

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.augment.operations import (
    Affine,
    ChannelPermutation,
    ColourJitter,
    GaussianBlur,
    Grayscale,
    RandomResizedCrop,
    SquareMasks,
    TopMask,
)
from aqa_bench.learn.augment.transform import Compose

__all__ = ["augmentation"]

_SIMSIAM_SIGMA = (0.1, 2.0)
_SIMSIAM_SIDE = 224
_MIRRORING = (Affine, RandomResizedCrop)


def augmentation(name: str, *, flip: float | None = None) -> Compose:
    """Build an augmentation.

    Args:
        name: One of

            - ``none``: images as they are (CVCSPC as the paper describes it);
            - ``top-mask``: the band over the top of the released CVCSPC code;
            - ``light``: flip, shift, slight zoom and colour, for short training on few clips;
            - ``strong``: flip, masks, affine, blur and channel order, in the ranges of the authors'
              code (single-view control and motion disentangling);
            - ``simsiam``: crops, colour, grey, blur and flip as published (Chen & He, CVPR 2021).
        flip: Probability of mirroring left to right, where the augmentation mirrors at all; its own (one
            half) where None.

    Raises:
        RecipeError: The name is unknown.
    """
    built = _preset(name)
    if flip is None:
        return built
    return Compose([replace(s, flip=flip) if isinstance(s, _MIRRORING) else s for s in built.steps])


def _preset(name: str) -> Compose:
    match name:
        case "none":
            return Compose(())
        case "top-mask":
            return Compose((TopMask(),))
        case "light":
            return Compose(
                (
                    Affine(translation=0.06, rotation=7.0, zoom=(0.88, 1.12), p=1.0),
                    ColourJitter(0.3, 0.3, 0.3, 0.02, p=1.0),
                )
            )
        case "strong":
            return Compose((Affine(), GaussianBlur(), ChannelPermutation(), SquareMasks()))
        case "simsiam":
            return Compose(
                (
                    RandomResizedCrop(),
                    ColourJitter(),
                    Grayscale(),
                    GaussianBlur(_SIMSIAM_SIGMA, _SIMSIAM_SIDE),
                )
            )
    raise RecipeError(
        "The augmentation is unknown.",
        where="augmentation",
        expected="none, top-mask, light, strong or simsiam",
        found=name,
    )
