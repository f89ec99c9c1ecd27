from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.media.trajectory import from_boxes, from_heights, half_cycles


def repetition(length: int = 101, turn: int = 50) -> np.ndarray:
    """Heights in [0, 1] of a repetition that starts and ends high and is lowest at ``turn``."""
    time = np.arange(length)
    cycle = np.where(time <= turn, time / turn, 1 + (time - turn) / (length - 1 - turn))
    return (1 + np.cos(np.pi * cycle)) / 2


@given(
    length=st.integers(40, 300),
    place=st.floats(0.3, 0.7),
    scale=st.floats(1, 500),
    offset=st.floats(-1000, 1000),
    flipped=st.booleans(),
)
def test_the_sign_and_scale_of_the_measurement_do_not_matter(
    length: int, place: float, scale: float, offset: float, flipped: bool
) -> None:
    turn = round(place * (length - 1))
    truth = repetition(length, turn)
    measured = offset + scale * (1 - truth if flipped else truth)
    track = from_heights(measured, starts="high")
    np.testing.assert_allclose(track.elevation, truth, atol=1e-4)
    assert abs(track.turning_point - turn) <= 2
    opposite = from_heights(measured, starts="low")
    np.testing.assert_allclose(opposite.elevation, 1 - truth, atol=1e-4)
    assert opposite.turning_point == track.turning_point


def test_noise_does_not_move_the_turning_point_far() -> None:
    random = np.random.default_rng(0)
    errors = [
        from_heights(300 + 100 * repetition() + random.normal(0, 4, 101), starts="high").turning_point - 50
        for _ in range(50)
    ]
    assert np.abs(errors).max() <= 6


def test_the_turning_point_is_not_fooled_by_a_bounce_at_the_end() -> None:
    heights = 100 * repetition()
    heights[-12:] += 30 * np.sin(np.linspace(0, np.pi, 12))
    track = from_heights(heights, starts="high")
    assert abs(track.turning_point - 50) <= 2
    assert track.elevation[50] == 0


def test_gaps_are_interpolated_inside_and_held_at_the_ends() -> None:
    heights = 100 * repetition()
    gappy = heights.copy()
    gappy[[0, 1, 20, 21, 22, 99, 100]] = np.nan
    gappy[80] = np.inf
    track = from_heights(gappy, starts="high")
    assert np.flatnonzero(track.confidence == 0).tolist() == [0, 1, 20, 21, 22, 80, 99, 100]
    assert track.elevation[0] == track.elevation[1] == track.elevation[2]
    assert track.elevation[100] == track.elevation[98]
    line = np.interp([20, 21, 22], [19, 23], heights[[19, 23]])
    low, high = np.nanmin(gappy), np.max(gappy[np.isfinite(gappy)])
    np.testing.assert_allclose(track.elevation[20:23], (line - low) / (high - low), atol=1e-6)


@given(st.integers(3, 200), st.data())
def test_coverage_decides(length: int, data: st.DataObject) -> None:
    values = np.linspace(0, 10, length) ** 2
    gaps = data.draw(st.permutations(range(length)))[: data.draw(st.integers(0, length))]
    values[list(gaps)] = np.nan
    if len(gaps) > length / 2:
        with pytest.raises(DataError, match="50%"):
            from_heights(values, starts="high")
    else:
        track = from_heights(values, starts="high")
        assert track.elevation.dtype == track.confidence.dtype == np.float32
        assert track.elevation.min() == 0
        assert track.elevation.max() == 1
        assert 1 <= track.turning_point <= length - 2


@pytest.mark.parametrize(
    "values", [[], [1, 2], [[1, 2], [3, 4]], [5.0] * 30, [np.nan] * 30, [0, 1e300, 0, -1e300, 3]]
)
def test_unusable_series(values: list[float]) -> None:
    with pytest.raises(DataError):
        from_heights(values, starts="high")


def boxes(rows: np.ndarray, confidence: float = 90) -> list[list[list[float]]]:
    return [[] if np.isnan(row) else [[100, row - 10, 200, row + 10, confidence]] for row in rows]


def test_boxes_of_a_press() -> None:
    rows = 50 + 170 * repetition()  # the image row falls as the bar rises
    other = boxes(np.full(101, 300.0))
    frames = list(zip(boxes(rows), other, boxes(np.full(101, np.nan)), strict=True))
    frames[30] = ([], *frames[30][1:])
    track = from_boxes(frames)
    np.testing.assert_allclose(track.elevation, 1 - repetition(), atol=0.02)
    assert track.turning_point == 50
    assert track.confidence[29:32].tolist() == pytest.approx([0.9, 0, 0.9])


def test_the_most_moving_region_stands_in_for_an_uncovered_first() -> None:
    rows = 50 + 170 * repetition()
    first = np.where(np.arange(101) < 30, rows, np.nan)
    still = 300 + np.random.default_rng(0).normal(0, 1, 101)
    frames = list(zip(boxes(first), boxes(still), boxes(rows, 40), strict=True))
    track = from_boxes(frames)
    np.testing.assert_allclose(track.elevation, 1 - repetition(), atol=1e-5)
    assert track.confidence.max() == pytest.approx(0.4)


def test_boxes_found_too_seldom() -> None:
    nothing = np.full(60, np.nan)
    for frames in ([], [[], []], list(zip(boxes(nothing), boxes(nothing), strict=True))):
        with pytest.raises(DataError):
            from_boxes(frames)


def test_half_cycles_are_16_frames_each_with_the_turning_point() -> None:
    track = from_heights(repetition(), starts="high")
    down, up = half_cycles(track)
    assert len(down) == len(up) == 16
    assert (down[0], down[-1], up[0], up[-1]) == (0, 50, 50, 100)


@pytest.mark.parametrize(("turn", "usable"), [(6, False), (7, True), (33, True), (34, False)])
def test_a_half_cycle_needs_8_frames(turn: int, usable: bool) -> None:
    from aqa_bench.core.sample import Trajectory

    track = Trajectory(np.linspace(0, 1, 41, dtype=np.float32), np.ones(41, np.float32), turn)
    if usable:
        half_cycles(track)
    else:
        with pytest.raises(DataError, match="half-cycles"):
            half_cycles(track)
