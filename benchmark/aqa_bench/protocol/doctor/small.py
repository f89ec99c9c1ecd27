"""A recipe cut down until a trial of it takes seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from aqa_bench.core.recipe import Recipe, build_recipe

__all__ = ["cut_down"]

R = TypeVar("R", bound=Recipe)

_AT_MOST: Final[Mapping[str, int]] = {
    "steps": 3,
    "epochs": 1,
    "batch_size": 4,
    "accumulate": 1,
    "pretrain_epochs": 1,
    "head_epochs": 2,
    "head_batch_size": 4,
    "finetune_epochs": 1,
    "finetune_batch_size": 4,
    "clip_frames": 8,
    "clips": 2,
    "frames": 8,
    "length": 32,
    "grid": 2,
    "projector_grid": 2,
    "elevations": 4,
    "picture": 32,
    "decoder_blocks": 2,
}
_SMALL_VIDEO_NETWORK: Final = "r2plus1d-small"
_POSES: Final[Mapping[str, int]] = {"frames": 32}
_IMAGES: Final[Mapping[str, int]] = {"pool_frames": 24}


def cut_down(recipe: R, *, where: str, side: int = 64, own_networks: bool = True) -> R:
    """The recipe with as little to do as its fields allow, from random weights.

    What a recipe does stays: augmentation, loss, optimiser, regime and heads are its own.

    Args:
        recipe: A recipe of any method.
        where: Names the recipe in errors.
        side: Side in pixels of what image networks see; video networks see half of it.
        own_networks: Whether large video networks stay; a small one takes their place otherwise.

    Raises:
        RecipeError: The smaller values do not fit together.
    """
    from aqa_bench.learn.methods.backbone_recipe import BackboneRecipe
    from aqa_bench.learn.methods.video_recipe import VideoRecipe

    values = recipe.model_dump()
    limits = dict(_AT_MOST)
    if isinstance(recipe, VideoRecipe):
        side //= 2
    elif isinstance(recipe, BackboneRecipe):
        limits |= _IMAGES
    else:
        limits |= _POSES
    for name, most in limits.items():
        if name in values:
            values[name] = _smaller(values[name], most)
    if isinstance(recipe, BackboneRecipe):
        values |= {"resize": side, "crop": None, "weights": "random", "weights_sha256": None}
    # A checkpoint that only its user has: what comes after it is tried from the start that needs none.
    if values.get("pretrain") == "kinetics":
        values["pretrain"] = "exercise"
    if isinstance(recipe, VideoRecipe) and not own_networks:
        values["backbone"] = _SMALL_VIDEO_NETWORK
    if values.get("components") is not None:
        values["components"] = min(values["components"], 4)
    return build_recipe(type(recipe), values, where)


def _smaller(value: Any, most: int) -> Any:
    return most if value is None else min(value, most)
