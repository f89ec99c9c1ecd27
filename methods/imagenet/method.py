"""Features of a network trained on ImageNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.image_method import ImageMethod
from aqa_bench.learn.image_recipe import ImageRecipe

__all__ = ["ImageNet"]


class ImageNet(ImageMethod[ImageRecipe]):
    """The baseline without pre-training of its own (Parmar et al., ECCV 2022, Tables 2-5)."""

    def __init__(self, recipe: ImageRecipe) -> None:
        super().__init__(recipe)
        self._known: dict[int, ImageBackbone] = {}

    @classmethod
    def recipe_type(cls) -> type[ImageRecipe]:
        """The pydantic model of its hyper-parameters."""
        return ImageRecipe

    def backbone(
        self, pool: Sequence[Sample], ctx: FitContext, device: torch.device
    ) -> tuple[ImageBackbone, dict[str, Any]]:
        """The backbone as its weights come.

        Args:
            pool: Not used.
            ctx: The run's seed, for random weights.
            device: Where to compute.
        """
        if ctx.run_seed not in self._known:
            seed = derive_seed("imagenet", "backbone", ctx.dataset, ctx.run_seed)
            self._known = {ctx.run_seed: self.initial_backbone(seed).to(device)}
        backbone = self._known[ctx.run_seed]
        name = backbone.weights_name
        seen = "nothing" if name == "random" else name.partition(",")[0]
        return backbone, {"weights": name, "pretrained_on": seen}
