from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from aqa_bench.core.errors import MethodError
from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.methods.rocket.joints import joint_series
from aqa_bench.methods.rocket.kernels import PATTERNS, dilations, draw_kernels
from aqa_bench.methods.rocket.method import Rocket, RocketPredictor
from aqa_bench.methods.rocket.pooling import pooled, proportion

METHOD = find_method("rocket")
NECK, HIP, LEFT_HIP, WRIST = 1, 8, 11, 4


class Keypoints(Media):
    provides = frozenset({Modality.KEYPOINTS})

    def __init__(self, keypoints: np.ndarray) -> None:
        self._keypoints = keypoints

    def keypoints(self, layout: str) -> np.ndarray:
        assert layout == "openpose-18"
        return self._keypoints


def clip(seed: int, error: bool, frames: int = 30) -> np.ndarray:
    """A body whose right wrist rises; in an error only half as far."""
    rng = np.random.default_rng(seed)
    still = np.random.default_rng(0).normal(size=(1, 18, 2)) * 30 + rng.normal(size=(1, 18, 2)) * 3
    still[0, NECK], still[0, HIP], still[0, LEFT_HIP] = (0, 0), (0, 100), (60, 80)
    points = np.repeat(still, frames, axis=0) + rng.normal(size=(frames, 18, 2))
    points[:, WRIST, 1] -= np.sin(np.linspace(0, np.pi, frames)) * (60 if error else 200)
    return np.concatenate([points, np.ones((frames, 18, 1))], axis=2).astype(np.float32)


def clips(n: int, first: int = 0) -> LabeledSet:
    """Clips of several lengths, every third of them an error."""
    numbers = range(first, first + n)
    samples = tuple(Sample(str(i), str(i), Keypoints(clip(i, i % 3 == 0, 20 + i % 30))) for i in numbers)
    return LabeledSet(samples, np.array([float(i % 3 == 0) for i in numbers]))


def fitted(
    folder: Path,
    train: LabeledSet,
    *,
    recipe: str = "quick",
    seed: int = 0,
    kind: TaskKind = TaskKind.BINARY,
    val: LabeledSet | None = None,
) -> tuple[RocketPredictor, FitContext]:
    task = Task(id="t", name="t", kind=kind, unit=Unit.CLIP, primary="f1")
    ctx = FitContext(dataset="drawn", task=task, split="s", seed=seed, device="cpu", cache=folder)
    loaded = load_recipe(METHOD.folder, METHOD.load().recipe_type(), recipe)
    few = loaded.with_overrides(["kernels=840", "length=40"], "rocket")
    return Rocket(few).fit(train, val or clips(0), (), ctx), ctx


class TestJoints:
    def test_place_and_size_in_the_picture_do_not_matter(self) -> None:
        pose = clip(0, error=False)
        moved = pose.copy()
        moved[..., :2] = pose[..., :2] * 3 + [200, -50]
        series = joint_series(pose, "openpose-18", 50)
        assert np.ptp(series) > 1
        np.testing.assert_allclose(joint_series(moved, "openpose-18", 50), series, atol=2 / 1024)

    def test_gaps_are_closed_as_pandas_closes_them(self) -> None:
        pose = clip(0, error=False)
        whole = joint_series(pose, "openpose-18", 30)[2 * WRIST : 2 * WRIST + 2].T
        gaps = [0, 1, 7, 12, 13, 29]
        pose[gaps, WRIST] = 0
        expected = pd.DataFrame(whole)
        expected.iloc[gaps] = np.nan
        expected = expected.interpolate(limit_direction="both")
        found = joint_series(pose, "openpose-18", 30)[2 * WRIST : 2 * WRIST + 2].T
        np.testing.assert_allclose(found, expected, atol=1 / 1024)

    def test_a_joint_that_is_never_seen_stays_at_the_origin(self) -> None:
        pose = clip(0, error=False)
        pose[:, WRIST] = np.nan
        series = joint_series(pose, "openpose-18", 20)
        assert not series[2 * WRIST : 2 * WRIST + 2].any()
        assert np.isfinite(series).all()
        assert not joint_series(np.zeros((5, 18, 3)), "openpose-18", 20).any()

    def test_a_single_frame_is_held(self) -> None:
        series = joint_series(clip(0, error=False, frames=1), "openpose-18", 20)
        assert (series == series[:, :1]).all()


