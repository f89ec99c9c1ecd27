from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from aqa_bench.core.errors import AqaBenchError, DataError, MethodError, RecipeError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe, recipe_names
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.media.layouts import convert, find_layout
from aqa_bench.methods.pose_tdm.distances import (
    distance_sequences,
    fill_missing,
    keypoint_distances,
    mirror_order,
)
from aqa_bench.methods.pose_tdm.recipe import TDMRecipe

METHOD = find_method("pose-tdm")

NECK, HIP, LEFT_HIP, WRIST = 1, 8, 11, 4


class Keypoints(Media):
    provides = frozenset({Modality.KEYPOINTS})

    def __init__(self, keypoints: np.ndarray) -> None:
        self._keypoints = keypoints

    @property
    def content_key(self) -> str:
        return sha256_bytes(self._keypoints.tobytes())

    def keypoints(self, layout: str) -> np.ndarray:
        return self._keypoints


class Joints(Media):
    provides = frozenset({Modality.JOINTS_3D})

    def __init__(self, joints: np.ndarray, layout: str = "hmr-19") -> None:
        self._joints, self._layout = joints, layout

    def joints_3d(self, layout: str) -> np.ndarray:
        return convert(self._joints, self._layout, layout)


class Distances(Media):
    provides = frozenset({Modality.DISTANCES})

    def distances(self) -> np.ndarray:
        return np.ones((20, 171), dtype=np.float32)


def clip(seed: int, error: bool, frames: int = 30) -> np.ndarray:
    """A body whose right wrist rises; in an error only half as far."""
    rng = np.random.default_rng(seed)
    still = np.random.default_rng(0).normal(size=(1, 18, 2)) * 30 + rng.normal(size=(1, 18, 2)) * 3
    still[0, NECK], still[0, HIP], still[0, LEFT_HIP] = (0, 0), (0, 100), (60, 80)
    points = np.repeat(still, frames, axis=0) + rng.normal(size=(frames, 18, 2))
    points[:, WRIST, 1] -= np.sin(np.linspace(0, np.pi, frames)) * (60 if error else 200)
    return np.concatenate([points, np.ones((frames, 18, 1))], axis=2).astype(np.float32)


def dataset(n: int, first: int = 0, kind: TaskKind = TaskKind.BINARY) -> LabeledSet:
    samples = tuple(
        Sample(str(i), str(i), Keypoints(clip(i, error=i % 2 == 1))) for i in range(first, first + n)
    )
    targets = np.array([float(i % 2) for i in range(first, first + n)])
    return LabeledSet(samples, targets if kind is TaskKind.BINARY else 80 - 30 * targets)


def mirror_partners(layout: str) -> list[int]:
    """Index of every joint's counterpart on the other side."""
    joints = find_layout(layout).joints
    other = {"left": "right", "right": "left"}
    names = [name.partition("_") for name in joints]
    return [joints.index(f"{other[s]}_{part}") if s in other else i for i, (s, _, part) in enumerate(names)]


EMPTY = LabeledSet((), np.empty(0))


def fitted(
    train: LabeledSet,
    *overrides: str,
    val: LabeledSet = EMPTY,
    kind: TaskKind = TaskKind.BINARY,
    seed: int = 1,
):
    method = METHOD.load()
    recipe = load_recipe(METHOD.folder, method.recipe_type(), METHOD.default_recipe)
    small = ("width=16", "epochs=12", "batch_size=8", "length=32", *overrides)
    task = Task(id="t", name="t", kind=kind, unit=Unit.CLIP, primary="f1")
    context = FitContext("gym/press", task, "r0f0", seed, "cpu", Path("unused"))
    return method(recipe.with_overrides(small, "test")).fit(train, val, (), context), context


def test_every_recipe_loads_and_has_the_published_settings() -> None:
    recipes = {
        name: load_recipe(METHOD.folder, METHOD.load().recipe_type(), name)
        for name in recipe_names(METHOD.folder)
    }
    assert next(iter(recipes)) == METHOD.default_recipe
    paper, ogata = recipes["paper"], recipes["ogata"]
    assert (paper.length, paper.blocks, paper.width, paper.epochs, paper.lr) == (200, 4, 256, 100, 1e-4)
    assert (ogata.optimizer, ogata.lr, ogata.batch_size) == ("adadelta", 0.01, 16)
    # Section 5.1: the Waseda clips have 300 frames, and fewer lose information.
    assert (recipes["hmr"].length, recipes["hmr"].source) == (300, "hmr")
    assert ogata.length == 300
    changed = {"source", "length", "layout"}
    for name, base in (("hmr", paper), ("openpose", ogata), ("spin", ogata)):
        assert recipes[name].model_dump(exclude=changed) == base.model_dump(exclude=changed)
        assert recipes[name].source.value == name


