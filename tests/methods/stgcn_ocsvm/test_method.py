from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import DataError, MethodError, RecipeError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe, recipe_names
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.methods.stgcn_ocsvm.recipe import STGCNRecipe
from aqa_bench.methods.stgcn_ocsvm.stgcn import STGCN

METHOD = find_method("stgcn-ocsvm")

EMPTY = LabeledSet((), np.empty(0))
NECK, HIP, LEFT_HIP, WRIST = 1, 8, 11, 4


class Clip(Media):
    provides = frozenset({Modality.KEYPOINTS, Modality.ATTRIBUTES})

    def __init__(self, keypoints: np.ndarray, exercise: str) -> None:
        self._keypoints, self._exercise = keypoints, exercise

    @property
    def content_key(self) -> str:
        return sha256_bytes(self._keypoints.tobytes())

    @property
    def attributes(self) -> dict[str, float | str]:
        return {"exercise": self._exercise}

    def keypoints(self, layout: str) -> np.ndarray:
        return self._keypoints


def sample(seed: int, exercise: str = "press", wrist: float = 150) -> Sample:
    rng = np.random.default_rng(seed)
    still = np.random.default_rng(sum(map(ord, exercise))).normal(size=(1, 18, 2)) * 40
    still[0, NECK], still[0, HIP], still[0, LEFT_HIP] = (0, 0), (0, 100), (60, 80)
    points = 300 + np.repeat(still, 20, axis=0) + rng.normal(size=(20, 18, 2))
    points[:, WRIST, 1] -= np.sin(np.linspace(0, np.pi, 20)) * wrist
    keypoints = np.concatenate([points, np.full((20, 18, 1), 0.9)], axis=2).astype(np.float32)
    return Sample(f"{exercise}{seed}", f"{exercise}{seed}", Clip(keypoints, exercise))


GOOD = [sample(i) for i in range(6)]
BAD = [sample(i, wrist=20) for i in range(100, 104)]
POOL = [sample(i, name) for name in ("curl", "raise", "press") for i in range(200, 205)]
TRAIN = LabeledSet(tuple(GOOD[:4]), np.zeros(4))
MIXED = LabeledSet((*GOOD[:4], *BAD[:2]), np.array([0.0] * 4 + [1.0] * 2))
ALL = LabeledSet((*GOOD, *BAD), np.array([0.0] * 6 + [1.0] * 4))


def build(recipe: str, *overrides: str):
    method = METHOD.load()
    loaded = load_recipe(METHOD.folder, method.recipe_type(), recipe)
    small = ("frames=16", "pretrain_epochs=1", "epochs=1", *overrides)
    return method(loaded.with_overrides(small, "test"))


def context(
    cache: Path, leaked: LabeledSet | None = None, *, split: str = "r0f0", seed: int = 3
) -> FitContext:
    task = Task(id="form", name="form", kind=TaskKind.BINARY, unit=Unit.CLIP, primary="auroc")
    return FitContext("gym/press", task, split, seed, "cpu", cache, leaked=leaked, run_seed=7)


def test_recipes_name_the_scheme_of_their_variant() -> None:
    schemes = {"frozen": "one-class", "clean": "one-class-clean", "leaky": "one-class-leaky"}
    kind = METHOD.load().recipe_type()
    names = recipe_names(METHOD.folder)
    assert {"paper", "leaky", "clean", "frozen", "quick", "quick-leaky", "quick-clean"} == set(names)
    for name in names:
        recipe = load_recipe(METHOD.folder, kind, name)
        expected = "one-class-published" if name == "paper" else schemes[recipe.variant]
        assert recipe.scheme == expected


def test_the_leaky_recipe_is_the_paper_s_but_for_start_and_split() -> None:
    kind = METHOD.load().recipe_type()
    paper, leaky = (load_recipe(METHOD.folder, kind, name).model_dump() for name in ("paper", "leaky"))
    assert {key for key in paper if paper[key] != leaky[key]} == {"scheme", "pretrain"}


def test_the_paper_recipe_refuses_to_begin_without_the_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="Kinetics weights") as caught:
        build("paper")
    text = str(caught.value)
    for part in ("--set weights=PATH", "st_gcn.kinetics.pt", "yysijie/st-gcn", "clean, frozen or leaky"):
        assert part in text
    torch.save(STGCN().state_dict(), tmp_path / "kinetics.pt")
    ctx = context(tmp_path, ALL)
    build("paper", f"weights={tmp_path / 'kinetics.pt'}").fit(TRAIN, EMPTY, POOL, ctx)
    assert ctx.report.document()["pretrained_on"] == "Kinetics-Skeleton"
    assert ctx.report.document()["logistic_samples"] == len(ALL)


