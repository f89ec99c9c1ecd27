"""SimSiam on frames of clips (Chen and He, CVPR 2021; baseline of Parmar et al., ECCV 2022)."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from aqa_bench.learn.augment.transform import to_float
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImagePoolRecipe, ImageRecipe
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.pretraining.image_batches import ImageBatch, single_frame_batches
from aqa_bench.learn.pretraining.image_monitor import ImageMonitor
from aqa_bench.learn.pretraining.pretrain import Pretext, PretextTraining

from .loss import simsiam_loss
from .network import Predictor, Projector, SiameseNetwork
from .views import view_figures

__all__ = ["SimSiam", "SimSiamRecipe"]


class SimSiamRecipe(ImageRecipe, ImagePoolRecipe):
    """Widths of what stands between backbone and loss.

    Attributes:
        projection: Length of the projection.
        bottleneck: Width of the predictor's bottleneck.
        repeats: Frames per clip and epoch.
    """

    projection: int = Field(default=2048, ge=2)
    bottleneck: int = Field(default=512, ge=1)
    repeats: int = Field(default=1, ge=1)


class SimSiam(ImageMethod[SimSiamRecipe]):
    """A backbone pre-trained on two views of single frames, then a head on its frozen features."""

    def source(self) -> Pretrained[ImageBackbone]:
        """Pre-training on the pool, from the recipe's initial weights."""
        return Pretrained(self.recipe, Pretext(self.pretext))

    def pretext(
        self, backbone: ImageBackbone, pool: FrameIndex, watched: FrameIndex, seed: int
    ) -> PretextTraining[ImageBatch]:
        """One random frame per clip and epoch, in two augmented views, and their symmetric loss.

        ``L = D(p1, stopgrad(z2)) / 2 + D(p2, stopgrad(z1)) / 2`` with projections z and predictions p.
        """
        recipe = self.recipe
        network = SiameseNetwork(
            backbone,
            Projector(backbone.num_features, recipe.projection),
            Predictor(recipe.projection, recipe.bottleneck),
        )
        augment = recipe.augment()

        def prepare(batch: ImageBatch) -> tuple[Tensor, ...]:
            generator = batch.generator()
            x = to_float(batch.images)
            return augment(x, generator), augment(x, generator)

        def loss(model: nn.Module, views: tuple[Tensor, ...]) -> Tensor:
            p1, p2, z1, z2 = model(*views)
            return simsiam_loss(p1, p2, z1, z2)

        return PretextTraining(
            network,
            network.projections,
            lambda size, world: single_frame_batches(pool, size, seed, world, repeats=recipe.repeats),
            lambda batch_size: max(len(pool) * recipe.repeats // batch_size, 1),
            loss,
            ImageMonitor(watched, backbone.device),
            prepare,
            # The predictor keeps its rate (section 4.2 of the paper): it has to follow the projections.
            fixed_rate=list(network.predictor.parameters()),
            measure=lambda frames: view_figures(network, frames, augment),
        )