def test_gaps_are_interpolated_and_ends_held() -> None:
    keypoints = np.ones((5, 18, 3), dtype=np.float32)
    keypoints[:, WRIST, 0] = [0, 10, 0, 30, 0]
    keypoints[:, WRIST, 2] = [0, 1, 0, 1, 0]
    np.testing.assert_allclose(fill_missing(keypoints, "openpose-18")[:, WRIST, 0], [10, 10, 20, 30, 30])


@pytest.mark.parametrize(("neck_seen", "place"), [(True, [3.0, 4.0]), (False, [10.0, 10.0])])
def test_a_joint_never_seen_is_at_the_neck_or_in_the_middle(neck_seen: bool, place: list[float]) -> None:
    keypoints = np.full((4, 18, 3), 10, dtype=np.float32)
    keypoints[:, NECK, :2] = 3, 4
    keypoints[:, WRIST] = 0
    if not neck_seen:
        keypoints[:, NECK] = 0
    np.testing.assert_allclose(fill_missing(keypoints, "openpose-18")[:, WRIST], [place] * 4)


def test_nothing_seen_gives_zeros() -> None:
    distances = keypoint_distances(np.zeros((6, 17, 3), dtype=np.float32), "coco-17")
    assert distances.shape == (6, 136)
    assert not distances.any()


def test_distances_do_not_depend_on_place_or_size_of_the_person() -> None:
    keypoints = clip(0, error=False)
    moved = keypoints.copy()
    moved[..., :2] = moved[..., :2] * 2.5 + [100, -40]
    first = keypoint_distances(keypoints, "openpose-18")
    np.testing.assert_allclose(first, keypoint_distances(moved, "openpose-18"), rtol=1e-3, atol=1e-3)
    # Neck to right hip is the torso itself: pair (1, 8) comes 17 + 6 places after pair (0, 1).
    assert np.median(first[:, 17 + 6]) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("seed", [1, 2])
def test_learns_a_difference_and_is_repeatable(seed: int) -> None:
    train, test = dataset(24), dataset(12, first=100)
    first, context = fitted(train, seed=seed)
    again, _ = fitted(train, seed=seed)
    scores = first.predict(test.samples)
    np.testing.assert_array_equal(scores, again.predict(test.samples))
    assert ((scores > 0.5) == (test.targets == 1)).mean() >= 0.9
    assert context.report.epochs_run == 12
    assert context.report.parameters == sum(p.numel() for p in first.head.parameters())
    assert context.report.gflops > 0


def test_another_seed_gives_another_model() -> None:
    train = dataset(8)
    one, two = (fitted(train, "epochs=1", seed=seed)[0].predict(train.samples) for seed in (1, 2))
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("select", ["f1", "loss"])
def test_val_stops_early_and_chooses_the_epoch(select: str) -> None:
    train = dataset(12)
    flipped = LabeledSet(train.samples, 1 - train.targets)
    _, context = fitted(train, f"select={select}", "patience=2", "epochs=40", val=flipped)
    assert context.report.epochs_run == context.report.best_epoch + 3 < 40


def test_scores_are_predicted_in_their_own_unit() -> None:
    train, test = dataset(24, kind=TaskKind.SCORE), dataset(10, first=100, kind=TaskKind.SCORE)
    predictor, _ = fitted(train, "epochs=20", kind=TaskKind.SCORE)
    assert np.abs(predictor.predict(test.samples) - test.targets).mean() < 8


def test_a_left_over_clip_and_no_clips_are_no_trouble() -> None:
    predictor, _ = fitted(dataset(9), "epochs=1")
    assert predictor.predict(()).shape == (0,)


def test_one_class_is_refused() -> None:
    with pytest.raises(MethodError, match="one class"):
        fitted(dataset(8).where(0.0))


@pytest.mark.parametrize("source", ["hmr", "spin", "mediapipe", "yolo-pose"])
def test_a_source_that_samples_cannot_give_is_a_clear_error(source: str) -> None:
    with pytest.raises(DataError, match="source=dataset"):
        fitted(dataset(4), f"source={source}")


def test_released_distances_are_read_as_they_are() -> None:
    x = distance_sequences([Sample("a", "a", Distances())], TDMRecipe(source="hmr", length=8))
    np.testing.assert_array_equal(x, np.ones((1, 8, 171)))


def test_joints_in_space_give_their_distances_in_torsos() -> None:
    rng = np.random.default_rng(0)
    joints = np.concatenate([rng.normal(size=(8, 19, 3)), np.ones((8, 19, 1))], axis=2).astype(np.float32)
    joints[:, 12, :3], joints[:, 2, :3], joints[:, 3, :3] = (0, 0, 0), (0, 0, 2), (0, 0, 2)
    joints[3, 6] = 0
    known = joints.copy()
    known[3, 6] = (joints[2, 6] + joints[4, 6]) / 2
    recipe = TDMRecipe(source="spin", layout="hmr-19", length=8)
    x = distance_sequences([Sample("a", "a", Joints(joints))], recipe)[0]
    expected = np.stack([pdist(frame[:, :3]) for frame in known]) / 2
    np.testing.assert_allclose(x, expected, rtol=1e-4)


