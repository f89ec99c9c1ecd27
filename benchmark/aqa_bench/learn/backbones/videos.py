"""Video backbones by the names that recipes use."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.backbones.video_backbone import VideoBackbone

__all__ = ["KINETICS_MEAN", "KINETICS_STD", "build_video_backbone"]

KINETICS_MEAN = (0.43216, 0.394666, 0.37645)
"""Mean of Kinetics-400, a channel, in [0, 1]: what torchvision's weights expect."""
KINETICS_STD = (0.22803, 0.22145, 0.216989)
"""Its standard deviation."""

_TORCHVISION = ("r2plus1d_18", "r3d_18", "mc3_18")
_SMALL = "r2plus1d-small"
_PYTORCHVIDEO = "pytorchvideo:"


def build_video_backbone(
    name: str, weights: str | Path = "kinetics", *, sha256: str | None = None
) -> VideoBackbone:
    """Build a video backbone, on the CPU and in evaluation mode.

    Args:
        name: ``r2plus1d_18``, ``r3d_18`` or ``mc3_18`` (torchvision), ``r2plus1d-small`` (for CPUs; no
            weights are published) or ``pytorchvideo:<hub name>`` (extra ``zoo``).
        weights: ``kinetics`` (torchvision's KINETICS400_V1, downloaded once and checked), ``random``
            (drawn from PyTorch's default generator), or the path of a weight file.
        sha256: Expected hex digest of that file.

    Returns:
        The backbone; its ``weights_name`` says what was loaded.

    Raises:
        RecipeError: The name is unknown, or no Kinetics weights are published for the backbone.
        UsageError: The backbone needs packages that are not installed.
        DataError: The weights are missing, damaged, of another architecture or not the expected file.
    """
    kind = str(weights)
    if kind == "kinetics":
        return _with_kinetics(name).eval()
    backbone = _build(name)
    if kind != "random":
        from aqa_bench.learn.backbones.weight_files import load_named

        backbone.weights_name = load_named(backbone.trunk, weights, sha256)
    return backbone.eval()


def _build(name: str) -> VideoBackbone:
    if name in _TORCHVISION:
        from torchvision.models import video

        trunk = getattr(video, name)(weights=None)
        num_features = int(trunk.fc.in_features)
        trunk.fc = nn.Identity()
        return _of_kinetics(trunk, name, num_features)
    if name == _SMALL:
        from aqa_bench.learn.backbones.r2plus1d_small import WIDTHS, small_r2plus1d

        return _of_kinetics(small_r2plus1d(), name, WIDTHS[-1])
    if name.startswith(_PYTORCHVIDEO):
        from aqa_bench.learn.backbones.pytorchvideo_backbone import pytorchvideo_backbone

        return pytorchvideo_backbone(name)
    raise RecipeError(
        "The backbone is unknown.",
        where="backbone",
        expected=", ".join((*_TORCHVISION, _SMALL, f"{_PYTORCHVIDEO}<hub name>")),
        found=name,
    )


def _of_kinetics(trunk: nn.Module, name: str, num_features: int) -> VideoBackbone:
    return VideoBackbone(
        trunk,
        name=name,
        weights_name="random",
        num_features=num_features,
        mean=KINETICS_MEAN,
        std=KINETICS_STD,
    )


def _with_kinetics(name: str) -> VideoBackbone:
    from torchvision.models import get_model_weights

    from aqa_bench.learn.backbones.weight_files import cached_download, load_weights

    if name not in _TORCHVISION:
        raise RecipeError(
            f"There are no Kinetics weights with a checksum for the backbone {name}.",
            where="weights",
            expected=f"random or a weight file; kinetics is for {', '.join(_TORCHVISION)}",
            found="kinetics",
        )
    published = get_model_weights(name).KINETICS400_V1
    digest = published.url.rsplit("-", 1)[-1].removesuffix(".pth")
    path = cached_download(published.url, digest, otherwise=f"the backbone {_SMALL} with random weights")
    backbone = _build(name)
    load_weights(backbone.trunk, path)
    backbone.weights_name = f"Kinetics-400, torchvision {published} (sha256 {digest})"
    return backbone
