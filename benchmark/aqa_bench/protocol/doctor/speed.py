"""Throughput beside the bare network: a pre-training step on triplets, and fine-tuning on clips."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.backbones.images import build_backbone
from aqa_bench.learn.backbones.videos import build_video_backbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.features.video_features import ClipSpec
from aqa_bench.learn.heads.build import Projection
from aqa_bench.learn.heads.linear import LinearHead
from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss
from aqa_bench.learn.pretraining.image_batches import ImageBatch, triplet_batches
from aqa_bench.learn.pretraining.triplets import CrossClipTriplets
from aqa_bench.learn.supervised.targets import TargetCoding
from aqa_bench.learn.supervised.training import TrainingConfig, finetune_network
from aqa_bench.learn.supervised.video_classifier import VideoClassifier, labelled_clips
from aqa_bench.learn.training.device import Precision, autocast
from aqa_bench.learn.training.loop import fit, optimizer
from aqa_bench.protocol.doctor.clips import DrawnClip, labelled
from aqa_bench.protocol.doctor.timing import fastest

__all__ = ["FINETUNING", "PRETRAINING", "Size", "finetuning_speed", "pretraining_speed"]

_AUGMENTATIONS = ("none", "simsiam", "strong")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is trained on.

    Attributes:
        side: Side of the pictures in pixels.
        batch: Triplets, or clips, of a step.
        steps: Steps of a timed round.
        rounds: Rounds; the fastest one counts.
        frames: Frames of a clip.
    """

    side: int
    batch: int
    steps: int
    rounds: int
    frames: int = 16


#: ResNet-18 on triplets: the papers' size on a GPU, a small one on a CPU.
PRETRAINING = {"cuda": Size(224, 25, 20, 5), "cpu": Size(64, 4, 2, 3)}
#: The small R(2+1)D, end to end.
FINETUNING = {"cuda": Size(64, 8, 6, 3), "cpu": Size(32, 8, 1, 2, frames=8)}


def pretraining_speed(device: torch.device, size: Size | None = None) -> dict[str, Any]:
    """A pre-training step with data and augmentation beside the bare one and the straightforward one.

    The bare step is forward, backward and Adam on images that lie on the device; the straightforward one
    opens each frame as a JPEG by Pillow, makes three forward passes and sums the loss in a loop.

    Args:
        device: Where to compute.
        size: How much; by default what fits the device.

    Returns:
        Milliseconds and their ratios, as plain JSON.
    """
    size = size or PRETRAINING[device.type]
    torch.manual_seed(0)
    backbone = build_backbone("resnet18", "random")
    network = nn.Sequential(backbone, Projection(backbone.num_features)).to(device).train()
    adam = optimizer("adam", network.parameters(), 1e-4)
    precision = Precision.default(device)
    clips = labelled(DrawnClip, range(2 * size.batch)).samples
    pool = FrameIndex(clips, FrameSpec(16, size.side, None))
    with tempfile.TemporaryDirectory() as folder:
        pool.prepare(Path(folder), device)
        sampler = CrossClipTriplets(pool.elevations())
        ready = torch.rand(3 * size.batch, 3, size.side, size.side, device=device)

        def bare() -> None:
            for _ in range(size.steps):
                with autocast(device, precision):
                    loss = distance_ratio_loss(*network(ready).chunk(3))
                loss.backward()  # type: ignore[no-untyped-call]
                adam.step()
                adam.zero_grad(set_to_none=True)

        def ours(name: str) -> Callable[[], None]:
            augment, endless = augmentation(name), _endless(pool, sampler, size.batch)

            def loss(model: nn.Module, batch: ImageBatch) -> Tensor:
                return distance_ratio_loss(*model(augment(batch.images, batch.generator())).chunk(3))

            def steps() -> None:
                fit(
                    network,
                    lambda _: islice(endless, size.steps),
                    loss,
                    optimizer=adam,
                    epochs=1,
                    device=device,
                    precision=precision,
                )

            return steps

        works = {"bare": bare, **{name: ours(name) for name in _AUGMENTATIONS}}
        best = {name: s / size.steps for name, s in fastest(works, device, size.rounds).items()}
        straight = _straightforward(network, adam, pool, size, device)
        slow = fastest({"slow": straight}, device, 1)["slow"]
    return {
        "network": "resnet18",
        "side": size.side,
        "triplets": size.batch,
        "dtype": precision.dtype,
        "bare_ms": round(1000 * best["bare"], 3),
        "images_per_second": round(3 * size.batch / best["bare"], 1),
        "augmentations": {
            name: {"ms": round(1000 * best[name], 3), "ratio": round(best[name] / best["bare"], 3)}
            for name in _AUGMENTATIONS
        },
        "straightforward_ms": round(1000 * slow, 3),
        "times_faster_than_straightforward": round(slow / best["none"], 2),
    }