class TestKernels:
    def test_patterns_are_all_choices_of_three_taps(self) -> None:
        assert PATTERNS.shape == (84, 9)
        assert (np.sort(PATTERNS, axis=1) == [-1] * 6 + [2] * 3).all()
        assert len(np.unique(PATTERNS, axis=0)) == 84

    @pytest.mark.parametrize(("length", "per_kernel"), [(9, 1), (16, 119), (128, 119), (127, 74), (500, 33)])
    def test_no_dilated_kernel_is_longer_than_the_series(self, length: int, per_kernel: int) -> None:
        found, counts = dilations(length, per_kernel)
        assert counts.sum() == per_kernel
        assert (counts > 0).all()
        assert 8 * found.max() <= length - 1

    def test_outputs_are_convolutions_summed_over_the_channels(self) -> None:
        series = np.random.default_rng(0).normal(size=(3, 4, 40))
        for bank in draw_kernels(series, 840, np.random.default_rng(1)):
            outputs = bank.outputs(series[0])
            for kernel in (0, 41, 83):
                stretched = np.zeros(8 * bank.dilation + 1)
                stretched[:: bank.dilation] = PATTERNS[kernel][::-1]
                summed = series[0][bank.channels[kernel]].sum(axis=0)
                middle = slice(bank.margin, bank.margin + 40)
                np.testing.assert_allclose(outputs[kernel], np.convolve(summed, stretched)[middle], atol=1e-9)

    def test_fewer_channels_are_drawn_more_often_and_never_more_than_nine(self) -> None:
        banks = draw_kernels(np.zeros((1, 36, 128)), 9996, np.random.default_rng(0))
        counts = np.concatenate([bank.channels.sum(axis=1) for bank in banks])
        shares = np.bincount(counts, minlength=10)[1:] / len(counts)
        # The floor of 2 to a uniform power is k with probability log(1 + 1 / k) / log(10).
        np.testing.assert_allclose(shares, np.log10(1 + 1 / np.arange(1, 10)), atol=0.05)
        used = np.sum([bank.channels.sum(axis=0) for bank in banks], axis=0)
        assert used.min() > 0.6 * used.mean()

    def test_features_are_of_the_order_of_the_biases(self) -> None:
        series = np.random.default_rng(0).normal(size=(2, 3, 30))
        banks = draw_kernels(series, 168, np.random.default_rng(0))
        shares = pooled(series, banks, proportion)
        assert shares.shape == (2, 168)
        first = banks[0]
        padded = (first.outputs(series[1])[0] > first.biases[0, 0]).mean()
        assert shares[1, 0] == pytest.approx(padded)


class TestMethod:
    @pytest.mark.parametrize("recipe", ["quick", "multi"])
    def test_it_tells_errors_of_other_clips(self, recipe: str, tmp_path: Path) -> None:
        predictor, ctx = fitted(tmp_path, clips(24), recipe=recipe)
        test = clips(30, first=300)
        scores = predictor.predict(test.samples)
        assert ((scores > 0) & (scores < 1)).all()
        assert roc_auc_score(test.targets, scores) > 0.95
        assert ctx.report.extras["features"] == 840 * (8 if recipe == "multi" else 1)

    def test_half_is_the_decision_of_the_ridge(self, tmp_path: Path) -> None:
        predictor, _ = fitted(tmp_path, clips(12))
        test = clips(20, first=300)
        features = pooled(
            np.stack(
                [joint_series(s.media.keypoints("openpose-18"), "openpose-18", 40) for s in test.samples]
            ),
            predictor.kernels[0],
            proportion,
        )
        decided = predictor.ridge.predict(features)
        assert 0 < decided.sum() < 20
        np.testing.assert_array_equal(predictor.predict(test.samples) > 0.5, decided == 1)

    def test_draws_follow_the_seed_and_val_is_not_used(self, tmp_path: Path) -> None:
        train, test = clips(12), clips(5, first=300).samples
        first = fitted(tmp_path, train)[0].predict(test)
        np.testing.assert_array_equal(
            fitted(tmp_path, train, val=clips(9, first=100))[0].predict(test), first
        )
        assert (fitted(tmp_path, train, seed=1)[0].predict(test) != first).any()

    def test_scores_are_those_of_one_clip_at_a_time(self, tmp_path: Path) -> None:
        predictor, _ = fitted(tmp_path, clips(12))
        test = clips(6, first=300).samples
        one_by_one = np.concatenate([predictor.predict([sample]) for sample in test])
        np.testing.assert_allclose(predictor.predict(test), one_by_one, rtol=1e-12)
        assert predictor.predict([]).shape == (0,)

    def test_scores_of_performances_are_predicted(self, tmp_path: Path) -> None:
        train, test = clips(30), clips(20, first=300)
        scored = LabeledSet(train.samples, 80 - 30 * train.targets)
        predictor, _ = fitted(tmp_path, scored, kind=TaskKind.SCORE)
        errors = predictor.predict(test.samples) - (80 - 30 * test.targets)
        assert np.abs(errors).mean() < 8

    def test_one_class_is_an_error_with_a_remedy(self, tmp_path: Path) -> None:
        with pytest.raises(MethodError, match="one class") as caught:
            fitted(tmp_path, clips(12).where(0.0))
        assert caught.value.found == "8 of class 0"
