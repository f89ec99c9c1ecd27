"""SimSiam on frames of clips."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from torch import Tensor, nn

from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.augment.transform import to_float
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.heads.projection import SimSiamPredictor, SimSiamProjector
from aqa_bench.learn.methods.image_recipe import PretrainingRecipe
from aqa_bench.learn.methods.pretrained_image_method import PretrainedImageMethod
from aqa_bench.learn.pretraining.image_batches import ImageBatch, ImageBatches, single_frame_batches
from aqa_bench.learn.pretraining.pretext import Pretext
from aqa_bench.learn.training.distributed import World

from .loss import simsiam_loss

__all__ = ["SiameseNetwork", "SimSiam", "SimSiamRecipe"]


class SimSiamRecipe(PretrainingRecipe):
    """Widths of what stands between backbone and loss.

    Attributes:
        projection: Length of the projection.
        bottleneck: Width of the predictor's bottleneck.
        repeats: Frames of a clip an epoch.
    """

    projection: int = Field(default=2048, ge=2)
    bottleneck: int = Field(default=512, ge=1)
    repeats: int = Field(default=1, ge=1)


class SiameseNetwork(nn.Module):
    """Backbone, projector and predictor (Chen & He, CVPR 2021, Algorithm 1).

    Args:
        backbone: The network.
        projector: Maps features to projections.
        predictor: Maps projections of one view to those of the other.
    """

    def __init__(
        self, backbone: ImageBackbone, projector: SimSiamProjector, predictor: SimSiamPredictor
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = projector
        self.predictor = predictor

    def projections(self, images: Tensor) -> Tensor:
        """Projections ``(N, D)`` of images."""
        z: Tensor = self.projector(self.backbone(images))
        return z

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Predictions of both views, then their projections; batch norms see one view at a time."""
        z1, z2 = self.projections(first), self.projections(second)
        return self.predictor(z1), self.predictor(z2), z1, z2


class SimSiam(PretrainedImageMethod[SimSiamRecipe]):
    """One random frame a clip and epoch, in two augmented views (Chen & He, CVPR 2021)."""

    id: ClassVar[str] = "simsiam"

    @classmethod
    def recipe_type(cls) -> type[SimSiamRecipe]:
        """The pydantic model of its hyper-parameters."""
        return SimSiamRecipe

    def pretext(self, backbone: ImageBackbone, pool: FrameIndex, seed: int) -> Pretext:
        """Frames of the pool, and the symmetric loss of their views."""
        recipe = self.recipe
        network = SiameseNetwork(
            backbone,
            SimSiamProjector(backbone.num_features, recipe.projection),
            SimSiamPredictor(recipe.projection, recipe.bottleneck),
        )
        augment = augmentation(recipe.augmentation)

        def batches(batch_size: int, world: World) -> ImageBatches:
            return single_frame_batches(pool, batch_size, seed, world, repeats=recipe.repeats)

        def per_epoch(batch_size: int) -> int:
            return max(len(pool) * recipe.repeats // batch_size, 1)

        def loss(model: nn.Module, batch: ImageBatch) -> Tensor:
            generator = batch.generator()
            views = to_float(batch.images)
            p1, p2, z1, z2 = model(augment(views, generator), augment(views, generator))
            return simsiam_loss(p1, p2, z1, z2)

        return Pretext(
            network, network.projections, batches, per_epoch, loss, list(network.predictor.parameters())
        )
