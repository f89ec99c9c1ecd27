"""Pose-appearance disentangling on frames of clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator
from torch import Tensor, nn

from aqa_bench.core.errors import MethodError
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.image_recipe import PretrainingRecipe
from aqa_bench.learn.methods.pretrained_image_method import PretrainedImageMethod
from aqa_bench.learn.pretraining.image_batches import ImageBatch, ImageBatches, pair_batches
from aqa_bench.learn.pretraining.pairs import PairSampler
from aqa_bench.learn.pretraining.pretext import Pretext
from aqa_bench.learn.training.device import deterministic
from aqa_bench.learn.training.distributed import World

from .loss import PictureLoss, targets
from .network import DisentanglingAutoEncoder, PictureDecoder, PoseBackbone
from .report import picture_grid, swap_figures

__all__ = ["PAD", "PADRecipe"]


class PADRecipe(PretrainingRecipe):
    """The code, the decoder and the loss.

    Attributes:
        augmentation: None: both frames of a pair have to look the same but for the pose.
        gap: Smallest difference in phase between the two frames, of 360.
        pose: Length of the pose vector, which is what the head sees.
        appearance: Length of the appearance vector.
        picture: Side in pixels of the pictures that are painted, a multiple of ``2 ** decoder_blocks``.
        decoder_blocks: Doublings of the decoder's map.
        decoder_width: Channels of its smallest map.
        perceptual: Weight of the features in the loss; pixels weigh 1.
        perceptual_stage: The initial backbone's stage that the features come from.
    """

    augmentation: Literal["none"] = "none"
    gap: float = Field(default=30.0, ge=0, lt=180)
    pose: int = Field(default=256, ge=2)
    appearance: int = Field(default=256, ge=1)
    picture: int = Field(default=224, ge=8)
    decoder_blocks: int = Field(default=5, ge=1)
    decoder_width: int = Field(default=256, ge=16)
    perceptual: float = Field(default=0.1, ge=0)
    perceptual_stage: int = 2

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        if self.picture % 2**self.decoder_blocks:
            raise ValueError(
                f"picture = {self.picture} is no multiple of 2 ** decoder_blocks = {2**self.decoder_blocks}"
            )
        return self


class PAD(PretrainedImageMethod[PADRecipe]):
    """Two frames of one clip are painted from their poses and each other's appearance.

    (Parmar et al., ECCV 2022, section 3, after Rhodin et al., ECCV 2018.)
    """

    id: ClassVar[str] = "pad"

    @classmethod
    def recipe_type(cls) -> type[PADRecipe]:
        """The pydantic model of its hyper-parameters."""
        return PADRecipe

    def initial_backbone(self, seed: int) -> PoseBackbone:
        """The recipe's backbone, with layers for pose and appearance behind it.

        Raises:
            AqaBenchError: The weights are not at hand.
        """
        inner = super().initial_backbone(seed)
        with deterministic(derive_seed(seed, "code")):
            backbone = PoseBackbone(inner, self.recipe.pose, self.recipe.appearance)
        return backbone.eval()

    def usable(self, pool: FrameIndex) -> tuple[Sequence[int], Mapping[str, int]]:
        """Clips with frames beyond the gap."""
        sampler = PairSampler(pool.elevations(), gap=self.recipe.gap)
        return sampler.usable.tolist(), sampler.dropped

    def pretext(self, backbone: ImageBackbone, pool: FrameIndex, seed: int) -> Pretext:
        """Pairs of the pool, and the loss of what is painted."""
        recipe = self.recipe
        if not isinstance(backbone, PoseBackbone):
            raise MethodError("PAD trains the backbone that it made.", found=type(backbone).__name__)
        decoder = PictureDecoder(
            recipe.pose + recipe.appearance, recipe.picture, recipe.decoder_blocks, recipe.decoder_width
        )
        network = DisentanglingAutoEncoder(backbone, decoder)
        sampler = PairSampler(pool.elevations(), gap=recipe.gap)
        distance = PictureLoss(backbone, recipe.perceptual, recipe.perceptual_stage)

        def batches(batch_size: int, world: World) -> ImageBatches:
            return pair_batches(pool, sampler, batch_size, seed, world)

        def per_epoch(batch_size: int) -> int:
            return max(len(sampler.usable) // batch_size, 1)

        def loss(model: nn.Module, batch: ImageBatch) -> Tensor:
            return distance(model(batch.images), targets(batch.images, recipe.picture))

        return Pretext(
            network,
            backbone.forward,
            batches,
            per_epoch,
            loss,
            measure=lambda frames: swap_figures(network, frames, recipe.gap),
            picture=lambda frames: picture_grid(network, frames, recipe.gap),
        )
