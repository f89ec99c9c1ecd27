from __future__ import annotations

import pytest

from aqa_bench.coach.assessment import Person
from aqa_bench.coach.lifter import choose_lifter
from aqa_bench.core.errors import UsageError


def person(index: int, size: float, moving: float, frames: int = 100) -> Person:
    box = (0.0, 0.0, size / 2, size)
    return Person(index=index, frames=frames, box=box, moving=moving, frame=0, box_in_frame=box)


def test_the_largest_and_most_moving_over_the_whole_clip() -> None:
    lifter, still, small, passing = (
        person(0, 300, 1.5),
        person(1, 350, 0.02),
        person(2, 90, 2.0),
        person(3, 400, 2.0, frames=10),
    )
    assert choose_lifter([still, small, passing, lifter], 100) == 0
    assert choose_lifter([still, small], 100) == 2
    assert choose_lifter([still, passing], 100) == 3
    assert choose_lifter([], 100) is None


def test_whoever_is_named_is_taken() -> None:
    people = [person(0, 300, 1.5), person(2, 90, 0.1)]
    assert choose_lifter(people, 100, 2) == 2
    with pytest.raises(UsageError, match="0, 2"):
        choose_lifter(people, 100, 1)
