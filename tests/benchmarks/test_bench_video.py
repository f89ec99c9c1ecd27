"""What pre-training and fine-tuning on clips cost beside the bare network."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn

from aqa_bench.core.sample import LabeledSet, Media, Sample, Trajectory
from aqa_bench.core.task import Modality
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.backbones.videos import build_video_backbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.features.video_features import ClipSpec
from aqa_bench.learn.heads.build import Projection
from aqa_bench.learn.heads.linear import LinearHead
from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss
from aqa_bench.learn.pretraining.video_batches import VideoBatch, clip_batches
from aqa_bench.learn.supervised.targets import TargetCoding
from aqa_bench.learn.supervised.training import TrainingConfig, finetune_network
from aqa_bench.learn.supervised.video_classifier import VideoClassifier, labelled_clips
from aqa_bench.methods.md.half_cycles import HalfCycleTriplets

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SIDE, TRIPLETS = 64, 5


@dataclass
class NoiseClip(Media):
    seed: int
    side: int = SIDE
    provides: frozenset[Modality] = frozenset({Modality.FRAMES, Modality.TRAJECTORY})

    length = 32

    @property
    def content_key(self) -> str:
        return f"noise-{self.seed}"

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        shape = (self.length, size or self.side, size or self.side, 3)
        every = np.random.default_rng(self.seed).integers(0, 256, shape, np.uint8)
        return every if indices is None else every[list(indices)]

    def trajectory(self) -> Trajectory:
        elevation = np.abs(np.linspace(-1, 1, self.length)).astype(np.float32)
        return Trajectory(elevation, np.ones_like(elevation), self.length // 2)


@pytest.fixture(scope="module")
def clips() -> list[Sample]:
    return [Sample(str(i), str(i), NoiseClip(i)) for i in range(24)]


def _seconds(function: Callable[[], object]) -> float:
    """CPU seconds of a call, which a busy machine does not lengthen; elapsed ones on a GPU."""
    clock = time.perf_counter if DEVICE.type == "cuda" else time.process_time
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    start = clock()
    function()
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return clock() - start


def _fastest(function: Callable[[], object], rounds: int) -> float:
    return min(_seconds(function) for _ in range(rounds))


def _step(model: nn.Module) -> Callable[[Tensor], None]:
    optimizer = torch.optim.Adam(model.parameters(), 1e-4)

    def step(clips: Tensor) -> None:
        optimizer.zero_grad()
        distance_ratio_loss(*model(clips).chunk(3)).backward()
        optimizer.step()

    return step


def _network(name: str) -> nn.Module:
    torch.manual_seed(0)
    backbone = build_video_backbone(name, "random")
    return nn.Sequential(backbone, Projection(backbone.num_features)).to(DEVICE).train()


@pytest.fixture(scope="module")
def papers_step() -> float:
    """Seconds of a step of R(2+1)D-18 over 5 triplets of 16 frames of 112 pixels."""
    step = _step(_network("r2plus1d_18"))
    if DEVICE.type == "cuda":
        clips = torch.rand(3 * TRIPLETS, 16, 3, 112, 112, device=DEVICE)
        return _fastest(lambda: step(clips), 4)
    # On a CPU all 15 clips take most of a minute and gigabytes.
    clips = torch.rand(3, 16, 3, 112, 112)
    return TRIPLETS * _seconds(lambda: step(clips))


@pytest.mark.parametrize(
    ("side", "network", "bound"), [(112, "r2plus1d_18", 0.1), (64, "r2plus1d-small", 0.35)]
)
def test_clips_and_augmentation_cost_little_beside_the_step(
    benchmark: BenchmarkFixture,
    clips: list[Sample],
    tmp_path: Path,
    papers_step: float,
    side: int,
    network: str,
    bound: float,
) -> None:
    pool = FrameIndex(clips, FrameSpec(None, side, None))
    pool.prepare(tmp_path, DEVICE)
    sampler = HalfCycleTriplets(pool)
    augment = augmentation("strong")
    endless = (b for epoch in range(1000) for b in clip_batches(pool, sampler, TRIPLETS, 0)(epoch))

    def read() -> VideoBatch:
        return next(endless)

    def prepare() -> Tensor:
        batch = next(endless)
        return augment(batch.frames.to(DEVICE), batch.generator())

    bare = papers_step
    if network != "r2plus1d_18":
        step, x = _step(_network(network)), prepare()
        bare = _fastest(lambda: step(x), 6)
    reading, extra = _fastest(read, 12), _fastest(prepare, 12)
    benchmark.extra_info["share of the step"] = round(extra / bare, 4)
    benchmark.extra_info["of that, reading"] = round(reading / bare, 4)
    benchmark.pedantic(prepare, rounds=5)
    assert extra <= bound * bare
    assert reading <= 0.1 * bare


def test_augmentation_costs_at_most_a_twentieth_of_the_papers_step(
    benchmark: BenchmarkFixture, papers_step: float
) -> None:
    frames = torch.randint(0, 256, (15, 16, 112, 112, 3), dtype=torch.uint8, device=DEVICE)
    augment, generator = augmentation("strong"), torch.Generator().manual_seed(0)
    extra = _fastest(lambda: augment(frames, generator), 4)
    benchmark.extra_info["share of the step"] = round(extra / papers_step, 4)
    benchmark.pedantic(augment, (frames, generator), rounds=3)
    assert extra <= 0.05 * papers_step


def test_fine_tuning_is_nearly_as_fast_as_the_bare_network(
    benchmark: BenchmarkFixture, clips: list[Sample], tmp_path: Path
) -> None:
    spec = ClipSpec(16, resize=SIDE, crop=None)
    labelled = LabeledSet(tuple(clips), np.arange(len(clips)) % 2.0)
    nobody = LabeledSet((), np.empty(0))

    def network() -> VideoClassifier:
        torch.manual_seed(0)
        backbone = build_video_backbone("r2plus1d-small", "random")
        return VideoClassifier(backbone, LinearHead(backbone.num_features, 2)).to(DEVICE)

    def finetune(epochs: int) -> None:
        finetune_network(
            network(),
            *(labelled_clips(part, spec, TargetCoding(), DEVICE, tmp_path) for part in (labelled, nobody)),
            TrainingConfig(optimizer="adam", batch_size=8, epochs=epochs),
            is_score=False,
            augment=augmentation("light", flip=0.0),
            seed=0,
            device=DEVICE,
        )

    model = network().train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-4)
    x, y = torch.rand(8, 16, 3, SIDE, SIDE, device=DEVICE), torch.arange(8, device=DEVICE) % 2

    def bare() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    alone = _fastest(bare, 6) / 8
    # Reading and starting up cancel out of the difference.
    short, long = _fastest(lambda: finetune(1), 3), _fastest(lambda: finetune(5), 3)
    ours = (long - short) / 4 / len(clips)
    benchmark.extra_info["clips/s"] = round(1 / ours, 1)
    benchmark.extra_info["bare clips/s"] = round(1 / alone, 1)
    benchmark.pedantic(lambda: finetune(1), rounds=1)
    assert ours <= 1.2 * alone
