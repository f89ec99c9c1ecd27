from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.datasets.synthetic_gym.clip import Clip
from aqa_bench.datasets.synthetic_gym.errors import ERRORS, intervals_above, sample_errors
from aqa_bench.datasets.synthetic_gym.performance import perform
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, PRESETS, Exercise
from aqa_bench.datasets.synthetic_gym.style import sample_style
from aqa_bench.datasets.synthetic_gym.subject import sample_subject

BONES = {
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
    "upper_arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
}


@pytest.mark.parametrize("exercise", EXERCISES)
def test_bones_are_rigid_and_hands_and_toes_stay(exercise: Exercise) -> None:
    preset = PRESETS["wild"]
    for i in range(30):
        subject = sample_subject(np.random.default_rng([i, 0]))
        style = sample_style(np.random.default_rng([i, 1]), preset.frames, exercise)
        draws = sample_errors(np.random.default_rng([i, 2]), exercise, preset)
        motion = perform(exercise, subject, style, draws).motion
        joint = motion.joints
        for side in ("left", "right"):
            for bone, (a, b) in BONES.items():
                length = np.linalg.norm(joint[f"{side}_{a}"] - joint[f"{side}_{b}"], axis=1)
                np.testing.assert_allclose(length, getattr(subject, bone), atol=1e-4)
            assert np.ptp(joint[f"{side}_toe"], axis=0).max() == 0
            on_bar = joint[f"{side}_wrist"] - motion.bar
            assert np.linalg.norm(np.cross(on_bar, motion.bar_axis), axis=1).max() < 0.01
            hip, knee, ankle = (joint[f"{side}_{n}"] for n in ("hip", "knee", "ankle"))
            share = ((knee - hip) * (ankle - hip)).sum(1) / ((ankle - hip) ** 2).sum(1)
            ahead = ((knee - hip - share[:, None] * (ankle - hip)) * motion.knee_pole[side]).sum(1)
            assert ahead.min() > 0


@pytest.mark.parametrize("exercise", EXERCISES)
def test_bar_height_follows_the_cycle_whatever_the_errors(
    exercise: Exercise, clips: dict[Exercise, list[Clip]]
) -> None:
    for clip in clips[exercise]:
        a = clip.annotation
        assert abs(np.corrcoef(a.bar_height, np.cos(2 * np.pi * a.cycle))[0, 1]) > 0.9999
        assert np.all(np.diff(a.cycle) >= 0)
        slope = np.sign(np.diff(a.bar_height))
        assert np.count_nonzero(np.diff(slope[slope != 0])) == 1


@pytest.mark.parametrize("exercise", EXERCISES)
def test_labels_are_realised_magnitudes_over_the_threshold(
    exercise: Exercise, clips: dict[Exercise, list[Clip]]
) -> None:
    lifted = []
    for clip in clips[exercise]:
        a = clip.annotation
        for spec in ERRORS[exercise]:
            magnitude = a.courses[spec.name].max()
            assert a.labels[spec.name] == int(magnitude > spec.threshold)
            assert 0 <= a.severity[spec.name] <= 1
            if spec.when is None:
                assert spec.name not in a.intervals
                continue
            spans = a.intervals[spec.name]
            assert bool(spans) == bool(a.labels[spec.name])
            for start, end in spans:
                assert 0 <= start < end <= a.frames / a.fps
            if spans:
                start, end = max(spans, key=lambda span: span[1] - span[0])
                middle = np.interp((start + end) / 2 * a.fps, np.arange(a.frames), a.cycle)
                lifted.append((middle > 0.5) == (exercise == "backsquat"))
    assert 0.7 <= np.mean(lifted) <= 0.97


def test_intervals_interpolate_crossings_and_stay_in_the_clip() -> None:
    assert intervals_above(np.array([2.0, 0.0, 2.0, 2.0]), 1.0, 2.0) == [(0.0, 0.25), (0.75, 1.5)]
    assert intervals_above(np.zeros(4), 1.0, 2.0) == []


def test_both_classes_are_apart_by_the_margin(clips: dict[Exercise, list[Clip]]) -> None:
    for exercise, some in clips.items():
        for spec in ERRORS[exercise]:
            band = 0.15 * PRESETS["demo"].margin * (spec.severe - spec.threshold)
            sizes = np.array([clip.annotation.magnitudes[spec.name] for clip in some])
            assert np.mean(np.abs(sizes - spec.threshold) < band) <= 0.05
            assert 0.15 < np.mean(sizes > spec.threshold) < 0.7
