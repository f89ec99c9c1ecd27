from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.media.pose_geometry import Joint
from aqa_bench.methods.pose_trainer_rules.measurements import (
    MEASUREMENTS,
    bicep_curl,
    front_raise,
    shoulder_press,
    shoulder_shrug,
)

# Largest bend of the left arm of some clips, as the source's analysis of the shrug prints it.
PUBLISHED_BENDS = {
    "shouldershrug_bad_1": 38.86728004593292,
    "shouldershrug_bad_2": 39.18063589761602,
    "shouldershrug_bad_7": 12.458666766668538,
    "shouldershrug_bad_12": 3.400607161449127,
    "shouldershrug_bad_14": 32.99741523311454,
    "shouldershrug_bad_17": 46.49424711540346,
    "shouldershrug_good_1": 21.8301322578223,
    "shouldershrug_good_9": 15.825368915586095,
    "shouldershrug_good_15": 8.769834926978048,
}


def test_hanging_arms_do_nothing(standing: np.ndarray) -> None:
    assert bicep_curl(standing) == pytest.approx({"upper_arm_swing": 0, "closed_elbow": 180})
    assert front_raise(standing) == pytest.approx({"back_sway": 0, "arm_height": 0})
    assert shoulder_press(standing) == pytest.approx({"back_sway": 0, "elbow_lead": 0, "open_elbow": 180})
    assert shoulder_shrug(standing) == pytest.approx({"shoulder_travel": 0, "arm_bend": 0})


def test_a_curl_closes_the_elbow(standing: np.ndarray) -> None:
    standing[1, [Joint.LEFT_WRIST, Joint.RIGHT_WRIST], :2] = (240, 140)
    assert bicep_curl(standing)["closed_elbow"] == pytest.approx(90)


def test_a_raise_lifts_the_arm_and_a_lean_moves_the_neck(standing: np.ndarray) -> None:
    standing[2, [Joint.LEFT_WRIST, Joint.RIGHT_WRIST], :2] = (280, 100)
    assert front_raise(standing)["arm_height"] == pytest.approx(90)
    assert front_raise(standing)["back_sway"] == pytest.approx(0)
    standing[:, [Joint.LEFT_HIP, Joint.RIGHT_HIP], 0] += np.array([-50, 0, 0])[:, None]
    expected = 50 / np.mean([np.hypot(50, 100), 100, 100])
    assert front_raise(standing)["back_sway"] == pytest.approx(expected)


def test_the_elbow_leads_towards_its_own_side_of_the_image(standing: np.ndarray) -> None:
    standing[1, [Joint.LEFT_ELBOW, Joint.RIGHT_ELBOW], 0] += 20
    assert shoulder_press(standing)["elbow_lead"] == pytest.approx(-0.2)
    standing[0, Joint.LEFT_WRIST] = 0
    assert shoulder_press(standing)["elbow_lead"] == pytest.approx(0.0)


def test_a_shrug_raises_both_shoulders(standing: np.ndarray) -> None:
    standing[1, Joint.LEFT_SHOULDER, 1] -= 30
    standing[2, Joint.RIGHT_SHOULDER, 1] -= 10
    assert shoulder_shrug(standing)["shoulder_travel"] == pytest.approx(0.2)
    standing[:, Joint.RIGHT_ELBOW] = 0
    with pytest.raises(DataError, match="both arms"):
        shoulder_shrug(standing)


@pytest.mark.parametrize("exercise", MEASUREMENTS)
def test_size_and_place_in_the_image_do_not_matter(standing: np.ndarray, exercise: str) -> None:
    rng = np.random.default_rng(0)
    standing[..., :2] += rng.normal(scale=10, size=standing[..., :2].shape)
    moved = standing.copy()
    moved[..., :2] = moved[..., :2] * 3 + 100
    assert MEASUREMENTS[exercise](moved) == pytest.approx(MEASUREMENTS[exercise](standing))


def test_published_arm_bends(real_clips: Callable[[str], dict[str, np.ndarray]]) -> None:
    clips = real_clips("shoulder-shrug")
    bends = {name: shoulder_shrug(clips[name])["arm_bend"] for name in PUBLISHED_BENDS}
    assert bends == pytest.approx(PUBLISHED_BENDS, abs=1e-9)
