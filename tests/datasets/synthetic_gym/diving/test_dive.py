from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import UsageError
from aqa_bench.datasets.synthetic_gym.clip import COCO_17
from aqa_bench.datasets.synthetic_gym.diving.annotated import annotate_dives, diving_fingerprint
from aqa_bench.datasets.synthetic_gym.diving.dive import DiveClip, make_dive
from aqa_bench.datasets.synthetic_gym.diving.faults import FAULTS, execution
from aqa_bench.datasets.synthetic_gym.diving.judging import judge
from aqa_bench.datasets.synthetic_gym.diving.plan import DivePlan, plan_dives
from aqa_bench.datasets.synthetic_gym.diving.pool import HEIGHT
from aqa_bench.datasets.synthetic_gym.diving.program import DIVES, Dive

SPOTLESS = dict.fromkeys(FAULTS, 0.0)
PLANS = plan_dives("demo")
_AT = {name: i for i, name in enumerate(COCO_17)}


def plan_of(dive: Dive) -> DivePlan:
    return DivePlan(
        "demo", 2 if dive.armstand else 1, 3, dive, "platform" if dive.armstand else "springboard"
    )


def joint(clip: DiveClip, name: str) -> np.ndarray:
    """Middle of the two sides, shape (T, 3)."""
    points = clip.annotation.keypoints_3d
    return (points[:, _AT[f"left_{name}"]] + points[:, _AT[f"right_{name}"]]) / 2


def trunk_angle(clip: DiveClip) -> np.ndarray:
    """Angle of the trunk in the plane of the somersault, unwrapped, degrees: 0 upright."""
    line = joint(clip, "shoulder") - joint(clip, "hip")
    return np.degrees(np.unwrap(np.arctan2(line[:, 2], line[:, 1])))


@pytest.mark.parametrize("dive", DIVES)
def test_every_dive_enters_head_first_over_the_water(dive: Dive) -> None:
    clip = make_dive(plan_of(dive), faults=SPOTLESS)
    before = int(np.flatnonzero(clip.since <= 0)[-1])
    trunk = joint(clip, "shoulder") - joint(clip, "hip")
    assert trunk[before, 1] / np.linalg.norm(trunk[before]) < -0.95
    assert joint(clip, "wrist")[before, 1] < 1.2
    assert joint(clip, "wrist")[before, 2] > 0.9
    assert abs(clip.annotation.faults["rotation"]) < 4
    assert clip.annotation.execution > 9


@pytest.mark.parametrize("dive", [d for d in DIVES if not d.half_twists])
def test_it_turns_as_often_as_announced(dive: Dive) -> None:
    # Finely sampled, or fast somersaults could not be counted.
    plan = plan_of(dive)
    clip = make_dive(DivePlan("wild", plan.event, plan.number, dive, plan.board), faults=SPOTLESS)
    over = int(np.flatnonzero(clip.since <= 0)[-1])
    turned = abs(trunk_angle(clip)[over] - trunk_angle(clip)[0])
    assert turned == pytest.approx(360 * dive.somersaults, abs=25)


def test_reverse_and_inward_dives_turn_toward_the_board() -> None:
    def turned(dive: Dive) -> float:
        angle = trunk_angle(make_dive(plan_of(dive), faults=SPOTLESS))
        return float(angle[-1] - angle[0])

    assert turned(Dive("front", "pike", 5)) > 0 > turned(Dive("inward", "pike", 5))
    assert turned(Dive("back", "pike", 5)) > 0 > turned(Dive("reverse", "tuck", 5))


def test_twists_turn_the_shoulders_about_the_trunk() -> None:
    def sideways(dive: Dive) -> np.ndarray:
        points = make_dive(plan_of(dive), faults=SPOTLESS).annotation.keypoints_3d
        line = points[:, _AT["left_shoulder"], 0] - points[:, _AT["right_shoulder"], 0]
        return np.asarray(np.sign(line))

    assert np.count_nonzero(np.diff(sideways(Dive("front", "pike", 5)))) == 0
    assert np.count_nonzero(np.diff(sideways(Dive("back", "free", 3, 5)))) == 5


@pytest.mark.parametrize("dive", DIVES[::4])
def test_bones_keep_their_length_and_the_centre_falls_freely(dive: Dive) -> None:
    clip = make_dive(plan_of(dive))
    points = clip.annotation.keypoints_3d
    for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")):
        for side in ("left", "right"):
            length = np.linalg.norm(points[:, _AT[f"{side}_{a}"]] - points[:, _AT[f"{side}_{b}"]], axis=-1)
            np.testing.assert_allclose(length, length[0], atol=1e-9)


