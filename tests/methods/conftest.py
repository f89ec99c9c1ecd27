"""Drawn clips on which image methods are trained within seconds."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from aqa_bench.core.method import FitContext, Predictor
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.sample import LabeledSet, Media, Sample, Trajectory
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.learn.backbones import images as image_backbones
from aqa_bench.learn.backbones.image_backbone import ImageBackbone, Stage
from aqa_bench.learn.backbones.images import build_backbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.pretraining.video_batches import ClipSampler

SMALL = (
    *("backbone=tiny", "weights=random", "resize=32", "crop=32", "frames=8", "length=32"),
    *("width=16", "blocks=1", "head_epochs=4", "components=null", "head_lr=0.01"),
)
"""A small network on few small frames, whatever the recipe."""
SMALL_PRETRAINING = ("steps=2", "batch_size=3", "pool_frames=8", "freeze=0")
SMALL_VIDEO = (
    *("backbone=r2plus1d-small", "weights=random", "resize=32", "crop=32", "frames=8"),
    *("finetune_epochs=2", "finetune_batch_size=4", "head_epochs=4", "width=8"),
)
SMALL_VIDEO_PRETRAINING = ("epochs=2", "batch_size=3", "clip_frames=8")


class TinyBackbone(ImageBackbone):
    """Three strided convolutions with random weights."""

    def __init__(self) -> None:
        widths = (3, 8, 16, 32)
        blocks = [
            nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in pairwise(widths)
        ]
        stages = [Stage(str(i), width, 2 << i) for i, width in enumerate(widths[1:])]
        half = (0.5, 0.5, 0.5)
        super().__init__(
            nn.Sequential(*blocks),
            name="tiny",
            weights_name="random",
            num_features=32,
            stages=stages,
            mean=half,
            std=half,
        )

    def _pooled(self, x: Tensor) -> Tensor:
        return self.trunk(x).mean(dim=(2, 3))

    def _maps(self, x: Tensor, stages: Sequence[int]) -> list[Tensor]:
        maps = []
        for block in self.trunk:
            x = block(x)
            maps.append(x)
        return [maps[stage] for stage in stages]


class DrawnClip(Media):
    """A bar that goes down and comes up, in front of a wall whose colour is the clip's own.

    In an error the wall is red.
    """

    provides = frozenset({Modality.FRAMES, Modality.TRAJECTORY})

    def __init__(self, seed: int, error: bool, turns: bool = True, count: int = 12) -> None:
        self.seed, self.error, self.turns, self.count = seed, error, turns, count

    @property
    def length(self) -> int:
        return self.count

    @property
    def content_key(self) -> str:
        return f"{type(self).__name__}-{self.seed}-{self.error}-{self.turns}"

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        side = size or 40
        elevation = self.trajectory().elevation
        numbers = range(self.count) if indices is None else indices
        drawn = np.random.default_rng(self.seed).integers(0, 60, (self.count, side, side, 3))
        images = []
        for number in numbers:
            image = drawn[number].astype(np.uint8)
            image[..., 0 if self.error else 2] += 180
            top = int((1 - elevation[number]) * side * 0.8)
            image[top : top + side // 8] = 255
            images.append(image)
        return np.stack(images)

    def trajectory(self) -> Trajectory:
        times = np.linspace(-1, 1, self.count)
        elevation = (np.abs(times) if self.turns else (times + 1) / 2).astype(np.float32)
        elevation = (elevation - elevation.min()) / np.ptp(elevation)
        return Trajectory(elevation, np.ones(self.count, np.float32), self.count // 2)


class DrawnRepetition(DrawnClip):
    """Such a clip, long enough for two half-cycles."""

    def __init__(self, seed: int, error: bool, turns: bool = True, count: int = 24) -> None:
        super().__init__(seed, error, turns, count)


class LateSquare(DrawnRepetition):
    """Such a repetition, in whose second half a green square stands before the wall."""

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        images = super().frames(indices, size)
        numbers = np.arange(self.count) if indices is None else np.asarray(indices)
        part = slice(images.shape[1] // 4, images.shape[1] // 2)
        images[numbers > self.count // 2, part, part] = (0, 255, 0)
        return images


class DrawnDive(DrawnRepetition):
    """Such a clip as a dive of one event, without a trajectory; a red wall is a pike, a blue one a tuck."""

    provides = frozenset({Modality.FRAMES, Modality.ATTRIBUTES})
    event = "01"

    @property
    def attributes(self) -> Mapping[str, float | str]:
        position = "pike" if self.error else "tuck"
        known = {"position": position, "rotation": "back", "event": self.event}
        return known | {"armstand": 0.0, "somersaults": 2.5, "twists": 0.0}


class DrawnImage(DrawnClip):
    """One frame of such a clip, without a trajectory."""

    provides = frozenset({Modality.IMAGE})

    def image(self, size: int | None = None) -> np.ndarray:
        return self.frames([3], size)[0]


@dataclasses.dataclass
class Fitted:
    predictor: Predictor
    facts: dict[str, Any]


@dataclasses.dataclass
class Bench:
    """Fits a method on drawn clips; the cache is the test's own."""

    cache: Path
    small: Sequence[str] = SMALL
    small_pretraining: Sequence[str] = SMALL_PRETRAINING
    clip: type[DrawnClip] = DrawnClip

    def labelled(self, n: int, kind: type[DrawnClip] | None = None, first: int = 0) -> LabeledSet:
        kind = kind or self.clip
        samples = [Sample(f"s{i}", f"s{i}", kind(i, i % 2 == 1)) for i in range(first, first + n)]
        return LabeledSet(tuple(samples), np.array([float(i % 2) for i in range(first, first + n)]))

    def pool(self, n: int, turns: bool = True) -> list[Sample]:
        return [Sample(f"p{i}", f"p{i}", self.clip(i, i % 2 == 1, turns)) for i in range(500, 500 + n)]

    def fit(
        self,
        plugin: MethodPlugin,
        *overrides: str,
        train: LabeledSet | None = None,
        val: LabeledSet | None = None,
        pool: Sequence[Sample] = (),
        recipe: str = "quick",
        seed: int = 1,
        run_seed: int = 0,
        task: str = "kie",
        task_kind: TaskKind = TaskKind.BINARY,
    ) -> Fitted:
        kind = plugin.load()
        loaded = load_recipe(plugin.folder, kind.recipe_type(), recipe)
        small = [*self.small, *(self.small_pretraining if plugin.card.uses_pool else ())]
        method = kind(loaded.with_overrides([*small, *overrides], plugin.card.id))
        ctx = FitContext(
            dataset="drawn/clips",
            task=Task(id=task, name=task, kind=task_kind, unit=Unit.CLIP, primary="f1"),
            split="test",
            seed=seed,
            device="cpu",
            cache=self.cache,
            run_seed=run_seed,
            method=plugin.card.id,
        )
        val = self.labelled(4, first=50) if val is None else val
        predictor = method.fit(train or self.labelled(8), val, pool, ctx)
        return Fitted(predictor, ctx.report.document())


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Callable[[], TinyBackbone]:
    """Makes the backbone ``tiny``, which recipes can name in the test."""

    def build(name: str, *args: Any, **options: Any) -> ImageBackbone:
        return TinyBackbone().eval() if name == "tiny" else build_backbone(name, *args, **options)

    monkeypatch.setattr(image_backbones, "build_backbone", build)
    return TinyBackbone