def finetuning_speed(device: torch.device, size: Size | None = None) -> dict[str, Any]:
    """Clips per second of end-to-end fine-tuning beside those of the bare network.

    Args:
        device: Where to compute.
        size: How much; by default what fits the device.

    Returns:
        Clips per second and their share, as plain JSON.
    """
    size = size or FINETUNING[device.type]
    parts = labelled(DrawnClip, range(size.batch * size.steps))
    spec = ClipSpec(size.frames, resize=size.side, crop=None)
    precision = Precision.default(device)

    def network() -> VideoClassifier:
        torch.manual_seed(0)
        backbone = build_video_backbone("r2plus1d-small", "random")
        return VideoClassifier(backbone, LinearHead(backbone.num_features, 2)).to(device)

    with tempfile.TemporaryDirectory() as folder:
        train, nobody = (
            labelled_clips(part, spec, TargetCoding(), device, Path(folder))
            for part in (parts, LabeledSet((), np.empty(0)))
        )

        def finetune(epochs: int) -> None:
            finetune_network(
                network(),
                train,
                nobody,
                TrainingConfig(optimizer="adam", batch_size=size.batch, epochs=epochs),
                is_score=False,
                augment=augmentation("light", flip=0.0),
                seed=0,
                device=device,
            )

        model = network().train()
        adam = optimizer("adam", model.parameters(), 1e-4)
        x = torch.rand(size.batch, size.frames, 3, size.side, size.side, device=device)
        y = torch.arange(size.batch, device=device) % 2

        def bare() -> None:
            for _ in range(size.steps):
                with autocast(device, precision):
                    loss = nn.functional.cross_entropy(model(x), y)
                loss.backward()  # type: ignore[no-untyped-call]
                adam.step()
                adam.zero_grad(set_to_none=True)

        works = {"bare": bare, "short": lambda: finetune(1), "long": lambda: finetune(5)}
        best = fastest(works, device, size.rounds)
    # What happens once per fit cancels out of the difference.
    ours = max(best["long"] - best["short"], 1e-9) / 4
    return {
        "network": "r2plus1d-small",
        "side": size.side,
        "frames": size.frames,
        "clips": size.batch,
        "dtype": precision.dtype,
        "clips_per_second": round(len(parts) / ours, 1),
        "bare_clips_per_second": round(len(parts) / best["bare"], 1),
        "share_of_bare": round(best["bare"] / ours, 3),
    }


def _endless(pool: FrameIndex, sampler: CrossClipTriplets, batch: int) -> Iterator[ImageBatch]:
    draws = triplet_batches(pool, sampler, batch, 0)
    return (drawn for epoch in count() for drawn in draws(epoch))


def _straightforward(
    network: nn.Module, adam: torch.optim.Optimizer, pool: FrameIndex, size: Size, device: torch.device
) -> Callable[[], None]:
    """One step, sample by sample."""
    files = [[_jpeg(sample, k, size) for k in range(3)] for sample in pool.samples[: size.batch]]

    def read(file: bytes) -> Tensor:
        picture = Image.open(io.BytesIO(file)).convert("RGB").resize((size.side, size.side))
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float().div(255)

    def step() -> None:
        triplets = [[read(file) for file in triplet] for triplet in files]
        parts = [torch.stack(part).to(device) for part in zip(*triplets, strict=True)]
        embeddings = [network(part) for part in parts]
        losses = []
        for anchor, positive, negative in zip(*embeddings, strict=True):
            near = torch.exp(-torch.linalg.vector_norm(anchor - positive))
            far = torch.exp(-torch.linalg.vector_norm(anchor - negative))
            losses.append(-torch.log(near / (near + far)))
        torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
        adam.step()
        adam.zero_grad(set_to_none=True)

    return step


def _jpeg(sample: Sample, number: int, size: Size) -> bytes:
    written = io.BytesIO()
    Image.fromarray(sample.media.frames([8 * number], 2 * size.side)[0]).save(written, "JPEG", quality=92)
    return written.getvalue()