def test_depth_changes_distances_and_the_view_does_not() -> None:
    rng = np.random.default_rng(1)
    joints = np.concatenate([rng.normal(size=(8, 49, 3)), np.ones((8, 49, 1))], axis=2)
    turned = joints.copy()
    turned[..., :3] = joints[..., :3] @ Rotation.from_euler("xyz", [0.4, 2.0, -0.3]).as_matrix().T
    flat = joints * [1, 1, 0, 1]
    recipe = TDMRecipe(source="spin", layout="spin-49", length=8)
    first, second, third = distance_sequences(
        [Sample(name, name, Joints(j, "spin-49")) for name, j in (("a", joints), ("b", turned), ("c", flat))],
        recipe,
    )
    assert first.shape == (8, 49 * 48 // 2)
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-5)
    assert not np.allclose(first, third, rtol=0.05)


@pytest.mark.parametrize("source", ["spin", "openpose", "hmr", "dataset"])
def test_poses_that_a_dataset_lacks_may_come_from_files(source: str) -> None:
    with pytest.raises(DataError) as caught:
        distance_sequences([Sample("a", "a", Media())], TDMRecipe(source=source))
    assert "--keypoints DIR" in (caught.value.remedy or "")


def test_noise_is_the_same_for_the_same_clip_and_not_for_another() -> None:
    samples = dataset(2).samples
    recipe = TDMRecipe(source="noisy", length=16)
    first, again = distance_sequences(samples, recipe), distance_sequences(samples[::-1], recipe)[::-1]
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, distance_sequences(samples, TDMRecipe(length=16)))


@pytest.mark.parametrize("override", ["blocks=0", "source=kinect", "optimizer=lion", "length=4"])
def test_unfit_values_are_refused(override: str) -> None:
    with pytest.raises(RecipeError):
        fitted(dataset(4), override)


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(AqaBenchError, match="openpose-19"):
        fitted(dataset(4), "layout=openpose-19")


@pytest.mark.parametrize("layout", ["body-12", "openpose-18"])
def test_mirrored_distances_are_those_of_the_mirror_image(layout: str) -> None:
    partner = mirror_partners(layout)
    pose = np.random.default_rng(3).normal(size=(5, len(partner), 3)) * 50
    pose[..., 2] = 1
    image = pose[:, partner] * [-1, 1, 1]
    plain, mirrored = (keypoint_distances(p, layout, normalise=False) for p in (pose, image))
    np.testing.assert_allclose(plain[:, mirror_order(layout)], mirrored, rtol=1e-5)
    assert not np.allclose(plain, mirrored)


def test_with_mirror_images_left_and_right_are_judged_alike() -> None:
    predictor, _ = fitted(dataset(12), "mirror=true", "epochs=2")
    one = clip(5, error=True)
    flipped = (one[:, mirror_partners("openpose-18")] * np.array([-1, 1, 1])).astype(np.float32)
    scores = predictor.predict([Sample(name, name, Keypoints(k)) for name, k in (("a", one), ("b", flipped))])
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)


def test_released_distances_cannot_be_mirrored() -> None:
    with pytest.raises(RecipeError, match="cannot be mirrored"):
        fitted(dataset(12), "mirror=true", "source=hmr")


def test_an_estimator_is_shown_clips_and_still_images(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[tuple[int, ...]] = []

    class Estimator:
        layout, identity = "coco-17", "test"

        def __call__(self, frames: np.ndarray) -> np.ndarray:
            seen.append(frames.shape)
            return np.random.default_rng(len(frames)).uniform(1, 30, (len(frames), 17, 3))

    class Picture(Media):
        def __init__(self, modality: Modality) -> None:
            self.provides = frozenset({modality})

        @property
        def content_key(self) -> str:
            return next(iter(self.provides))

        def frames(self, indices=None, size=None) -> np.ndarray:
            return np.zeros((9, 32, 40, 3), np.uint8)

        def image(self, size=None) -> np.ndarray:
            return np.zeros((32, 40, 3), np.uint8)

    monkeypatch.setattr("aqa_bench.methods.pose_tdm.distances.find_estimator", lambda name: Estimator())
    recipe = load_recipe(METHOD.folder, TDMRecipe, "body-mediapipe")
    samples = [Sample(m, m, Picture(m)) for m in (Modality.FRAMES, Modality.IMAGE)]
    for _ in range(2):
        distances = distance_sequences(samples, recipe, [tmp_path])
    assert distances.shape == (2, 32, 66)
    assert seen == [(9, 32, 40, 3), (1, 32, 40, 3)]


def test_only_recipes_that_estimate_have_pictures_made_for_them() -> None:
    kind = METHOD.load()
    wanted = {
        name: kind.reads(load_recipe(METHOD.folder, TDMRecipe, name)) for name in ("body", "body-mediapipe")
    }
    assert wanted == {"body": frozenset(), "body-mediapipe": {Modality.FRAMES, Modality.IMAGE}}
    assert METHOD.card.modalities >= wanted["body-mediapipe"]
