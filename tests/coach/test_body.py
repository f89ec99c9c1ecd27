from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.coach.body import body_of, with_neck
from aqa_bench.coach.motion import MOTIONS, series_of
from aqa_bench.datasets.synthetic_gym.clip import make_clip
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.media.layouts import find_layout

ORDER = find_layout("openpose-18")


def test_angles_are_those_that_were_drawn(curl) -> None:
    joints = curl(1, closed=50, swing=0, pause=3)
    body = body_of(joints, "openpose-18")
    elbow = body.both("shoulder", "elbow", "wrist")
    assert elbow[0] == pytest.approx(160, abs=1e-3)
    assert elbow.min() == pytest.approx(50, abs=1e-3)
    assert body.torso == pytest.approx(110)
    np.testing.assert_allclose(body.lean(), 0, atol=1e-6)
    assert body.height("wrist", "shoulder")[0] == pytest.approx(
        -(joints[0, ORDER.index("right_wrist"), 1] - 74) / 110
    )
    assert len(body.part(2, 5)) == 4


def test_of_two_arms_the_one_that_is_seen_counts(curl) -> None:
    joints = curl(1)
    joints[:, ORDER.index("left_wrist")] = (0, 0, 0)
    one = body_of(joints, "openpose-18").both("shoulder", "elbow", "wrist")
    assert np.isfinite(one).all()


def test_a_hidden_shoulder_leaves_the_other_as_the_neck(curl) -> None:
    joints = curl(1)
    joints[:, ORDER.index("neck")] = 0
    joints[:, ORDER.index("left_shoulder")] = 0
    neck = with_neck(joints, "openpose-18")[:, ORDER.index("neck")]
    np.testing.assert_array_equal(neck, joints[:, ORDER.index("right_shoulder")])


def test_whoever_hides_a_shoulder_stands_sideways(curl) -> None:
    joints = curl(1)
    assert body_of(joints, "openpose-18").turned() == pytest.approx(90, abs=1)
    joints[:, ORDER.index("left_shoulder")] = 0
    assert body_of(joints, "openpose-18").turned() == 90
    joints[..., 2] = 0
    assert np.isnan(body_of(joints, "openpose-18").turned())


def test_the_view_is_found_on_the_gym_whose_cameras_are_known() -> None:
    known, found = [], []
    for exercise in ("backsquat", "overhead-press"):
        for plan in plan_clips("wild", exercise, "labelled")[:12]:
            clip = make_clip(plan)
            body = body_of(clip.annotation.keypoints_2d, "coco-17")
            known.append(abs((clip.scene.camera.azimuth + 180) % 360 - 180))
            found.append(body.turned())
    apart = np.abs(np.array(known) - np.array(found))
    assert np.median(apart) < 12
    # Front, side and back are told apart.
    assert (apart < 45).all()


@pytest.mark.parametrize("exercise", sorted(MOTIONS))
def test_what_is_plotted_has_a_value_or_none_per_frame(exercise: str, curl) -> None:
    body = body_of(curl(1), "openpose-18")
    series = series_of(body, exercise)
    assert series
    assert {len(one.values) for one in series} == {len(body)}
    assert all(one.unit in ("degrees", "torso lengths") for one in series)
