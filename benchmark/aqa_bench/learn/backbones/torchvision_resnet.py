"""ResNet-18 of torchvision (He et al., CVPR 2016): the backbone of the paper's image methods."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torchvision.models import ResNet18_Weights, resnet18

from aqa_bench.learn.backbones.image_backbone import ImageBackbone, Stage

__all__ = ["IMAGENET", "ResNet18"]

IMAGENET = ResNet18_Weights.IMAGENET1K_V1
_STAGES = (
    Stage("relu", 64, 2),
    Stage("layer1", 64, 4),
    Stage("layer2", 128, 8),
    Stage("layer3", 256, 16),
    Stage("layer4", 512, 32),
)


class ResNet18(ImageBackbone):
    """ResNet-18 up to its pooled 512 features. Its weights are random until some are loaded.

    Args:
        weights_name: Which weights it starts from, for the record.
    """

    def __init__(self, weights_name: str = "random") -> None:
        trunk = resnet18(weights=None)
        trunk.fc = nn.Identity()
        super().__init__(
            trunk,
            name="resnet18",
            weights_name=weights_name,
            num_features=512,
            stages=_STAGES,
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
        )

    def _pooled(self, x: Tensor) -> Tensor:
        features: Tensor = self.trunk(x)
        return features

    def _maps(self, x: Tensor, stages: Sequence[int]) -> list[Tensor]:
        maps: list[Tensor] = []
        outputs = [stage.module for stage in self.stages]
        last = outputs[stages[-1]]
        # torchvision registers its modules in the order in which forward calls them; stopping
        # early saves the deeper stages.
        for name, module in self.trunk.named_children():
            x = module(x)
            if name in outputs and outputs.index(name) in stages:
                maps.append(x)
            if name == last:
                break
        return maps
