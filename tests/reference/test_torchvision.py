"""Backbones beside torchvision's own models, with the same weights and input prepared by its presets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights
from torchvision.models.feature_extraction import create_feature_extractor

from aqa_bench.learn.backbones.backbone import Backbone
from aqa_bench.learn.backbones.images import build_backbone
from aqa_bench.learn.backbones.videos import build_video_backbone

VIDEO = ("r2plus1d_18", "r3d_18", "mc3_18")
STAGES = ("relu", "layer1", "layer2", "layer3", "layer4")
SIDE = 32


def _published(name: str) -> Any:
    (weights,) = get_model_weights(name)
    return weights


def _as_if_trained(name: str) -> nn.Module:
    """torchvision's model with batch norms that do something, unlike those of a fresh one."""
    torch.manual_seed(0)
    model = get_model(name, weights=None).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, std=0.2)
            module.running_mean.normal_(std=0.2)
            module.running_var.uniform_(0.5, 2.0)
    return model


def _with_weights_of(model: nn.Module, name: str, build: Callable[[str, str], Backbone]) -> Backbone:
    backbone = build(name, "random")
    keys = backbone.trunk.load_state_dict(model.state_dict(), strict=False)
    assert not keys.missing_keys
    assert keys.unexpected_keys == ["fc.weight", "fc.bias"]
    return backbone


def _assert_same(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


def _bytes(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_resnet_18_gives_torchvisions_pooled_features_and_maps_of_every_stage() -> None:
    model = _as_if_trained("resnet18")
    backbone = _with_weights_of(model, "resnet18", build_backbone)
    images = _bytes(3, SIDE, SIDE, 3)
    prepare = _published("resnet18").transforms(crop_size=SIDE, resize_size=SIDE)
    inner = create_feature_extractor(model, [*STAGES, "flatten"])
    theirs = inner(prepare(images.permute(0, 3, 1, 2)))
    _assert_same(backbone(images), theirs["flatten"])
    for ours, stage in zip(backbone.forward_maps(images, range(len(STAGES))), STAGES, strict=True):
        _assert_same(ours, theirs[stage])


@pytest.mark.parametrize("name", VIDEO)
@torch.inference_mode()
def test_a_video_backbone_gives_torchvisions_pooled_features(name: str) -> None:
    model = _as_if_trained(name)
    backbone = _with_weights_of(model, name, build_video_backbone)
    clips = _bytes(2, 8, SIDE, SIDE, 3)
    prepare = _published(name).transforms(crop_size=(SIDE, SIDE), resize_size=(SIDE, SIDE))
    theirs = create_feature_extractor(model, ["flatten"])(prepare(clips.permute(0, 1, 4, 2, 3)))["flatten"]
    _assert_same(backbone(clips), theirs)
    _assert_same(backbone(clips.permute(0, 1, 4, 2, 3) / 255), theirs)


@pytest.mark.parametrize("name", ["resnet18", *VIDEO])
def test_parameters_and_multiply_adds_are_the_published_ones_without_the_classifier(name: str) -> None:
    meta = _published(name).meta
    classes = len(meta["categories"])
    if name == "resnet18":
        backbone = build_backbone(name, "random")
        gflops = backbone.gflops(224)
    else:
        backbone = build_video_backbone(name, "random")
        # Published for 16 frames of 112 pixels, which every stage halves without a rest, as it does here.
        gflops = backbone.gflops(8, 16) * (16 / 8) * (112 / 16) ** 2
    width = backbone.num_features
    assert backbone.num_parameters == meta["num_params"] - (width + 1) * classes
    assert gflops == pytest.approx(meta["_ops"] - width * classes / 1e9, abs=0.001)
