from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.media.pose.people import People, choose_person, person_size

FRAMES = 40


def body(x: float, y: float, height: float, seed: int = 0) -> np.ndarray:
    """A person of 18 joints: x, y and confidence."""
    shape = np.random.default_rng(7).random((18, 2)) * [0.4, 1]
    shape[0], shape[1] = (0, 0), (0, 1)
    jitter = np.random.default_rng(seed).normal(size=(18, 2))
    return np.concatenate([shape * height + [x, y] + jitter, np.full((18, 1), 0.9)], axis=1)


def lifter(t: int) -> np.ndarray:
    return body(300, 100 + 40 * np.sin(t / 6), 200, seed=t)


def bystander(t: int) -> np.ndarray:
    return body(600 - 5 * t, 110, 150, seed=1000 + t)


@settings(max_examples=40)
@given(st.lists(st.booleans(), min_size=FRAMES, max_size=FRAMES))
def test_the_lifter_is_followed_in_whatever_order_people_stand(swapped: list[bool]) -> None:
    """The bystander walks past behind; OpenPose lists people in any order."""
    frames = [
        [bystander(t), lifter(t)] if swap else [lifter(t), bystander(t)] for t, swap in enumerate(swapped)
    ]
    assert choose_person(frames, People.NEAREST) == [int(swap) for swap in swapped]


def test_where_the_lifter_is_lost_nobody_takes_the_place() -> None:
    frames = [[bystander(t)] if 10 <= t < 15 else [bystander(t), lifter(t)] for t in range(FRAMES)]
    expected = [None if 10 <= t < 15 else 1 for t in range(FRAMES)]
    assert choose_person(frames, People.NEAREST) == expected


def test_a_scrap_of_the_lifter_does_not_pass_for_all_of_it() -> None:
    def scrap(t: int) -> np.ndarray:
        part = lifter(t)
        part[3:] = 0
        return part

    frames = [[scrap(t), lifter(t)] if t % 2 else [lifter(t)] for t in range(FRAMES)]
    assert choose_person(frames, People.NEAREST) == [t % 2 for t in range(FRAMES)]


def test_who_stands_there_longest_and_largest_is_taken_and_not_who_comes_first() -> None:
    frames = [[bystander(t)] if t < 5 else [bystander(t), lifter(t)] for t in range(FRAMES)]
    assert choose_person(frames, People.NEAREST) == [None] * 5 + [1] * (FRAMES - 5)


def test_the_largest_is_taken_in_every_frame_for_itself() -> None:
    near, far = body(0, 0, 300), body(500, 0, 100)
    frames = [[near, far], [far, near], [far], []]
    assert choose_person(frames, People.LARGEST) == [0, 1, 0, None]


@pytest.mark.parametrize("rule", People)
def test_nobody_and_one_person_need_no_choice(rule: People) -> None:
    assert choose_person([], rule) == []
    assert choose_person([[], [lifter(0)], []], rule) == [None, 0, None]


def test_a_person_of_one_joint_has_no_size_and_is_followed_all_the_same() -> None:
    dot = np.zeros((18, 3))
    dot[4] = 50, 60, 0.5
    assert person_size(dot) == 0
    assert choose_person([[dot, dot + np.array([200, 0, 0])], [dot]], People.NEAREST) == [0, 0]
