"""What pre-training and feature extraction cost beside the bare network."""

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
from torchvision.transforms import v2

from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample, Trajectory
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.backbones.images import build_backbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.features.image_features import FrameFeatureExtractor
from aqa_bench.learn.heads.build import Projection
from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss
from aqa_bench.learn.pretraining.image_batches import triplet_batches
from aqa_bench.learn.pretraining.triplets import CrossClipTriplets

METHOD = find_method("imagenet")

CPU = torch.device("cpu")
SIDE = 128


@dataclass
class NoiseClip(Media):
    seed: int
    provides: frozenset[Modality] = frozenset({Modality.FRAMES, Modality.TRAJECTORY})

    length = 24

    @property
    def content_key(self) -> str:
        return f"noise-{self.seed}"

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        shape = (self.length, size or SIDE, size or SIDE, 3)
        every = np.random.default_rng(self.seed).integers(0, 256, shape, np.uint8)
        return every if indices is None else every[list(indices)]

    def trajectory(self) -> Trajectory:
        elevation = np.abs(np.linspace(-1, 1, self.length)).astype(np.float32)
        return Trajectory(elevation, np.ones_like(elevation), self.length // 2)


@pytest.fixture(scope="module")
def clips() -> list[Sample]:
    return [Sample(str(i), str(i), NoiseClip(i)) for i in range(32)]


def _fastest(*functions: Callable[[], object], rounds: int = 5) -> list[float]:
    """Least CPU seconds of each, in turn, so that a busy machine disturbs all alike."""
    seconds = np.full((rounds, len(functions)), np.inf)
    for row in seconds:
        for column, function in enumerate(functions):
            start = time.process_time()
            function()
            row[column] = time.process_time() - start
    return [float(value) for value in seconds.min(axis=0)]


@dataclass(frozen=True)
class Step:
    """A pre-training step, as a recipe has it."""

    backbone: str
    side: int
    triplets: int
    frozen: int
    augmentation: str
    in_memory: bool = True


STEPS = {
    "resnet18": Step("resnet18", SIDE, 8, 0, "none"),
    "resnet18, frames in a file": Step("resnet18", SIDE, 8, 0, "none", in_memory=False),
    "resnet18, top mask": Step("resnet18", SIDE, 8, 0, "top-mask"),
    "resnet18, strong": Step("resnet18", SIDE, 8, 0, "strong"),
    "resnet18 at 224, top mask": Step("resnet18", 224, 4, 0, "top-mask"),
    "quick: lite0 at 96, light": Step("efficientnet-lite0", 96, 25, 2, "light"),
}


@pytest.mark.benchmark(group="data and augmentation beside the bare step (goal: 5%)")
@pytest.mark.parametrize("name", STEPS)
def test_data_and_augmentation_cost_at_most_a_twentieth_of_the_step(
    benchmark: BenchmarkFixture, clips: list[Sample], tmp_path: Path, name: str
) -> None:
    asked = STEPS[name]
    pool = FrameIndex(clips, FrameSpec(None, asked.side, None))
    pool.prepare(tmp_path, CPU, budget=1 << 30 if asked.in_memory else 0)
    torch.manual_seed(0)
    backbone = build_backbone(asked.backbone, "random").freeze(asked.frozen)
    model = nn.Sequential(backbone, Projection(backbone.num_features)).train()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 1e-4)
    augment = augmentation(asked.augmentation)
    sampler = CrossClipTriplets(pool.elevations())
    endless = (b for epoch in range(1000) for b in triplet_batches(pool, sampler, asked.triplets, 0)(epoch))

    def step(images: Tensor) -> None:
        optimizer.zero_grad()
        distance_ratio_loss(*model(images).chunk(3)).backward()
        optimizer.step()

    def prepare() -> Tensor:
        batch = next(endless)
        return augment(batch.images, batch.generator())

    # Timed alone: the difference of two steps would drown in their noise.
    (bare,) = _fastest(lambda: step(prepare()), rounds=2)
    (extra,) = _fastest(prepare)
    benchmark.extra_info |= {"step, s": round(bare, 3), "share of the step": round(extra / bare, 4)}
    benchmark.pedantic(prepare, rounds=5)
    assert extra <= 0.05 * bare


def test_a_second_run_reads_features(
    benchmark: BenchmarkFixture, clips: list[Sample], tmp_path: Path
) -> None:
    task = Task.model_construct(id="kie", kind=TaskKind.BINARY, unit=Unit.CLIP)
    context = FitContext("d", task, "s", 0, "cpu", tmp_path)
    backbone = build_backbone("resnet18", "random")
    extractor = FrameFeatureExtractor(backbone, FrameSpec(16, SIDE, None), CPU)

    def extract() -> object:
        return extractor.extract_cached(clips[:12], context)

    start = time.process_time()
    extract()
    first = time.process_time() - start
    second = _fastest(extract)[0]
    benchmark.extra_info["share of the first run"] = round(second / first, 4)
    benchmark.pedantic(extract, rounds=5)
    assert second < 0.05 * first


@pytest.mark.parametrize("change", ["head", "task"])
def test_a_second_run_with_another_head_or_task(
    benchmark: BenchmarkFixture, clips: list[Sample], tmp_path: Path, change: str
) -> None:
    """Whole runs: training of the heads included, which no cache can save."""
    kind = METHOD.load()
    recipe = load_recipe(METHOD.folder, kind.recipe_type(), "quick")
    labels = LabeledSet(tuple(clips[:24]), np.arange(24) % 2.0)
    nothing = LabeledSet((), np.empty(0))

    def fit(head: str, task: str) -> float:
        judged = Task(id=task, name=task, kind=TaskKind.BINARY, unit=Unit.CLIP, primary="f1")
        texts = ["weights=random", f"head={head}"]
        method = kind(recipe.with_overrides(texts, "benchmark"))
        context = FitContext("d", judged, "s", 0, "cpu", tmp_path)
        start = time.process_time()
        method.fit(labels, nothing, (), context).predict(labels.samples)
        return time.process_time() - start

    first = fit("resnet1d", "kie")
    second = fit("mlp" if change == "head" else "resnet1d", "kfe" if change == "task" else "kie")
    benchmark.extra_info |= {
        "first run, s": round(first, 2),
        "share of the first run": round(second / first, 3),
    }
    benchmark.pedantic(fit, ("linear", "kie"), rounds=1)
    assert second < first


def test_batched_augmentation_is_faster_than_image_by_image(benchmark: BenchmarkFixture) -> None:
    frames = torch.randint(0, 256, (48, SIDE, SIDE, 3), dtype=torch.uint8)
    ours, generator = augmentation("strong"), torch.Generator().manual_seed(0)
    affine = v2.RandomAffine(20, (1 / 32, 1 / 32), (0.8, 1.2), interpolation=v2.InterpolationMode.BILINEAR)
    theirs = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomApply([affine], 0.875),
            v2.RandomApply([v2.GaussianBlur(5, (0.1, 1.2))]),
            v2.RandomApply([v2.RandomChannelPermutation()]),
            v2.RandomErasing(0.5, (0.03, 0.3)),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )

    def loop() -> Tensor:
        return torch.stack([theirs(image) for image in frames.permute(0, 3, 1, 2)])

    batched, single = _fastest(lambda: ours(frames, generator), loop)
    benchmark.extra_info["times faster"] = round(single / batched, 2)
    benchmark.pedantic(ours, (frames, generator), rounds=5)
    assert batched < single
