from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.media.pose.frame_numbers import MOST_FRAMES, number_frames, split_name


@pytest.mark.parametrize(
    ("name", "clip", "number"),
    [
        ("32903_1_000000000012_keypoints.json", "32903_1", 12),
        ("frame7_keypoints.json", "frame", 7),
        ("squat-03.json", "squat", 3),
        ("squat.0003.json", "squat", 3),
        ("000000000000.json", "", 0),
        ("bench_keypoints.json", "bench", None),
    ],
)
def test_a_name_is_a_clip_and_a_number(name: str, clip: str, number: int | None) -> None:
    assert split_name(name) == (clip, number)


@given(
    st.sets(st.integers(0, 5000), min_size=1, max_size=30),
    st.integers(0, 12),
    st.sampled_from(["", "a_", "v-", "1234_5_"]),
)
def test_names_in_any_order_come_out_by_number_with_padding_or_without(
    numbers: set[int], width: int, prefix: str
) -> None:
    names = {n: f"{prefix}{n:0{width}d}_keypoints.json" for n in numbers}
    assert list(number_frames(sorted(names.values(), reverse=True)).items()) == sorted(names.items())


def test_one_file_needs_no_number() -> None:
    assert number_frames(["crop_keypoints.json"]) == {0: "crop_keypoints.json"}


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a_1.json", "b_2.json"], "frames of 2 clips: 'a', 'b'"),
        (["a_1.json", "a.json"], "a.json"),
        (["a_1.json", "a_01.json"], "a_01.json and a_1.json"),
        (["a_1.json", f"a_{MOST_FRAMES + 1}.json"], f"a_1.json to a_{MOST_FRAMES + 1}.json"),
    ],
    ids=["two clips", "no number", "a number twice", "too far apart"],
)
def test_names_that_are_not_frames_of_one_clip_are_refused(names: list[str], told: str) -> None:
    with pytest.raises(DataError) as caught:
        number_frames(names, where="the folder")
    assert told in (caught.value.found or "")
    assert caught.value.where == "the folder"
    assert caught.value.remedy
