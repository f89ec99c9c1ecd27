"""PAD: pose-appearance disentangling (Parmar et al., ECCV 2022, section 3; after Rhodin et al., ECCV 2018).

Two frames of one clip show one appearance in two poses. Each is coded as a pose and an appearance, and
painted from its own pose and the appearance of the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator
from torch import Tensor, nn

from aqa_bench.core.errors import MethodError
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImagePoolRecipe, ImageRecipe
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.pretraining.image_batches import ImageBatch
from aqa_bench.learn.pretraining.image_monitor import ImageMonitor
from aqa_bench.learn.pretraining.pretrain import Pretext, PretextTraining
from aqa_bench.learn.training.device import deterministic

from .loss import PictureLoss, targets
from .network import DisentanglingAutoEncoder, PictureDecoder, PoseBackbone
from .pairs import PairSampler, pair_batches
from .report import picture_grid, swap_figures

__all__ = ["PAD", "PADRecipe"]


class PADRecipe(ImageRecipe, ImagePoolRecipe):
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
                f"picture = {self.picture} is not a multiple of 2 ** decoder_blocks = "
                f"{2**self.decoder_blocks}"
            )
        return self


class PAD(ImageMethod[PADRecipe]):
    """A backbone that codes pose apart from appearance, then a head on its frozen code of pose."""

    def source(self) -> Pretrained[ImageBackbone]:
        """Pre-training on the pool, from the recipe's initial weights."""
        return Pretrained(self.recipe, Pretext(self.pretext, self.usable))

    def build(self, seed: int) -> PoseBackbone:
        """The recipe's backbone, with layers for pose and appearance behind it.

        Raises:
            AqaBenchError: The weights are not on this machine.
        """
        inner = super().build(seed)
        with deterministic(derive_seed(seed, "code")):
            backbone = PoseBackbone(inner, self.recipe.pose, self.recipe.appearance)
        return backbone.eval()

    def usable(self, pool: FrameIndex) -> tuple[Sequence[int], Mapping[str, int]]:
        """Clips with frames beyond the gap."""
        sampler = PairSampler(pool.elevations(), gap=self.recipe.gap)
        return sampler.usable.tolist(), sampler.dropped

    def pretext(
        self, backbone: ImageBackbone, pool: FrameIndex, watched: FrameIndex, seed: int
    ) -> PretextTraining[ImageBatch]:
        """Pairs of frames of the pool, and the loss of the pictures that are painted from their codes."""
        recipe = self.recipe
        if not isinstance(backbone, PoseBackbone):
            raise MethodError(
                "PAD can only train the backbone that it created.", found=type(backbone).__name__
            )
        decoder = PictureDecoder(
            recipe.pose + recipe.appearance, recipe.picture, recipe.decoder_blocks, recipe.decoder_width
        )
        network = DisentanglingAutoEncoder(backbone, decoder)
        pairs = PairSampler(pool.elevations(), gap=recipe.gap)
        distance = PictureLoss(backbone, recipe.perceptual, recipe.perceptual_stage)

        def loss(model: nn.Module, pictures: tuple[Tensor, ...]) -> Tensor:
            (images,) = pictures
            return distance(model(images), targets(images, recipe.picture))

        return PretextTraining(
            network,
            backbone.forward,
            lambda batch_size, world: pair_batches(pool, pairs, batch_size, seed, world),
            lambda batch_size: max(len(pairs.usable) // batch_size, 1),
            loss,
            ImageMonitor(watched, backbone.device),
            lambda batch: (batch.images,),
            measure=lambda frames: swap_figures(network, frames, recipe.gap),
            picture=lambda frames: picture_grid(network, frames, recipe.gap),
        )
