"""Image methods whose backbone keeps the weights that it comes with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import torch

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe

__all__ = ["FixedImageMethod"]

ImageRecipeT = TypeVar("ImageRecipeT", bound=ImageRecipe)


class FixedImageMethod(ImageMethod[ImageRecipeT]):
    """Loads the recipe's backbone once for all tasks and splits of a run.

    Attributes:
        id: The method's id, from which random weights are seeded.
    """

    id: ClassVar[str]

    def __init__(self, recipe: ImageRecipeT) -> None:
        super().__init__(recipe)
        self._known: dict[int, ImageBackbone] = {}

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
            seed = derive_seed(self.id, "backbone", ctx.dataset, ctx.run_seed)
            self._known = {ctx.run_seed: self.initial_backbone(seed).to(device)}
        backbone = self._known[ctx.run_seed]
        name = backbone.weights_name
        seen = "nothing" if name == "random" else name.partition(",")[0]
        return backbone, {"weights": name, "pretrained_on": seen}
