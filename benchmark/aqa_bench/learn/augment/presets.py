"""Augmentations by the names that recipes use."""

from __future__ import annotations

from dataclasses import replace

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.augment.appearance import ChannelPermutation, ColourJitter, GaussianBlur, Grayscale
from aqa_bench.learn.augment.geometry import Affine, CentreCrop, RandomResizedCrop, SquareMasks, TopMask
from aqa_bench.learn.augment.transform import Augmentation, Compose

__all__ = ["augmentation"]

_SIMSIAM_SIGMA = (0.1, 2.0)
_SIMSIAM_SIDE = 224
_MIRRORING = (Affine, RandomResizedCrop)


def augmentation(name: str, *, flip: float | None = None, crop: int | None = None) -> Compose:
    """Build an augmentation.

    Args:
        name: One of

            - ``none``: images as they are (CVCSPC as the paper describes it);
            - ``top-mask``: the band over the top of the released CVCSPC code;
            - ``light``: flip, shift, slight zoom and colour, for short training on few clips;
            - ``strong``: flip, masks, affine, blur and channel order, in the ranges of the authors'
              code (single-view control and motion disentangling);
            - ``strong-unmirrored``: the same without the flip (the paper's list for its single-view
              control has none);
            - ``simsiam``: crops, colour, grey, blur and flip as published (Chen & He, CVPR 2021).
        flip: Probability of mirroring left to right, where the augmentation mirrors at all; its own (one
            half) where None.
        crop: Side in pixels of what comes out: the central square after everything else, as the authors'
            code has it; the random crops of ``simsiam`` are stretched to it. As large as what goes in
            where None.

    Raises:
        RecipeError: The name is unknown.
    """
    steps = _preset(name)
    if flip is not None:
        steps = tuple(replace(s, flip=flip) if isinstance(s, _MIRRORING) else s for s in steps)
    if crop is not None:
        sized = (replace(s, side=crop) if isinstance(s, RandomResizedCrop) else s for s in steps)
        steps = (*sized, CentreCrop(crop))
    return Compose(steps)


def _preset(name: str) -> tuple[Augmentation, ...]:
    match name:
        case "none":
            return ()
        case "top-mask":
            return (TopMask(),)
        case "light":
            return (
                Affine(translation=0.06, rotation=7.0, zoom=(0.88, 1.12), p=1.0),
                ColourJitter(0.3, 0.3, 0.3, 0.02, p=1.0),
            )
        case "strong" | "strong-unmirrored":
            affine = Affine() if name == "strong" else Affine(flip=0.0)
            return affine, GaussianBlur(), ChannelPermutation(), SquareMasks()
        case "simsiam":
            return (
                RandomResizedCrop(),
                ColourJitter(),
                Grayscale(),
                GaussianBlur(_SIMSIAM_SIGMA, _SIMSIAM_SIDE),
            )
    raise RecipeError(
        "The augmentation is unknown.",
        where="augmentation",
        expected="none, top-mask, light, strong, strong-unmirrored or simsiam",
        found=name,
    )
