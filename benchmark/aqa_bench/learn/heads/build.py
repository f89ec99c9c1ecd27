"""Heads on features by the names that recipes use, and projections for losses of embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from aqa_bench.core.errors import RecipeError

__all__ = ["HeadKind", "Projection", "build_head", "linear_bn_relu"]


class Projection(nn.Module):
    """Linear layers, onto the unit sphere by default, with batch normalisation and ReLU between them.

    The contrastive paper names no head; its released code normalises to length 1 after layers that are
    not released. One linear layer is the default here.

    Args:
        in_features: Length of the backbone's features.
        out_features: Length of the embedding.
        hidden: Widths of layers in between; none for a single linear layer.
        sphere: Whether embeddings are brought to length 1.
    """

    def __init__(
        self, in_features: int, out_features: int = 128, hidden: Sequence[int] = (), *, sphere: bool = True
    ) -> None:
        super().__init__()
        self.sphere = sphere
        widths = (in_features, *hidden)
        inner = [linear_bn_relu(a, b) for a, b in zip(widths, hidden, strict=False)]
        self.layers = nn.Sequential(*inner, nn.Linear(widths[-1], out_features))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, D)`` to embeddings ``(N, out_features)``, in float32 at least."""
        y: Tensor = self.layers(x).float()
        return F.normalize(y, dim=1) if self.sphere else y


def linear_bn_relu(in_features: int, out_features: int) -> nn.Sequential:
    """A linear layer without bias, batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Linear(in_features, out_features, bias=False),
        nn.BatchNorm1d(out_features),
        nn.ReLU(inplace=True),
    )


HeadKind = Literal["resnet1d", "attentive", "linear", "mlp"]
_ATTENTION_HEADS = 4


def build_head(
    kind: HeadKind,
    in_features: int,
    num_outputs: int,
    *,
    width: int = 256,
    blocks: int = 4,
    dropout: float = 0.2,
) -> nn.Module:
    """Build a head, its initial weights drawn from PyTorch's default generator.

    Args:
        kind: ``resnet1d`` and ``attentive`` for sequences; ``linear`` and ``mlp`` for vectors, or
            sequences averaged over time.
        in_features: Length ``D`` of a feature.
        num_outputs: Number of logits or regression values.
        width: Channels of ``resnet1d``, width of ``attentive`` (a multiple of 4), or of the hidden layer of
            ``mlp``.
        blocks: Residual blocks of ``resnet1d``.
        dropout: Dropout before the last layer.

    Raises:
        RecipeError: The kind is unknown, or the width does not suit it.
    """
    match kind:
        case "resnet1d":
            from aqa_bench.learn.heads.resnet1d import ResNet1D

            return ResNet1D(in_features, num_outputs, width, blocks, dropout)
        case "attentive":
            from aqa_bench.learn.heads.attentive import AttentiveHead

            if width % _ATTENTION_HEADS:
                raise RecipeError(
                    "The width is not divisible by the number of attention heads.",
                    where="width",
                    expected=f"a multiple of {_ATTENTION_HEADS}",
                    found=width,
                )
            return AttentiveHead(in_features, num_outputs, width, _ATTENTION_HEADS, dropout)
        case "linear":
            from aqa_bench.learn.heads.linear import LinearHead

            return LinearHead(in_features, num_outputs, dropout)
        case "mlp":
            from aqa_bench.learn.heads.mlp import MLPHead

            return MLPHead(in_features, num_outputs, (width,), dropout)
    raise RecipeError("The head is unknown.", expected="resnet1d, attentive, linear or mlp", found=kind)
