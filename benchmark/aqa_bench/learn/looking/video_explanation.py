"""Explanations of video networks: from the pixels of clips to the judgement, over space and time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aqa_bench.core.sample import Sample
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.frames import frame_indices
from aqa_bench.learn.features.head_inputs import FeatureScaler
from aqa_bench.learn.features.video_features import ClipSpec, read_clip
from aqa_bench.learn.looking.attribution import Attribution, attribute_maps
from aqa_bench.learn.looking.image_explanation import picture_area
from aqa_bench.learn.looking.judgement import judgement, scaled
from aqa_bench.learn.training.device import Precision, autocast, evaluating

__all__ = ["PLACES", "TOLERANCE", "explain_clips"]

PLACES = 16
"""Places that pixels are added up to, either way, at most."""
TOLERANCE = 0.02, 0.01
"""How far contributions may be from adding up: share of the difference, or absolute where that is more."""

_STEPS = 8
_FIRST_PIECES, _MOST_PIECES = 4, 64

_log = logging.getLogger(__name__)


def explain_clips(
    samples: Sequence[Sample],
    reference: Sequence[Sample],
    network: tuple[VideoBackbone, nn.Module],
    spec: ClipSpec,
    *,
    scaler: FeatureScaler | None = None,
    is_score: bool,
) -> list[Attribution]:
    """Contributions of every place of the frames of clips to their judgement.

    Integrated gradients (Sundararajan et al., ICML 2017) from the average clip to the sample's, pixel by
    pixel: the deepest maps of a video network know neither place nor time, since each of their values
    sees most of the clip. Networks of rectifiers bend many times along the path, so its worst piece is
    halved until the errors of all pieces together are within :data:`TOLERANCE`, at most into 64 pieces.
    A warning tells of a judgement whose contributions do not add up then.

    Args:
        samples: Clips.
        reference: Samples whose average clip, as it is played to the network, is counted from.
        network: Backbone, and head on the mean of features over the clips of a sample.
        spec: Which frames make the clips of a sample.
        scaler: What is done to features before they are averaged; nothing where None.
        is_score: Whether the head predicts scores.

    Returns:
        For each sample the frames that the network sees, each once and in the order of the video,
        wherever and however often they are played.

    Raises:
        UsageError: The package captum is missing.
        DataError: A sample has no frames, or they cannot be read.
    """
    backbone, head = network
    device = backbone.device

    def judge(pictures: Tensor) -> Tensor:
        count = len(pictures)
        features = backbone(pictures.reshape(count * spec.clips, spec.frames, *pictures.shape[2:]))
        known = features.view(count, spec.clips, -1)
        x = known if scaler is None else scaled(known, scaler)
        return judgement(head(x.mean(dim=1)), is_score)

    explained = []
    # TensorFloat-32 would round gradients and outputs each in its own way.
    exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with evaluating(backbone), evaluating(head), autocast(device, Precision.FP32), exact:
        average = _average(reference, spec, device)
        for sample in samples:
            found, output, baseline = _integrated(_pictures(sample, spec, device), average, judge, sample.id)
            seen, played = np.unique(_frames_played(sample, spec), return_inverse=True)
            maps = np.zeros((len(seen), *found.shape[1:]))
            np.add.at(maps, played, found)
            area = np.tile(picture_area(sample, spec.frame_spec)[0], (len(seen), 1))
            explained.append(Attribution(seen, maps.astype(np.float32), area, output, baseline))
    return explained


def _pictures(sample: Sample, spec: ClipSpec, device: torch.device) -> Tensor:
    """The clips of a sample as they are played, ``(clips * frames, 3, side, side)`` float32 in [0, 1]."""
    pictures = torch.from_numpy(np.ascontiguousarray(read_clip(sample, spec))).to(device)
    return pictures.permute(0, 3, 1, 2).float() / 255


def _average(samples: Sequence[Sample], spec: ClipSpec, device: torch.device) -> Tensor:
    """The mean of the clips of samples, picture by picture."""
    total = _pictures(samples[0], spec, device)
    for sample in samples[1:]:
        total += _pictures(sample, spec, device)
    return total / len(samples)


def _frames_played(sample: Sample, spec: ClipSpec) -> npt.NDArray[np.int64]:
    """Frame numbers ``(clips * frames,)`` in the order of playing."""
    return frame_indices(sample, spec.frame_spec)[spec.positions(sample)]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the path from the average to the pictures, both as shares of it.

    Attributes:
        start: Where it begins.
        stop: Where it ends.
        maps: ``(T, h, w)`` contributions along it.
        outputs: At its ends.
    """

    start: float
    stop: float
    maps: npt.NDArray[np.float64]
    outputs: tuple[float, float]

    @property
    def error(self) -> float:
        """How far contributions are from adding up."""
        return abs(float(self.maps.sum()) - (self.outputs[1] - self.outputs[0]))


def _integrated(
    pictures: Tensor, average: Tensor, judge: Callable[[Tensor], Tensor], name: str
) -> tuple[npt.NDArray[np.float64], float, float]:
    """Contributions ``(T, h, w)`` to the output of the pictures, that output, and that of the average."""

    def piece(start: float, stop: float) -> _Piece:
        begin, end = (torch.lerp(average, pictures, at) for at in (start, stop))
        pixels, output, baseline = attribute_maps([end], [begin], judge, _STEPS)
        return _Piece(start, stop, _in_places(pixels.astype(np.float64)), (baseline, output))

    cuts = [number / _FIRST_PIECES for number in range(_FIRST_PIECES + 1)]
    pieces = [piece(start, stop) for start, stop in pairwise(cuts)]
    baseline, output = pieces[0].outputs[0], pieces[-1].outputs[1]
    tolerance = max(TOLERANCE[0] * abs(output - baseline), TOLERANCE[1])
    while sum(p.error for p in pieces) > tolerance and len(pieces) < _MOST_PIECES:
        worst = max(pieces, key=lambda p: p.error)
        middle = (worst.start + worst.stop) / 2
        pieces = [p for p in pieces if p is not worst]
        pieces += [piece(worst.start, middle), piece(middle, worst.stop)]
    maps = np.sum([p.maps for p in pieces], axis=0)
    if abs(float(maps.sum()) - (output - baseline)) > tolerance:
        _log.warning(
            "The contributions to the score of %s add up to %.3f, but it differs from the average clip's by "
            "%.3f.",
            name, maps.sum(), output - baseline,
        )  # fmt: skip
    return maps, output, baseline


def _in_places(pixels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sums over equal places, ``(T, h, w)``; a pixel between two is divided by its area in each."""
    side = pixels.shape[-1]
    count = min(PLACES, side)
    edges = np.arange(count + 1) * side / count
    inside = np.minimum(edges[1:, None], np.arange(1, side + 1)) - np.maximum(
        edges[:-1, None], np.arange(side)
    )
    shares = np.clip(inside, 0, 1)
    return np.asarray(shares @ pixels @ shares.T)
