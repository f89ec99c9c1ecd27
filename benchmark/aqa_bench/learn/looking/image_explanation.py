"""Explanations of image networks: from feature maps through pooling and head to the judgement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aqa_bench.core.errors import MethodError, UsageError
from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frames import FrameSpec, frame_indices, read_frames
from aqa_bench.learn.features.head_inputs import HeadInputs
from aqa_bench.learn.features.image_features import Pooling
from aqa_bench.learn.looking.attribution import Attribution, attribute_maps
from aqa_bench.learn.looking.judgement import judgement, scaled
from aqa_bench.learn.training.device import Precision, autocast
from aqa_bench.media.clips import resample_time

__all__ = ["explain_features", "explain_stills", "picture_area"]

_BATCH = 64
_SMALL = 32
_TOLERANCE = 1e-3


def explain_features(
    samples: Sequence[Sample],
    reference: Sequence[Sample],
    inputs: HeadInputs,
    head: nn.Module,
    is_score: bool,
) -> list[Attribution]:
    """Contributions of the frames of samples to the judgement of a head on fixed features.

    Args:
        samples: Clips or still images.
        reference: Samples whose average picture contributions are counted from.
        inputs: How the head's inputs are made. What it does to features over time must be linear, and
            the same for every feature.
        head: In evaluation mode.
        is_score: Whether the head predicts scores.

    Raises:
        UsageError: The package captum is missing, or the backbone's features are not means of a map.
        MethodError: The arrangement of features is not linear over time.
    """
    extractor = inputs.extractor
    reader = _MapReader(extractor.backbone, extractor.pooling, extractor.frames, extractor.precision)
    averages = reader.average(reference)
    explained = []
    for sample in samples:
        maps = reader(sample)
        # Methods arrange NumPy arrays, through which no gradient passes; as a matrix the same
        # mixing lets gradients through.
        mix = _time_mixing(sample, reader.features([m[None] for m in maps])[0], inputs)

        # Bound as a default: a closure over the loop's variable would see the next sample's.
        def judge(*stages: Tensor, mix: Tensor | None = mix) -> Tensor:
            z = scaled(reader.features(stages), inputs.scaler)
            x = z[:, 0] if mix is None else torch.einsum("lkt,btd->blkd", mix, z).flatten(2)
            return judgement(head(x), is_score)

        explained.append(reader.attribution(sample, maps, averages, judge))
    return explained


def explain_stills(
    samples: Sequence[Sample],
    reference: Sequence[Sample],
    network: tuple[ImageBackbone, Pooling, nn.Module],
    spec: FrameSpec,
    is_score: bool,
) -> list[Attribution]:
    """Contributions of the parts of still images to the judgement of a network of backbone and head.

    Args:
        samples: Still images.
        reference: Images whose average contributions are counted from.
        network: Backbone, what is kept of its maps, and head, in evaluation mode.
        spec: Size of the images.
        is_score: Whether the head predicts scores.

    Raises:
        UsageError: The package captum is missing, or the backbone's features are not means of a map.
    """
    backbone, pooling, head = network
    device = next(backbone.parameters()).device
    reader = _MapReader(backbone, pooling, spec, Precision.default(device))
    averages = reader.average(reference)

    def judge(*stages: Tensor) -> Tensor:
        return judgement(head(reader.features(stages)[:, 0]), is_score)

    return [reader.attribution(sample, reader(sample), averages, judge) for sample in samples]


def picture_area(sample: Sample, spec: FrameSpec) -> npt.NDArray[np.float64]:
    """The part of the picture that a network sees, a frame.

    Returns:
        ``(T, 4)`` left, top, right and bottom as shares of the picture's width and height.
    """
    indices = _indices(sample, spec)
    start = (spec.resize - spec.side) // 2 / spec.resize
    stop = start + spec.side / spec.resize
    return np.tile((start, start, stop, stop), (len(indices), 1))


def _indices(sample: Sample, spec: FrameSpec) -> npt.NDArray[np.int64]:
    """Frame numbers; one for a still image, whatever number of frames the recipe asks of clips."""
    return frame_indices(sample, spec)[: None if Modality.FRAMES in sample.media.provides else 1]


class _MapReader:
    """Reads the maps that a backbone's features are made of, in the precision that these are computed in."""

    def __init__(
        self,
        backbone: ImageBackbone,
        pooling: Pooling,
        spec: FrameSpec,
        precision: Precision,
    ) -> None:
        self.backbone = backbone.eval()
        self.pooling = pooling
        self.spec = spec
        self.precision = precision
        self.device = next(backbone.parameters()).device
        self._layer = _averaged_layer(backbone, spec.side) if pooling.kind == "gap" else None

    def __call__(self, sample: Sample) -> list[Tensor]:
        """Maps ``(T, C, h, w)`` of every stage, float32."""
        images = torch.from_numpy(np.ascontiguousarray(read_frames(sample, self.spec)))
        with torch.no_grad(), autocast(self.device, self.precision):
            parts = [self._maps(batch.to(self.device)) for batch in torch.split(images, _BATCH)]
        return [torch.cat(stage).float() for stage in zip(*parts, strict=True)]

    def average(self, samples: Sequence[Sample]) -> list[Tensor]:
        """Mean maps ``(C, h, w)`` over all frames of samples."""
        # Mean of means: a long clip is not more of a reference than a short one.
        means = [[m.mean(dim=0) for m in self(sample)] for sample in samples]
        return [torch.stack(stage).mean(dim=0) for stage in zip(*means, strict=True)]

    def features(self, stages: Sequence[Tensor]) -> Tensor:
        """Features ``(B, T, D)`` of maps ``(B, T, C, h, w)``, as :class:`Pooling` makes them."""
        if self.pooling.kind == "gap":
            return stages[0].mean(dim=(3, 4))
        grid = self.pooling.grid
        flat = [m.flatten(0, 1) for m in stages]
        kept = flat if grid is None else [F.adaptive_avg_pool2d(m, grid) for m in flat]
        return torch.cat([m.flatten(1) for m in kept], dim=1).reshape(*stages[0].shape[:2], -1)

    def attribution(
        self,
        sample: Sample,
        maps: Sequence[Tensor],
        averages: Sequence[Tensor],
        judge: Callable[..., Tensor],
    ) -> Attribution:
        """Contributions of the maps to what the judge says."""
        found, output, baseline = attribute_maps(maps, averages, judge)
        area = picture_area(sample, self.spec)
        return Attribution(_indices(sample, self.spec), found, area, output, baseline)

    def _maps(self, images: Tensor) -> list[Tensor]:
        if self._layer is None:
            return self.backbone.forward_maps(images, self.pooling.stages)
        kept: list[Tensor] = []
        handle = self._layer.register_forward_hook(lambda _module, _args, out: kept.append(out))
        try:
            self.backbone(images)
        finally:
            handle.remove()
        return kept