@pytest.fixture
def bench(tmp_path: Path, tiny: object) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def fresh(tmp_path: Path, tiny: object) -> Callable[[str], Bench]:
    """A bench with another cache."""
    return lambda name: Bench(tmp_path / name)


@pytest.fixture
def video_bench(tmp_path: Path) -> Callable[..., Bench]:
    """A bench for video methods, with a cache of that name."""
    return lambda name="a": Bench(tmp_path / name, SMALL_VIDEO, SMALL_VIDEO_PRETRAINING, DrawnRepetition)


@pytest.fixture
def dive_bench(tmp_path: Path) -> Callable[..., Bench]:
    """A bench for methods of dives, with a cache of that name."""

    def build(name: str = "a", clip: type[DrawnClip] = DrawnDive) -> Bench:
        return Bench(tmp_path / name, SMALL_VIDEO, SMALL_VIDEO_PRETRAINING, clip)

    return build


@pytest.fixture
def pool_of() -> Callable[..., FrameIndex]:
    """Frames of clips of the given lengths."""
    return lambda *lengths: FrameIndex(
        [Sample(f"p{i}", f"p{i}", DrawnRepetition(i, False, count=n)) for i, n in enumerate(lengths)],
        FrameSpec(None, 16, None),
    )


@pytest.fixture
def digest_of_draws() -> Callable[[ClipSampler], str]:
    """What a sampler draws in twenty batches of five clips, as a hash."""

    def digest(sampler: ClipSampler) -> str:
        found, rng = hashlib.sha256(), np.random.default_rng(7)
        for _ in range(20):
            drawn = sampler.draw(rng.permutation(sampler.usable)[:5], rng)
            for part in (drawn.clips, drawn.frames, drawn.labels):
                found.update(np.ascontiguousarray(part, dtype="<i8").tobytes())
        return found.hexdigest()[:16]

    return digest


@pytest.fixture
def late_square() -> type[DrawnClip]:
    return LateSquare


@pytest.fixture
def images() -> type[DrawnClip]:
    return DrawnImage


@pytest.fixture
def dives() -> type[DrawnDive]:
    return DrawnDive
