"""Networks that turn images into features: one interface over torchvision and timm."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from aqa_bench.core.errors import DataError, RecipeError
from aqa_bench.learn.backbones.backbone import Backbone
from aqa_bench.learn.training.complexity import giga_multiply_adds

__all__ = ["ImageBackbone", "Stage"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a feature map comes from.

    Attributes:
        module: Name of the trunk's module whose output it is.
        channels: Its channels.
        stride: Pixels of the image between neighbouring positions.
    """

    module: str
    channels: int
    stride: int


class ImageBackbone(Backbone, ABC):
    """A trunk without its classifier, which normalises its own input.

    Images are uint8 ``(N, H, W, 3)`` as they are decoded, or floating point ``(N, 3, H, W)`` in [0, 1]
    as augmentation leaves them, RGB on the trunk's device.

    Args:
        trunk: The network.
        name: What recipes call it.
        weights_name: Which weights it starts from, for the record.
        num_features: Length ``D`` of the pooled features.
        stages: Where feature maps can be taken, from the image to the deepest.
        mean: Mean of the training images per channel, in [0, 1].
        std: Their standard deviation.
    """

    def __init__(
        self,
        trunk: nn.Module,
        *,
        name: str,
        weights_name: str,
        num_features: int,
        stages: Sequence[Stage],
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__(
            # Decoded images are channels last already, and tensor cores and CPUs convolve faster so.
            trunk.to(memory_format=torch.channels_last),
            name=name,
            weights_name=weights_name,
            num_features=num_features,
            mean=mean,
            std=std,
            axes=2,
        )
        self.stages = tuple(stages)
        self._frozen: list[nn.Module] = []

    @abstractmethod
    def _pooled(self, x: Tensor) -> Tensor:
        """Pooled features ``(N, D)`` of normalised images."""

    @abstractmethod
    def _maps(self, x: Tensor, stages: Sequence[int]) -> list[Tensor]:
        """Feature maps ``(N, C, h, w)`` of normalised images at stages in ascending order."""

    def gflops(self, size: int) -> float:
        """Multiply-adds, in units of 1e9, of the pooled features of one image of ``size`` pixels per side."""
        return giga_multiply_adds(self, torch.zeros(1, 3, size, size, device=self._scale.device))

    def normalise(self, images: Tensor) -> Tensor:
        """Images as the trunk takes them: float32 ``(N, 3, H, W)``, channels last.

        Raises:
            DataError: Shape or type is neither of those that the class describes.
        """
        if images.ndim == 4 and images.dtype == torch.uint8 and images.shape[3] == 3:
            # Range, mean and deviation in one multiplication and one addition: on a CPU
            # every pass over the pixels shows.
            scaled = images.permute(0, 3, 1, 2).float().mul_(self._scale / 255)
            return scaled.add_(self._shift).contiguous(memory_format=torch.channels_last)
        if images.ndim == 4 and images.is_floating_point() and images.shape[1] == 3:
            shifted = torch.addcmul(self._shift, images.float(), self._scale)
            return shifted.contiguous(memory_format=torch.channels_last)
        raise DataError(
            "A backbone cannot read these images.",
            expected="uint8 (N, H, W, 3), or floating point (N, 3, H, W) in [0, 1]",
            found=f"{images.dtype} {tuple(images.shape)}",
        )

    def forward(self, images: Tensor) -> Tensor:
        """Pooled features ``(N, D)``, as the trunk's own classifier would see them."""
        return self._pooled(self.normalise(images))

    def forward_map(self, images: Tensor, stage: int = -1) -> Tensor:
        """Feature map ``(N, C, h, w)`` of one stage; what lies behind it is not computed.

        Args:
            images: Images.
            stage: Index into :attr:`stages`; negative ones count from the deepest.

        Raises:
            RecipeError: There is no such stage.
        """
        return self.forward_maps(images, (stage,))[0]

    def forward_maps(self, images: Tensor, stages: Sequence[int]) -> list[Tensor]:
        """Feature maps of several stages in one pass, in the order asked for.

        Raises:
            RecipeError: There is no such stage.
        """
        wanted = [self.stage_index(stage) for stage in stages]
        # One pass gives the maps from shallow to deep, each once, whatever the order asked for.
        order = sorted(set(wanted))
        maps = dict(zip(order, self._maps(self.normalise(images), order), strict=True))
        return [maps[stage] for stage in wanted]

    def stage_index(self, stage: int) -> int:
        """The stage's index counted from the image.

        Raises:
            RecipeError: There is no such stage.
        """
        count = len(self.stages)
        if not -count <= stage < count:
            listed = ", ".join(f"{i} (1/{s.stride}, {s.channels})" for i, s in enumerate(self.stages))
            raise RecipeError(
                f"The backbone {self.name} has no such stage.", expected=f"one of {listed}", found=stage
            )
        return stage % count

    def freeze(self, stages: int) -> Self:
        """Stop the first ``stages`` stages from training, statistics of their batch norms included.

        It departs from the papers, which train whole networks, and goes into the record.

        Args:
            stages: Number of stages from the image on; 0 frees all of them.

        Returns:
            Itself.

        Raises:
            RecipeError: There are not that many stages.
        """
        if not 0 <= stages <= len(self.stages):
            raise RecipeError(
                f"The backbone {self.name} cannot freeze that many stages.",
                expected=f"0..{len(self.stages)}",
                found=stages,
            )
        self.frozen_stages = stages
        # All free first, so that freezing fewer stages than before thaws the rest.
        self.requires_grad_(requires_grad=True)
        self._frozen = self._leading_modules(self.stages[stages - 1].module) if stages else []
        for module in self._frozen:
            module.requires_grad_(requires_grad=False)
        # Applies the mode anew: batch norms of frozen stages must stop counting at once.
        return self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set training mode; frozen stages stay in evaluation mode."""
        super().train(mode)
        for module in self._frozen:
            # A frozen batch norm in training mode would still move its running statistics.
            module.eval()
        return self

    def _leading_modules(self, last: str) -> list[nn.Module]:
        """Modules up to and including the one named, in the order in which trunks register them."""
        found: list[nn.Module] = []
        parent, prefix = self.trunk, ""
        for part in last.split("."):
            for name, child in parent.named_children():
                found.append(child)
                if name == part:
                    break
            prefix = f"{prefix}{part}."
            if prefix[:-1] != last:
                # A stage that ends inside a container: the container is opened, and
                # only its leading children count.
                parent = found.pop()
        return found
