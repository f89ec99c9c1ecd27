from __future__ import annotations

import pytest

from aqa_bench.cli.pace import Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_time_left_is_that_of_the_recent_pace_and_runs_down() -> None:
    clock = Clock()
    pace = Pace("decoding", 10, clock)
    assert pace.left() is None
    clock.now += 4.0
    pace.advance(2)
    assert pace.left() == pytest.approx(16.0)
    clock.now += 6.0
    assert pace.left() == pytest.approx(10.0)
    assert pace.line() == "decoding: 2/10, 10 s, about 10 s left".replace("10 s,", "0 min 10 s,").replace(
        "10 s left", "0 min 10 s left"
    )
    clock.now += 60.0
    assert pace.left() == 0.0


def test_work_without_a_total_says_how_long_it_has_taken() -> None:
    clock = Clock()
    pace = Pace("fitting", None, clock)
    assert pace.line() == "fitting"
    clock.now += 5.0
    assert pace.line() == "fitting: 5.0 s"
    pace.advance(3, "loss 0.25")
    assert (pace.line(), pace.left()) == ("fitting: 3, 5.0 s, loss 0.25", None)
