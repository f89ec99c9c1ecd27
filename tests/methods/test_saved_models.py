"""Every method of this checkout can be saved: what is read back predicts the same to the last digit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.plain_state import state_of
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import methods
from aqa_bench.core.sample import LabeledSet, Media, Sample, Trajectory
from aqa_bench.core.state import pack_state, unpack_state
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.media.layouts import LAYOUTS, convert

SMALL = {
    **{"backbone": "resnet-small", "weights": "random", "resize": "32", "crop": "32", "frames": "8"},
    **{"length": "32", "width": "8", "blocks": "1", "head_epochs": "2", "components": "null", "epochs": "1"},
    **{"steps": "2", "batch_size": "4", "pool_frames": "24", "freeze": "0", "clip_frames": "8"},
    **{"finetune_epochs": "1", "finetune_batch_size": "4", "clips": "1", "pretrain_epochs": "1"},
    **{"kernels": "84", "pretraining_seeds": "null"},
}
"""Overrides that make any recipe a matter of a second; those that a recipe does not have are left out."""
VIDEO = {"backbone": "r2plus1d-small"}
OWN = {
    "stgcn-ocsvm": {"frames": "32", "weights": "null"},
    "metadata": {"categorical": '["position"]', "numeric": '["twists"]', "model": "linear"},
    "pad": {"picture": "16", "decoder_blocks": "2"},
}
RECIPES = {"dive-classification": "quick", "metadata": "duration"}
CASES = [
    *((name, TaskKind.BINARY, ()) for name in sorted(methods()) if name != "dive-classification"),
    *((name, TaskKind.SCORE, ()) for name in ("constant", "prior", "duration", "metadata", "rocket")),
    *((name, TaskKind.SCORE, ()) for name in ("phase", "pose-tdm", "imagenet", "kinetics", "features")),
    ("dive-classification", TaskKind.SCORE, ("regime=frozen",)),
    ("dive-classification", TaskKind.SCORE, ("regime=finetune",)),
    ("kinetics", TaskKind.BINARY, ("regime=frozen",)),
    ("kinetics", TaskKind.BINARY, ("regime=frozen", "clips=2", "order=shuffled")),
    ("imagenet", TaskKind.BINARY, ("pooling=map", "grid=2", "components=3", "difference=true")),
    ("metadata", TaskKind.BINARY, ("model=mean", "numeric=[]")),
    ("rocket", TaskKind.BINARY, ("pooling=four", "differences=true")),
    ("stgcn-ocsvm", TaskKind.BINARY, ("variant=clean", "trainable_blocks=2")),
    ("pose-tdm", TaskKind.BINARY, ("mirror=true",)),
]
STILLS = [
    *((name, ()) for name in ("bar-only", "pose-tdm", "phase")),
    *((name, (f"finetune={each}",)) for name in ("imagenet", "pad") for each in ("true", "false")),
]


class Drawn(Media):
    """A clip that has everything: a bar that goes down and up, before a wall that is red in an error."""

    provides = frozenset(Modality) - {Modality.IMAGE, Modality.JOINTS_3D, Modality.DISTANCES}
    count = 40

    def __init__(self, seed: int, error: bool) -> None:
        self.seed, self.error = seed, error
        self.rng = np.random.default_rng(seed)
        self.count = int(24 + self.rng.integers(0, 12) + 12 * error)
        self.points = (
            self.rng.uniform(1, 9, (self.count, 18, 2)) + np.linspace(0, 9, self.count)[:, None, None]
        )

    @property
    def length(self) -> int:
        return self.count

    @property
    def content_key(self) -> str:
        return f"{type(self).__name__} {self.seed} {self.error}"

    @property
    def attributes(self) -> Mapping[str, float | str]:
        known = {"position": ("tuck", "pike", "free")[self.seed % 3], "rotation": "back", "event": "01"}
        exercise = ("bicep-curl", "front-raise")[self.seed % 2]
        return known | {
            "armstand": 0.0,
            "somersaults": 2.5,
            "twists": float(self.error),
            "exercise": exercise,
        }

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        side = size or 40
        drawn = np.random.default_rng(self.seed).integers(0, 60, (self.count, side, side, 3), np.uint8)
        drawn[..., 0 if self.error else 2] += 150
        tops = ((1 - self.trajectory().elevation) * side * 0.8).astype(int)
        for image, top in zip(drawn, tops, strict=True):
            image[top : top + side // 8] = 255
        return drawn if indices is None else drawn[list(indices)]

    def image(self, size: int | None = None) -> np.ndarray:
        return self.frames([3], size)[0]

    def keypoints(self, layout: str) -> np.ndarray:
        seen = np.ones((self.count, 18, 1))
        return convert(np.concatenate([self.points, seen], axis=2).astype(np.float32), "openpose-18", layout)

    def trajectory(self) -> Trajectory:
        elevation = np.abs(np.linspace(-1, 1, self.count)).astype(np.float32)
        elevation = (elevation - elevation.min()) / np.ptp(elevation)
        return Trajectory(elevation, np.ones(self.count, np.float32), self.count // 2)

    def bar_boxes(self) -> np.ndarray:
        top = 30 * (1 - self.trajectory().elevation) * (1.5 if self.error else 1.0) + self.seed % 7
        return np.stack([0 * top, top, 0 * top + 20, top + 4], axis=1).astype(np.float32)

    def features(self) -> np.ndarray:
        return np.random.default_rng(self.seed).normal(self.error, 1, (self.count, 6)).astype(np.float32)


class DrawnStill(Drawn):
    provides = frozenset({Modality.IMAGE, Modality.BAR_BOXES, Modality.KEYPOINTS})

    def __init__(self, seed: int, error: bool) -> None:
        super().__init__(seed, error)
        self.shown = self.frames([3 + 5 * self.error])[0]
        self.top = Drawn.bar_boxes(self)[3 + 5 * self.error]
        self.count, self.points = 1, self.points[:1]

    def image(self, size: int | None = None) -> np.ndarray:
        return np.resize(self.shown, (size or 40, size or 40, 3))

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        if hasattr(self, "shown"):
            raise AssertionError("frames of a still image")
        return super().frames(indices, size)

    def bar_boxes(self) -> np.ndarray:
        return self.top[None]


def labelled(n: int, kind: type[Media], first: int, score: bool) -> LabeledSet:
    samples = tuple(Sample(f"s{i}", f"g{i}", kind(i, i % 2 == 1)) for i in range(first, first + n))
    targets = [float(i % 2) * (50 if score else 1) + (i / 7 if score else 0) for i in range(first, first + n)]
    return LabeledSet(samples, np.array(targets))


def made(plugin: MethodPlugin, overrides: Sequence[str]) -> Method:
    kind = plugin.load()
    recipe = load_recipe(
        plugin.folder, kind.recipe_type(), RECIPES.get(plugin.card.id, plugin.default_recipe)
    )
    known = type(recipe).model_fields
    video = VIDEO if "regime" in known and "backbone" in known else {}
    settings = SMALL | video | OWN.get(plugin.card.id, {}) | dict(o.split("=", 1) for o in overrides)
    wanted = [f"{name}={value}" for name, value in settings.items() if name in known]
    return kind(recipe.with_overrides(wanted, plugin.card.id))


def context(plugin: MethodPlugin, kind: TaskKind, unit: Unit, cache: Path) -> FitContext:
    return FitContext(
        dataset="drawn/shoulder-press",
        task=Task(id="t", name="t", kind=kind, unit=unit, primary="f1"),
        split="test",
        seed=3,
        device="cpu",
        cache=cache,
        run_seed=1,
        method=plugin.card.id,
    )


def fitted_and_restored(
    name: str, kind: TaskKind, overrides: Sequence[str], clip: type[Media], folder: Path
) -> tuple[Predictor, Predictor]:
    plugin, score = methods()[name], kind is TaskKind.SCORE
    unit = Unit.IMAGE if clip is DrawnStill else Unit.CLIP
    train, val = labelled(8, clip, 0, score), labelled(4, clip, 50, score)
    pool = labelled(8, Drawn, 500, score).samples if plugin.card.uses_pool else ()
    fitted = made(plugin, overrides).fit(train, val, pool, context(plugin, kind, unit, folder / "a"))
    content = pack_state(state_of(fitted))
    # Nothing of the fit is left but the bytes: another method, an empty cache.
    method, ctx = made(plugin, overrides), context(plugin, kind, unit, folder / "b")
    assert type(method).saves()
    return fitted, method.restore(unpack_state(content, "test"), ctx)


@pytest.mark.parametrize(
    ("name", "kind", "overrides"), CASES, ids=lambda v: "+".join(v) if isinstance(v, tuple) else v
)
def test_a_method_that_is_read_back_predicts_the_same(
    tmp_path: Path, name: str, kind: TaskKind, overrides: Sequence[str]
) -> None:
    clip = DrawnStill if name == "phase" else Drawn
    fitted, restored = fitted_and_restored(name, kind, overrides, clip, tmp_path)
    test = labelled(7, clip, 100, kind is TaskKind.SCORE).samples
    scores = fitted.predict(test)
    assert name in ("constant", "prior", "pose-trainer-rules") or np.ptp(scores) > 0
    np.testing.assert_array_equal(restored.predict(test), scores)


@pytest.mark.parametrize(("name", "overrides"), STILLS)
def test_so_does_one_that_judges_still_images(tmp_path: Path, name: str, overrides: Sequence[str]) -> None:
    fitted, restored = fitted_and_restored(name, TaskKind.BINARY, overrides, DrawnStill, tmp_path)
    test = labelled(7, DrawnStill, 100, False).samples
    scores = fitted.predict(test)
    assert np.ptp(scores) > 0
    np.testing.assert_array_equal(restored.predict(test), scores)


def test_every_method_is_tried() -> None:
    assert {name for name, _, _ in CASES} == set(methods())
    assert len(LAYOUTS["openpose-18"]) == 18
