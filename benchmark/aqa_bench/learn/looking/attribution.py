"""Which parts of the picture speak for an error: contributions of feature maps to a network's output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.core.errors import UsageError
from aqa_bench.core.sample import Sample

__all__ = ["Attribution", "Explainable", "attribute_maps"]


@dataclass(frozen=True)
class Attribution:
    """What the frames of one sample contribute to its judgement.

    Attributes:
        indices: ``(T,)`` frame numbers in ascending order; 0 for a still image.
        maps: ``(T, h, w)`` float32: positive where the picture speaks for an error (or for a high
            score), negative where it speaks against. They add up to ``output - baseline``, except for
            rounding where maps of several stages are laid over each other, and within a tolerance
            where a whole video network lies between pictures and judgement.
        area: ``(T, 4)`` the part of the picture that a map covers: left, top, right and bottom as
            shares of its width and height.
        output: What is explained: the log-odds of an error, or the standardised score. It is what the
            predictor says, except that pooled features of images are not rounded to bfloat16 where
            theirs are, and that videos are judged in float32 throughout.
        baseline: The same of the average picture or clip.
    """

    indices: npt.NDArray[np.int64]
    maps: npt.NDArray[np.float32]
    area: npt.NDArray[np.float64]
    output: float
    baseline: float


@runtime_checkable
class Explainable(Protocol):
    """A fitted method that can tell which parts of the picture its judgement rests on."""

    def attribution(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Sequence[Attribution]:
        """Contributions of every frame of samples, in their order.

        Args:
            samples: What to explain.
            reference: Samples whose average picture or clip is what contributions are counted from.
        """
        ...


def attribute_maps(
    maps: Sequence[Tensor], averages: Sequence[Tensor], judge: Callable[..., Tensor], steps: int = 16
) -> tuple[npt.NDArray[np.float32], float, float]:
    """Contribution of every position of feature maps to an output, counted from average maps.

    Integrated gradients (Sundararajan et al., ICML 2017) of what follows the maps, summed over
    channels. Where that is linear and features are means of their map, it is Grad-CAM (Selvaraju et
    al., ICCV 2017) of the difference to the average, before negative values are dropped.

    Args:
        maps: Of one or more stages, ``(T, C, h, w)`` each.
        averages: Of each stage, ``(C, h, w)`` for all times or ``(T, C, h, w)``.
        judge: Turns the maps, ``(B, T, C, h, w)`` one by one, into outputs ``(B,)``.
        steps: Points of the path from the averages to the maps.

    Returns:
        ``(T, H, W)`` contributions at the finest map's resolution, stages added up; the output of the
        maps; and that of the averages.

    Raises:
        UsageError: The package captum is not installed.
    """
    inputs = tuple(m.detach()[None] for m in maps)
    starts = tuple(a.expand_as(x[0])[None] for a, x in zip(averages, inputs, strict=True))
    method = _captum().IntegratedGradients(judge)
    # One point of the path at a time: all at once would multiply the memory that the maps of a clip take.
    parts = method.attribute(inputs, starts, n_steps=steps, internal_batch_size=1)
    with torch.no_grad():
        output, baseline = float(judge(*inputs)), float(judge(*starts))
    size = max((tuple(part.shape[3:]) for part in parts), key=lambda s: int(np.prod(s)))
    total = torch.stack([_spread(part[0].sum(dim=1), size) for part in parts]).sum(dim=0)
    return total.detach().float().cpu().numpy(), output, baseline


def _spread(part: Tensor, size: tuple[int, ...]) -> Tensor:
    """A coarse map at a finer resolution, its sum kept about the same."""
    if part.shape[1:] == size:
        return part
    # A coarse cell is spread over the cells that it covers; each gets its share, or coarse
    # stages would count many times.
    share = part[0].numel() / int(np.prod(size))
    return F.interpolate(part[:, None], size, mode="bilinear", align_corners=False)[:, 0] * share


def _captum() -> Any:
    try:
        return import_module("captum.attr")
    except ImportError as error:
        raise UsageError(
            "Explanations need a package that is not installed.",
            expected="captum",
            found=str(error),
            remedy="pip install 'aqa-bench[explain]'",
        ) from error