def test_frozen_run_scores_repeats_and_keeps_its_weights(tmp_path: Path) -> None:
    ctx, again = context(tmp_path), context(tmp_path)
    scores = build("quick").fit(TRAIN, EMPTY, POOL, ctx).predict([*GOOD[4:], *BAD])
    kept = list((tmp_path / "weights" / "stgcn-ocsvm").glob("*.safetensors"))
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    np.testing.assert_array_equal(
        scores, build("quick").fit(TRAIN, EMPTY, POOL, again).predict([*GOOD[4:], *BAD])
    )
    assert kept[0].stat().st_mtime_ns == before
    assert ctx.report.document() == again.report.document()
    assert ctx.report.document()["parameters"] == 3_074_340
    assert ctx.report.weights == "exercise recognition"
    assert ctx.report.extras["one_class_samples"] == 4
    for when in ("", "initial_"):
        assert 0 <= ctx.report.document()[f"{when}pretext_accuracy"] <= 1
    kept[0].write_bytes(b"damaged")
    np.testing.assert_array_equal(
        scores, build("quick").fit(TRAIN, EMPTY, POOL, context(tmp_path)).predict([*GOOD[4:], *BAD])
    )


def test_without_two_exercises_the_weights_are_random(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    predictor = build("quick").fit(TRAIN, EMPTY, POOL[10:], ctx)
    assert (ctx.report.document()["weights"], ctx.report.document()["pretrained_on"]) == ("random", "nothing")
    assert "skipped" in ctx.report.document()["pretext"]
    assert predictor.predict(()).shape == (0,)


def test_clean_trains_each_split_and_leaves_earlier_predictors_alone(tmp_path: Path) -> None:
    method = build("quick-clean", "pretrain=none")
    first = method.fit(MIXED, EMPTY, (), context(tmp_path)).features
    features = np.stack(first.extract(BAD))
    ctx = context(tmp_path, split="r1f0", seed=4)
    other = method.fit(MIXED, EMPTY, (), ctx).features
    assert not np.array_equal(features, np.stack(other.extract(BAD)))
    np.testing.assert_array_equal(features, np.stack(first.extract(BAD)))
    alone = build("quick-clean", "pretrain=none").fit(
        MIXED, EMPTY, (), context(tmp_path, split="r1f0", seed=4)
    )
    assert other.weights_sha256 == alone.features.weights_sha256
    assert ctx.report.document()["parameters"] == 3_074_340 + 514
    assert ctx.report.document()["logistic_samples"] == 6


def test_leaky_stage_is_done_once_for_all_splits(tmp_path: Path) -> None:
    method = build("quick-leaky", "pretrain=none")
    first, second = context(tmp_path, ALL), context(tmp_path, ALL, split="r1f0", seed=9)
    one = method.fit(TRAIN, EMPTY, (), first)
    two = method.fit(TRAIN, EMPTY, (), second)
    assert one.features is two.features
    assert first.report.extras["logistic_loss"] == second.report.extras["logistic_loss"]
    assert len(list((tmp_path / "weights" / "stgcn-ocsvm").glob("*.safetensors"))) == 1
    flipped = LabeledSet(ALL.samples, 1 - ALL.targets)
    third = method.fit(TRAIN, EMPTY, (), context(tmp_path, flipped))
    assert third.features.weights_sha256 != one.features.weights_sha256


@pytest.mark.parametrize(
    ("recipe", "train", "scheme"),
    [
        ("quick-leaky", TRAIN, "one-class-leaky"),
        ("quick-clean", TRAIN, "one-class-clean"),
        ("quick", LabeledSet(tuple(BAD), np.ones(4)), "one-class"),
    ],
)
def test_a_scheme_without_the_labels_is_refused(
    recipe: str, train: LabeledSet, scheme: str, tmp_path: Path
) -> None:
    with pytest.raises(MethodError, match=f"--scheme {scheme}"):
        build(recipe).fit(train, EMPTY, POOL, context(tmp_path))


def test_frozen_and_clean_do_not_look_at_leaked_labels(tmp_path: Path) -> None:
    for recipe, train in (("quick", TRAIN), ("quick-clean", MIXED)):
        honest, shown = (
            build(recipe, "pretrain=none").fit(train, EMPTY, (), context(tmp_path, leaked)).predict(BAD)
            for leaked in (None, ALL)
        )
        np.testing.assert_array_equal(honest, shown)


def test_a_checkpoint_replaces_the_pretext_and_must_exist(tmp_path: Path) -> None:
    file = tmp_path / "kinetics.pt"
    torch.save(STGCN().state_dict(), file)
    ctx = context(tmp_path)
    build("quick", f"weights={file}").fit(TRAIN, EMPTY, POOL, ctx)
    assert ctx.report.document()["pretrained_on"] == "Kinetics-Skeleton"
    assert "pretext_accuracy" not in ctx.report.document()
    with pytest.raises(DataError, match="does not exist"):
        build("quick", f"weights={tmp_path / 'absent.pt'}").fit(TRAIN, EMPTY, POOL, context(tmp_path))


def test_recipe_is_plain_json() -> None:
    assert STGCNRecipe(weights=Path("a.pt")).model_dump(mode="json")["weights"] == "a.pt"
