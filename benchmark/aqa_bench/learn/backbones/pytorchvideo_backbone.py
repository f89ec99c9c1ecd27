"""Networks of pytorchvideo's model hub: SlowFast, Slow, X3D and others."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from aqa_bench.core.errors import RecipeError, UsageError
from aqa_bench.learn.backbones.video_backbone import VideoBackbone

__all__ = ["PREFIX", "pytorchvideo_backbone"]

PREFIX = "pytorchvideo:"
_FAMILIES = ("slow_r50", "slowfast_", "x3d_", "r2plus1d_r50", "i3d_r50", "c2d_r50", "csn_r101")
_SLOWFAST_RATIO = 4
_MEAN, _STD = (0.45,) * 3, (0.225,) * 3


class _SlowFastBackbone(VideoBackbone):
    """Two pathways: one sees all frames, the other every fourth; T is a multiple of 4."""

    def forward(self, clips: Tensor) -> Tensor:
        """Pooled features ``(N, D)`` of clips."""
        x = self.normalise(clips)
        features: Tensor = self.trunk([x[:, :, ::_SLOWFAST_RATIO], x])
        return features


def pytorchvideo_backbone(name: str) -> VideoBackbone:
    """A network of the hub with random weights; its published weights load from a file.

    Args:
        name: ``pytorchvideo:<hub name>``, e.g. ``pytorchvideo:x3d_s`` or ``pytorchvideo:slowfast_r50``.

    Raises:
        RecipeError: The hub has no such classifier of clips.
        UsageError: pytorchvideo is not installed.
    """
    model = name.removeprefix(PREFIX)
    hub = _hub()
    known = sorted(n for n in dir(hub) if n.startswith(_FAMILIES) and not n.endswith("_detection"))
    if model not in known:
        raise RecipeError(
            "The backbone is unknown.",
            where="backbone",
            expected=", ".join(f"{PREFIX}{n}" for n in known),
            found=name,
        )
    trunk: nn.Module = getattr(hub, model)(pretrained=False)
    head: Any = trunk.get_submodule("blocks")[-1]  # type: ignore[index]
    num_features = int(head.proj.in_features)
    # Features are what the classifier would see; a softmax over them would say nothing.
    head.proj, head.activation = nn.Identity(), None
    _pool_any_size(trunk)
    kind = _SlowFastBackbone if model.startswith("slowfast_") else VideoBackbone
    return kind(
        trunk,
        name=name,
        weights_name="random",
        num_features=num_features,
        mean=_MEAN,
        std=_STD,
    )


def _hub() -> Any:
    try:
        # Only the models: pytorchvideo.transforms does not import with present versions of torchvision.
        from pytorchvideo.models import hub
    except ImportError as error:
        raise UsageError(
            "This backbone needs pytorchvideo.",
            found=str(error),
            remedy="pip install 'aqa-bench[zoo]', or choose a torchvision backbone (r2plus1d_18).",
        ) from error
    return hub


def _pool_any_size(trunk: nn.Module) -> None:
    """Let the last pooling take in whatever is left of a clip; it is made for one size."""
    for parent in list(trunk.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.AvgPool3d):
                setattr(parent, name, nn.AdaptiveAvgPool3d(1))