def _averaged_layer(backbone: ImageBackbone, side: int) -> nn.Module:
    """The last layer whose maps the backbone's features are means of.

    Raises:
        UsageError: There is none.
    """
    device = next(backbone.parameters()).device
    # Noise, since a blank picture gives many layers equal means, and any of them would seem to be the one.
    image = torch.rand((1, 3, side, side), generator=torch.Generator().manual_seed(0)).to(device)
    seen: list[tuple[nn.Module, Tensor]] = []

    def keep(module: nn.Module, _args: object, out: object) -> None:
        if isinstance(out, Tensor) and out.ndim == 4:
            seen.append((module, out))

    handles = [module.register_forward_hook(keep) for module in backbone.trunk.modules()]
    try:
        with torch.no_grad():
            features = backbone(image)
    finally:
        for handle in handles:
            handle.remove()
    # From the end: the deepest map with these means is the one that is pooled.
    for module, out in reversed(seen):
        means = out.mean(dim=(2, 3))
        # A map of one position is its own mean, and places nothing.
        large = out.shape[2] * out.shape[3] > 1 or side < _SMALL
        if large and means.shape == features.shape and torch.allclose(means, features, atol=_TOLERANCE):
            return module
    raise UsageError(
        "Scores from these features cannot be traced back to positions in the picture.",
        where=backbone.name,
        expected="features that are means of one backbone map",
        found="no such map",
        remedy="Use the backbone resnet18 or efficientnet-lite0, or a recipe with pooling = map.",
    )


def _time_mixing(sample: Sample, features: Tensor, inputs: HeadInputs) -> Tensor | None:
    """From frames to what the head sees, ``(length, k, T)``; None for still images."""
    if Modality.FRAMES not in sample.media.provides:
        return None
    # Scaled first, as in training, since methods arrange scaled features.
    known = scaled(features, inputs.scaler).cpu().numpy()
    arrangement = _mixing(lambda f: inputs.arrange(sample, f, inputs.extractor), known)
    # Resampling is linear too: applied to a unit matrix it gives its own matrix. Its product with the
    # arrangement leads from frames to what the head sees.
    resampling = resample_time(np.eye(arrangement.shape[1], dtype=np.float32), inputs.length)
    return torch.from_numpy(np.einsum("la,kat->lkt", resampling, arrangement)).to(features.device)


def _mixing(
    arrange: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]], known: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """What an arrangement does over time, ``(k, T', T)``: k copies of the features, each mixed from frames.

    Found from what it makes of a unit matrix, and checked on the features themselves.
    """
    count = len(known)
    # Frames as one-hot features: column by column the answer shows which frames an output mixes, and the
    # method's code need not be known.
    probe = np.asarray(arrange(np.eye(count, dtype=np.float32)))
    wanted = np.asarray(arrange(known))
    if probe.ndim == 2 and probe.shape[1] % count == 0:
        # Differences that stand beside features come out as further copies of the columns, k of them.
        mixing = probe.reshape(len(probe), -1, count).transpose(1, 0, 2)
        # The answer on one-hot features holds only if the change is linear and alike for all features,
        # so it is checked on real ones.
        found = np.concatenate([copy @ known for copy in mixing], axis=1)
        # Relative to the size of the features, with which rounding grows.
        limit = _TOLERANCE * (1 + np.abs(known).max())
        if found.shape == wanted.shape and np.abs(found - wanted).max() <= limit:
            return np.ascontiguousarray(mixing, np.float32)
    raise MethodError(
        "This method changes its features in a way that cannot be explained.",
        where="arranged",
        expected="the same linear change over time for every feature",
        found=f"features {known.shape} changed to {wanted.shape} in another way",
        remedy="Explain a method or recipe that does not change its features.",
    )
