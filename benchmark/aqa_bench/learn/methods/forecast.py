"""What fitting a method will take: frames and steps as they are counted, seconds from a probe."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import Sample
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frame_cost import FrameCost, frame_cost
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.image_features import PooledBackbone
from aqa_bench.learn.features.video_features import ClipFeatureExtractor
from aqa_bench.learn.heads.build import build_head
from aqa_bench.learn.methods.backbone_recipe import BackboneRecipe
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImagePoolRecipe
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.methods.video_method import VideoMethod
from aqa_bench.learn.pretraining.pool import divided, usable_clips
from aqa_bench.learn.pretraining.pretrain import PretextTraining
from aqa_bench.learn.supervised.image_classifier import ImageClassifier
from aqa_bench.learn.supervised.training import supervised_optimizer
from aqa_bench.learn.supervised.video_classifier import VideoClassifier
from aqa_bench.learn.training.device import Precision, autocast, deterministic
from aqa_bench.learn.training.distributed import World
from aqa_bench.learn.training.loop import optimizer

__all__ = ["LabelProbe", "PretrainingForecast", "label_steps", "probe_labels", "probe_pretraining"]

_Method: TypeAlias = ImageMethod[Any] | VideoMethod[Any]
_STEPS = 10


@dataclass(frozen=True, slots=True)
class PretrainingForecast:
    """What a pre-training takes.

    Attributes:
        clips: Clips to learn from.
        watched: Clips that only watch.
        frames: What decoding takes, and where frames go.
        epochs: Passes over the clips.
        steps: Batches in all.
        step_seconds: Seconds of one, from the probe.
        decode_seconds: Seconds to decode all clips that are not kept yet, from those of the probe.
        probed_steps: Steps that were probed.
    """

    clips: int
    watched: int
    frames: FrameCost
    epochs: int
    steps: int
    step_seconds: float
    decode_seconds: float
    probed_steps: int

    @property
    def seconds(self) -> float:
        """Estimate of the whole; what is watched before and after is not in it."""
        return self.decode_seconds + self.steps * self.step_seconds


@dataclass(frozen=True, slots=True)
class LabelProbe:
    """What training on labels takes.

    Attributes:
        step_seconds: Seconds of one step.
        sample_seconds: Seconds to compute the features of one sample; 0 where none are kept.
    """

    step_seconds: float
    sample_seconds: float


def probe_pretraining(
    method: Method[Any],
    pool: Sequence[Sample],
    ctx: FitContext,
    device: torch.device,
    limit_s: float = 30.0,
) -> PretrainingForecast | None:
    """Ten steps of a pre-training, from random weights, on as many clips as a batch has.

    Args:
        method: Any method.
        pool: Its unlabelled samples.
        ctx: Names dataset and split; frame stores are looked for in its cache, and nothing is written there.
        device: Where to compute.
        limit_s: Seconds after which no further step is begun.

    Returns:
        The forecast, or None where the method does not pre-train on frames.

    Raises:
        DataError: The pool cannot be used, or its clips cannot be read.
    """
    if not isinstance(method, ImageMethod | VideoMethod):
        return None
    source = method.source()
    if not isinstance(source, Pretrained):
        return None
    recipe, pretext = source.recipe, source.pretext
    clips, _ = usable_clips(pool, recipe.pool_spec(), pretext.usable, ctx)
    learn, watched = divided(clips, recipe.held_out, pretext.unit)
    whole = FrameIndex(learn, recipe.pool_spec())
    cost = frame_cost(whole, device, ctx.cache / "frames")
    backbone = _backbone(method, device)
    with deterministic(0):
        per_epoch = max(pretext.training(backbone, whole, whole, 0).per_epoch(recipe.batch_size), 1)
    epochs = recipe.epochs if recipe.steps is None else math.ceil(recipe.steps / per_epoch)
    few = FrameIndex(learn[: max(recipe.batch_size, 2)], whole.spec)
    with tempfile.TemporaryDirectory(prefix="aqa-bench-probe-") as folder, deterministic(0):
        start = time.perf_counter()
        few.prepare(Path(folder), device)
        per_clip = (time.perf_counter() - start) / len(few)
        training = pretext.training(backbone, few, few, 0)
        training.network.to(device).train()
        adam = optimizer(recipe.optimizer, _trained(training.network), recipe.lr)
        batches = _batches(training, recipe.batch_size)
        step, probed = _timed(lambda: _step(training, next(batches), adam, device), device, limit_s)
    return PretrainingForecast(
        len(learn),
        len(watched),
        cost,
        epochs,
        epochs * per_epoch,
        step * recipe.batch_size / min(recipe.batch_size, len(few)),
        per_clip * (cost.clips - cost.present),
        probed,
    )


def label_steps(recipe: Recipe, samples: int, *, stills: bool) -> int | None:
    """Most steps on labels of one fit.

    Args:
        recipe: A recipe of any method.
        samples: Labelled samples to train on.
        stills: Whether they are still images.

    Returns:
        The number, which early stopping may fall short of; None where the recipe does not tell.
    """
    if isinstance(recipe, BackboneRecipe):
        if _end_to_end(recipe, stills=stills):
            return recipe.finetune_epochs * math.ceil(samples / recipe.finetune_batch_size)
        return recipe.head_epochs * math.ceil(samples / recipe.head_batch_size)
    epochs, batch = (getattr(recipe, name, None) for name in ("epochs", "batch_size"))
    if isinstance(epochs, int) and isinstance(batch, int) and batch > 0:
        return epochs * math.ceil(samples / batch)
    return None


def probe_labels(
    method: Method[Any], samples: Sequence[Sample], device: torch.device, limit_s: float = 30.0
) -> LabelProbe | None:
    """Ten steps on labels, from random weights, and the features of a few samples where a head is trained.

    Args:
        method: Any method.
        samples: Samples of the task, two at least.
        device: Where to compute.
        limit_s: Seconds after which no further step is begun.

    Returns:
        Seconds, or None where the method is none of images or videos.

    Raises:
        DataError: The samples cannot be read.
    """
    if not isinstance(method, ImageMethod | VideoMethod):
        return None
    recipe, backbone = method.recipe, _backbone(method, device)
    stills = samples[0].media.length == 1
    with deterministic(0):
        if _end_to_end(recipe, stills=stills):
            network, x = _classifier(method, backbone)
            return LabelProbe(
                _label_step(network.to(device), x.to(device), recipe.finetuning(), limit_s), 0.0
            )
        per_sample, shape = _features(method, backbone, samples[:4], device)
        head, x = _head(method, shape, recipe.head_batch_size)
        return LabelProbe(
            _label_step(head.to(device), x.to(device), recipe.head_training(), limit_s), per_sample
        )


def _backbone(method: _Method, device: torch.device) -> Any:
    """The backbone from random weights, which cost as much as any."""
    values = {"weights": "random", "weights_sha256": None}
    backbone = type(method)(method.recipe.model_copy(update=values)).build(0)
    if isinstance(backbone, ImageBackbone) and isinstance(method.recipe, ImagePoolRecipe):
        backbone.freeze(method.recipe.freeze)
    return backbone.to(device)


def _end_to_end(recipe: BackboneRecipe, *, stills: bool) -> bool:
    return getattr(recipe, "regime", None) == "finetune" or (
        stills and bool(getattr(recipe, "finetune", False))
    )


def _classifier(method: _Method, backbone: Any) -> tuple[nn.Module, Tensor]:
    recipe, size = method.recipe, method.recipe.finetune_batch_size
    if isinstance(method, VideoMethod):
        spec = recipe.clip_spec()
        head = recipe.new_head(backbone.num_features, 2)
        x = torch.rand(size, spec.frames * spec.clips, 3, spec.side, spec.side)
        return VideoClassifier(backbone, head, spec.clips), x
    features, side = PooledBackbone(backbone, recipe.frame_pooling()), recipe.frame_spec(1).side
    head = build_head(recipe.image_head, features.num_features(side), 2, width=recipe.width)
    return ImageClassifier(features, head), torch.rand(size, 3, side, side)


def _features(
    method: _Method,
    backbone: Any,
    samples: Sequence[Sample],
    device: torch.device,
) -> tuple[float, tuple[int, ...]]:
    """Seconds per sample, and the shape of features."""
    recipe = method.recipe
    extractor: Any = (
        ClipFeatureExtractor(backbone, recipe.clip_spec(), device)
        if isinstance(method, VideoMethod)
        else method.extractor(backbone, recipe.frames, device)
    )
    extractor.extract(samples[:1])
    start = time.perf_counter()
    features = extractor.extract(samples)
    return (time.perf_counter() - start) / len(samples), features[0].shape


def _head(method: _Method, shape: tuple[int, ...], size: int) -> tuple[nn.Module, Tensor]:
    recipe, width = method.recipe, shape[-1]
    if isinstance(method, VideoMethod):
        return recipe.new_head(width, 2), torch.rand(size, width)
    width = min(width, recipe.components or width)
    if len(shape) == 1:
        return build_head(recipe.image_head, width, 2, width=recipe.width), torch.rand(size, width)
    head = build_head(recipe.head, width, 2, width=recipe.width, blocks=recipe.blocks, dropout=recipe.dropout)
    return head, torch.rand(size, recipe.length, width)


def _label_step(network: nn.Module, x: Tensor, config: Any, limit_s: float) -> float:
    network.train()
    device, chosen = x.device, supervised_optimizer(config, _trained(network))
    y = torch.arange(len(x), device=device) % 2

    def step() -> None:
        with autocast(device, Precision.default(device)):
            loss = nn.functional.cross_entropy(network(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        chosen.step()
        chosen.zero_grad(set_to_none=True)

    return _timed(step, device, limit_s)[0]


def _step(training: PretextTraining, batch: Any, chosen: torch.optim.Optimizer, device: torch.device) -> None:
    with autocast(device, Precision.default(device)):
        loss = training.loss(training.network, training.inputs(batch, device))
    loss.backward()  # type: ignore[no-untyped-call]
    chosen.step()
    chosen.zero_grad(set_to_none=True)


def _trained(network: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def _batches(training: PretextTraining, batch_size: int) -> Iterator[Any]:
    draws = training.batches(batch_size, World())
    return (batch for epoch in count() for batch in draws(epoch))


def _timed(step: Callable[[], None], device: torch.device, limit_s: float) -> tuple[float, int]:
    """Mean seconds of a step after a first one, and how many were timed; the first alone where it is slow."""

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    start = now()
    step()
    first = now()
    done = 0
    while done < _STEPS and now() - start < limit_s:
        step()
        done += 1
    end = now()
    return ((end - first) / done, done) if done else (first - start, 1)
