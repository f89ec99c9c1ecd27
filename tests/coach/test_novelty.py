from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.coach.body import body_of
from aqa_bench.coach.exercises import EXERCISES
from aqa_bench.coach.judges import JUDGES
from aqa_bench.coach.motion import MOTIONS
from aqa_bench.coach.novelty import looks_like, obstacles_of
from aqa_bench.coach.posture import FIGURES, posture
from aqa_bench.coach.repetitions import cut
from aqa_bench.coach.tested import known_clips
from aqa_bench.datasets.synthetic_gym.clip import make_clip
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.media.layouts import find_layout

FPS = 15.0
ORDER = find_layout("openpose-18")
CURLS = known_clips()["bicep-curl"]


def once(joints: np.ndarray, exercise: str = "bicep-curl", layout: str = "openpose-18", fps: float = FPS):
    body = body_of(joints, layout)
    found = cut(MOTIONS[exercise].effort(body), fps, MOTIONS[exercise].least)[0]
    return body.part(found.start, found.end)


def kinds(body, exercise: str = "bicep-curl", fps: float = FPS) -> list[str]:
    return [each.kind for each in obstacles_of(body, exercise, known_clips()[exercise], fps)]


def test_every_exercise_has_a_judge_and_described_clips() -> None:
    assert EXERCISES.keys() == JUDGES.keys() == MOTIONS.keys() == known_clips().keys()
    for exercise, tested in known_clips().items():
        assert tested.dataset == JUDGES[exercise].dataset
        assert tested.figures.keys() <= FIGURES.keys()
        assert MOTIONS[exercise].figures <= FIGURES.keys()
        assert set(tested.seen) == set(MOTIONS[exercise].needs)


def test_a_curl_like_the_tested_ones_has_no_obstacle(curl) -> None:
    assert kinds(once(curl(1))) == []


def hidden_hand(joints: np.ndarray) -> None:
    joints[:, ORDER.index("right_wrist")] = 0


def far_away(joints: np.ndarray) -> None:
    joints[..., :2] *= 0.3


def walking(joints: np.ndarray) -> None:
    joints[..., 0] += np.linspace(0, 300, len(joints))[:, None]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("joints", lambda pose: pose.__setitem__((slice(None), ORDER.index("right_wrist"), 2), 0)),
        ("size", lambda pose: pose.__setitem__((..., slice(0, 2)), pose[..., :2] * 0.3)),
        (
            "posture",
            lambda pose: pose.__setitem__((..., 0), pose[..., 0] + np.linspace(0, 300, len(pose))[:, None]),
        ),
    ],
)
def test_each_obstacle_is_met_and_said_with_what_to_do(kind: str, change, curl) -> None:
    joints = curl(1)
    whole = once(joints)
    change(joints)
    body = body_of(joints, "openpose-18")
    part = body.part(6, 6 + len(whole))
    found = {each.kind: each for each in obstacles_of(part, "bicep-curl", CURLS, FPS)}
    assert kind in found
    assert found[kind].advice
    assert found[kind].text.endswith(".")


def test_curls_from_the_front_are_not_judged(curl) -> None:
    joints = curl(1)
    for side, shift in (("left", 38), ("right", -38)):
        for part in ("shoulder", "hip"):
            joints[:, ORDER.index(f"{side}_{part}"), 0] += shift
    found = obstacles_of(once(joints), "bicep-curl", CURLS, FPS)
    (view,) = [each for each in found if each.kind == "view"]
    assert "Filmed from the front" in view.text
    assert "tested on the side only" in view.text
    assert view.advice == "Film from the side."


def test_tempo_counts_where_it_is_known() -> None:
    clip = make_clip(plan_clips("study", "backsquat", "labelled")[0]).annotation
    part = once(clip.keypoints_2d, "squat", "coco-17", 10.0)
    assert "tempo" not in kinds(part, "squat", 10.0)
    assert "tempo" in kinds(part, "squat", 60.0)
    assert known_clips()["bicep-curl"].seconds is None


@pytest.mark.parametrize(
    ("exercise", "shown"),
    [("squat", "backsquat"), ("overhead-press", "overhead-press"), ("barbell-row", "barbell-row")],
)
def test_fresh_gym_clips_are_like_the_tested_ones_and_recognised(exercise: str, shown: str) -> None:
    """Of the preset study, which is drawn apart from the described one."""
    bodies = [
        once(make_clip(plan).annotation.keypoints_2d, exercise, "coco-17", 10.0)
        for plan in plan_clips("study", shown, "labelled")[:15]
    ]
    # Lengths in pixels are the same, since both presets have pictures of one size.
    assert np.mean([kinds(body, exercise, 10.0) == [] for body in bodies]) >= 0.8
    assert {looks_like(body, exercise, known_clips()) for body in bodies} == {None}
    wrong = "squat" if exercise != "squat" else "overhead-press"
    said = [looks_like(body, wrong, known_clips()) for body in bodies]
    # A press with a bar looks much like one with dumbbells: then nothing is said.
    assert said.count(exercise) >= 5
    assert set(said) <= {exercise, None}


def test_figures_without_joints_are_left_out(curl) -> None:
    joints = curl(1)
    joints[:, ORDER.index("right_ankle")] = 0
    joints[:, ORDER.index("left_ankle")] = 0
    found = posture(once(joints))
    assert "feet_drift" not in found
    assert "knee_least" not in found
    assert found["elbow_least"] == pytest.approx(45, abs=6)