@pytest.mark.parametrize("size", [-35.0, -12.0, 0.0, 12.0, 35.0])
def test_the_angle_at_entry_is_the_one_aimed_at(size: float) -> None:
    for dive in DIVES:
        found = make_dive(plan_of(dive), faults={**SPOTLESS, "rotation": size}).annotation
        assert found.faults["rotation"] == pytest.approx(size, abs=4)
        assert found.execution < 9.9 - 0.09 * abs(size) + 0.6


@pytest.mark.parametrize("name", ["legs", "knees", "loose", "splash"])
def test_a_larger_fault_is_measured_larger_and_costs_more(name: str) -> None:
    plan = plan_of(Dive("back", "pike", 5))
    sizes = np.linspace(0, FAULTS[name].limit * 0.8, 4)
    found = [make_dive(plan, faults={**SPOTLESS, name: float(size)}).annotation for size in sizes]
    measured = [a.faults[name] for a in found]
    assert (np.diff(measured) > 0.6 * np.diff(sizes)).all()
    assert (np.diff([a.execution for a in found]) < 0).all()
    assert measured[0] < FAULTS[name].free + 2


def test_a_fault_changes_nothing_else() -> None:
    plan = PLANS[0]
    good, bad = (make_dive(plan, faults={**SPOTLESS, "legs": size}) for size in (0.0, 40.0))
    before = good.since < -1.6
    np.testing.assert_array_equal(good.annotation.keypoints_3d[before], bad.annotation.keypoints_3d[before])
    np.testing.assert_array_equal(good.pool.eye, bad.pool.eye)
    np.testing.assert_array_equal(good.body.colour, bad.body.colour)
    assert good.annotation.entry == bad.annotation.entry


def test_dives_of_an_event_share_pool_and_judges() -> None:
    first, second, other = (make_dive(PLANS[i]) for i in (0, 1, 30))
    assert first.pool is second.pool or np.array_equal(first.pool.water, second.pool.water)
    assert not np.array_equal(first.pool.water, other.pool.water)
    assert {plan.board for plan in PLANS if plan.event == 1} == {"springboard"}
    assert not any(plan.dive.armstand for plan in PLANS if plan.board == "springboard")


def test_the_diver_stays_in_the_picture_until_the_water() -> None:
    for plan in PLANS[::25]:
        clip = make_dive(plan)
        above = clip.since < -0.05
        assert clip.annotation.keypoints_2d[above, :, 2].mean() > 0.97
        standing = clip.annotation.keypoints_3d[0, _AT["left_ankle"], 1]
        assert standing > HEIGHT[plan.board] - 0.5


def test_the_same_plan_gives_the_same_dive_and_another_number_another() -> None:
    again, other = make_dive(PLANS[5]), make_dive(PLANS[6])
    np.testing.assert_array_equal(make_dive(PLANS[5]).annotation.keypoints_2d, again.annotation.keypoints_2d)
    assert again.annotation.record() != other.annotation.record()


@given(st.lists(st.floats(0, 45), min_size=6, max_size=6))
def test_execution_never_gains_from_a_fault(sizes: list[float]) -> None:
    faults = dict(zip(FAULTS, sizes, strict=True))
    assert 0 <= execution(faults) <= 10
    worse = {name: size + 1 for name, size in faults.items()}
    assert execution(worse) <= execution(faults)
    assert execution({**faults, "rotation": -faults["rotation"]}) == pytest.approx(execution(faults))


def test_the_score_is_the_sum_of_the_three_middle_awards_times_difficulty() -> None:
    for seed in range(20):
        found = judge(7.3, 2.9, np.random.default_rng(1), np.random.default_rng(seed))
        assert found.score == pytest.approx(sum(sorted(found.awards)[2:5]) * 2.9, abs=0.005)
        assert all(0 <= award <= 10 and math.remainder(award, 0.5) == 0 for award in found.awards)
    strict, mild = (judge(7.0, 3.0, np.random.default_rng(s), np.random.default_rng(0)) for s in (3, 4))
    assert strict.score != mild.score


def test_the_fingerprint_follows_what_is_annotated() -> None:
    annotations = annotate_dives("tiny")
    assert diving_fingerprint("tiny", annotations) == diving_fingerprint("tiny", annotate_dives("tiny"))
    assert diving_fingerprint("tiny", annotations) != diving_fingerprint("tiny", annotations[1:])
    with pytest.raises(UsageError, match="no such preset"):
        plan_dives("dmeo")
