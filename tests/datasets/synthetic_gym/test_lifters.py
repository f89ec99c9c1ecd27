from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.files import sha256_file
from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.synthetic_gym.lifters import GymLifters
from aqa_bench.datasets.synthetic_gym.plan import ClipPlan, plan_clips
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, PRESETS
from aqa_bench.learn.lifter.finder import overlap
from aqa_bench.learn.lifter.parts import joints_box
from aqa_bench.protocol.regions import finder_of

ROOT = Path(__file__).resolve().parents[3]


def test_no_clip_of_any_dataset_has_their_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ClipPlan] = []

    class StopError(Exception):
        pass

    def note(plan: ClipPlan) -> None:
        made.append(plan)
        raise StopError

    monkeypatch.setattr("aqa_bench.datasets.synthetic_gym.lifters.make_clip", note)
    for number in range(60):
        with pytest.raises(StopError):
            next(GymLifters("tiny").clips(number, number + 1, 2))
    everywhere = [plan for name in PRESETS for exercise in EXERCISES for plan in plan_clips(name, exercise)]
    assert not {plan.seed for plan in made} & {plan.seed for plan in everywhere}
    scene = [plan.source_stream("scene").integers(1 << 62) for plan in made]
    assert not {*scene} & {plan.source_stream("scene").integers(1 << 62) for plan in everywhere}
    assert len({*scene}) == 60
    assert {plan.exercise for plan in made} == {*EXERCISES}


def test_frames_show_the_joints_that_are_told() -> None:
    (clip,) = GymLifters("tiny").clips(4, 5, 3)
    (again,) = GymLifters("tiny").clips(4, 5, 3)
    assert clip.frames.shape == (3, 64, 64, 3)
    assert clip.keypoints.shape == (3, 17, 3)
    np.testing.assert_array_equal(clip.frames, again.frames)
    inside = (clip.keypoints[..., :2] >= 0) & (clip.keypoints[..., :2] < 64)
    assert inside.mean() > 0.9


def test_presets_that_film_the_same_scenes_share_them() -> None:
    names = {preset: GymLifters(preset).name for preset in PRESETS}
    assert names["study"] == names["demo"]
    assert len({names["demo"], names["tiny"], names["wild"], names["wild-224"]}) == 4


def test_the_finder_that_comes_with_the_gym_is_the_measured_one_and_finds_lifters() -> None:
    lifters = GymLifters("study")
    assert lifters.finder == GymLifters("demo").finder
    assert lifters.finder is not None
    assert GymLifters("tiny").finder is None
    measured = json.loads((ROOT / "docs" / "measured" / "finder-study.json").read_text())
    assert measured["sha256"] == sha256_file(lifters.finder)
    assert measured["clips"] == lifters.name
    finder = finder_of(lifters, NullProgress())
    found = [
        overlap(finder.find(clip.frames)["legs"], joints_box(clip.keypoints, "legs"))
        for clip in lifters.clips(200_000, 200_006, 4)
    ]
    assert np.median(found) > 0.8
