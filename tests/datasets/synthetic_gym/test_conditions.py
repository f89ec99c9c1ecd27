from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.condition import Condition
from aqa_bench.datasets.synthetic_gym.adapter import SyntheticGym
from aqa_bench.datasets.synthetic_gym.clip import make_clip
from aqa_bench.datasets.synthetic_gym.errors import ERRORS
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.datasets.synthetic_gym.presets import Exercise


def named(data: SyntheticGym, task: str) -> dict[str, Condition]:
    return {condition.name: condition for condition in data.conditions(task)}


@pytest.mark.parametrize(
    ("exercise", "task"), [("backsquat", "kie"), ("backsquat", "kfe"), ("overhead-press", "elbow")]
)
def test_a_clip_is_an_error_where_its_size_is_over_the_threshold(
    exercise: Exercise, task: str, tmp_path: Path
) -> None:
    data = SyntheticGym(exercise, "tiny", tmp_path)
    threshold = next(spec.threshold for spec in ERRORS[exercise] if spec.name == task)
    sizes = named(data, task)["error size"]
    assert sizes.of_errors
    assert {name: float(size > threshold) for name, size in sizes.values.items()} == data.targets(task)


def test_angles_and_joints_in_sight_are_those_of_the_clip(tmp_path: Path) -> None:
    data = SyntheticGym("backsquat", "tiny", tmp_path)
    found = named(data, "kfe")
    plan = plan_clips("tiny", "backsquat", "labelled")[3]
    clip = make_clip(plan)
    angle = found["camera angle"].values[plan.id]
    assert angle == pytest.approx(abs(clip.annotation.camera["azimuth"]), rel=1e-5)
    # Hips, knees and ankles are the last six joints of COCO.
    in_sight = (clip.annotation.keypoints_2d[:, 11:, 2] == 1).mean()
    assert found["joints in sight"].values[plan.id] == pytest.approx(in_sight)
    assert 0 < np.mean(list(found["joints in sight"].values.values())) <= 1


def test_images_have_their_clips_conditions_and_no_size_where_an_error_comes_and_goes(tmp_path: Path) -> None:
    squat, row = (SyntheticGym(name, "tiny", tmp_path) for name in ("backsquat", "barbell-row"))
    for data, task, there in ((squat, "ss", True), (row, "lumbar", False)):
        found = named(data, task)
        assert ("error size" in found) is there
        for condition in found.values():
            assert condition.values.keys() == data.targets(task).keys()
