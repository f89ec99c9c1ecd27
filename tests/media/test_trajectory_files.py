from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.media.trajectory_files import parse_press, parse_squat

HEIGHTS = (300 - 100 * np.sin(np.linspace(0, np.pi, 41))).tolist()


def press_frames(rows: list[float], *, nested: bool = True) -> list[list[Any]]:
    box = [[100, row - 10, 200, row + 10, 95] for row in rows]
    return [[[b] if nested else b, [], []] for b in box]


def test_squat() -> None:
    track = parse_squat(json.dumps(HEIGHTS))
    assert track.turning_point == 20
    assert track.elevation[0] == pytest.approx(1)
    assert track.elevation[20] == 0
    assert parse_squat(json.dumps(HEIGHTS).encode()).turning_point == 20


def test_squat_gaps() -> None:
    text = json.dumps([None, float("nan"), *HEIGHTS[2:]])
    assert parse_squat(text).confidence[:3].tolist() == [0, 0, 1]


@pytest.mark.parametrize("nested", [True, False])
def test_press(nested: bool) -> None:
    track = parse_press(json.dumps(press_frames(HEIGHTS, nested=nested)))
    assert track.turning_point == 20
    assert track.elevation[20] == 1
    assert track.confidence[0] == pytest.approx(0.95)


def test_longer_than_the_video_is_reported_and_shorter_is_padded() -> None:
    for parse, document in ((parse_squat, HEIGHTS), (parse_press, press_frames(HEIGHTS))):
        text = json.dumps(document)
        with pytest.raises(DataError, match=r"(?s)12_3\.json.*at most 40 entries.*41"):
            parse(text, n_frames=40, where="12_3.json")
        assert len(parse(text, n_frames=41).elevation) == 41
        padded = parse(text, n_frames=45)
        assert padded.confidence[41:].tolist() == [0] * 4
        assert (padded.elevation[41:] == padded.elevation[40]).all()


@pytest.mark.parametrize(
    "document",
    [
        {}, "text", 3, None, [], [1, "2", 3], [1, True, 3], [1, [2], 3], [1, 10**400, 3], [1, 2, 1e300],
        [1, 2, float("inf")], [1.0] * 50, [None] * 50,
    ],
)  # fmt: skip
def test_bad_squats_name_the_file(document: Any) -> None:
    with pytest.raises(DataError, match="12_3"):
        parse_squat(json.dumps(document), where="12_3.json")


@pytest.mark.parametrize(
    "frame",
    [
        3, {}, [[], []], [[], [], [], []], [[], [], 3], [[[1, 2, 3, 4]], [], []],
        [[[1, 2, 3, 4, "5"]], [], []],
        [[[1, 2, 3, 4, 101]], [], []], [[[5, 2, 3, 4, 50]], [], []], [[[1, 2, 3, float("nan"), 50]], [], []],
        [[[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]], [], []],
    ],
)  # fmt: skip
def test_bad_presses_name_the_file(frame: Any) -> None:
    with pytest.raises(DataError, match="12_3"):
        parse_press(json.dumps([*press_frames(HEIGHTS), frame]), where="12_3.json")


@pytest.mark.parametrize(
    "text", ["", "[", b"\xff\xfe[1]", "[" * 100_000, "[1,2,", "nan", "[" + "9" * 5000 + "]"]
)
def test_not_json(text: str | bytes) -> None:
    for parse in (parse_squat, parse_press):
        with pytest.raises(DataError):
            parse(text)


numbers = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
documents = st.recursive(
    numbers,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
)
nearly_squats = st.lists(st.floats() | st.none() | st.integers(), max_size=60)
coordinates = st.integers(-10, 500) | st.floats(width=32)
nearly_presses = st.lists(
    st.lists(st.lists(st.lists(coordinates, min_size=5, max_size=5), max_size=1), min_size=3, max_size=3),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(document=documents | nearly_squats | nearly_presses, n_frames=st.none() | st.integers(0, 100))
def test_any_json_gives_a_trajectory_or_a_data_error(document: Any, n_frames: int | None) -> None:
    for parse in (parse_squat, parse_press):
        try:
            track = parse(json.dumps(document), n_frames=n_frames)
        except DataError:
            continue
        assert np.isfinite(track.elevation).all()
        assert track.elevation.min() >= 0
        assert track.elevation.max() <= 1
        assert ((track.confidence >= 0) & (track.confidence <= 1)).all()
        assert len(track.elevation) == (n_frames or len(document))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_data_error(data: bytes) -> None:
    for parse in (parse_squat, parse_press):
        with pytest.raises(DataError):
            parse(data)
