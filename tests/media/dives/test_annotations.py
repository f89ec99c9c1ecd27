from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.media.dives.annotations import dive_id, parse_annotations, parse_split

from .conftest import dive


def test_codes_are_decoded() -> None:
    facts = dive(200, 0, position=2, rotation_type=3, armstand=1, ss_no=5, tw_no=3, difficulty=3.2)
    dives, problems, judged = parse_annotations({(1, 4): facts}, "a.pkl")
    assert (problems, judged) == ([], 0)
    assert dives["01_04"].attributes() == {
        "position": "tuck", "armstand": 1.0, "rotation": "reverse", "somersaults": 2.5, "twists": 1.5,
        "difficulty": 3.2, "event": "01", "duration": 80.0,
    }  # fmt: skip
    assert {"difficulty", "duration"} & dives["01_04"].attributes(difficulty=False).keys() == set()


def test_numpy_numbers_are_numbers() -> None:
    facts = {name: np.int64(v) if isinstance(v, int) else np.float64(v) for name, v in dive(200, 1).items()}
    plain, _, _ = parse_annotations({(1, 4): dive(200, 1)}, "a.pkl")
    assert parse_annotations({(np.int64(1), np.uint8(4)): facts}, "a.pkl")[0] == plain


def test_marks_of_judges_are_counted_and_never_kept() -> None:
    facts = dive(200, 1, judge_scores=[8.0] * 7, dive_number="107B")
    dives, _, judged = parse_annotations({(1, 4): facts, (1, 5): dive(400, 1)}, "a.pkl")
    assert judged == 1
    assert "judge" not in dives["01_04"].model_dump_json()
    assert "8.0" not in dives["01_04"].model_dump_json()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"final_score": math.nan}, "final_score: expected a finite number of 0 or more, found nan"),
        ({"final_score": math.inf}, "found inf"),
        ({"final_score": -1.0}, r"found -1\.0"),
        ({"difficulty": math.nan}, "difficulty"),
        ({"position": 3}, "position: expected 0 to 2, found 3"),
        ({"rotation_type": -1}, "rotation_type"),
        ({"armstand": 2}, "armstand"),
        ({"end_frame": 10}, "first frame before the last"),
        ({"end_frame": 100.5}, "whole number"),
        ({"ss_no": -1}, "ss_no"),
    ],
)
def test_a_dive_that_cannot_be_used_is_named_and_the_others_are_kept(changed: dict, reason: str) -> None:
    content = {(1, 1): dive(200, 1), (1, 2): dive(300, 2, **changed)}
    dives, problems, _ = parse_annotations(content, "a.pkl")
    assert list(dives) == ["01_01"]
    assert len(problems) == 1
    assert "(1, 2)" in problems[0]
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(problems[0])


def test_missing_fields_and_odd_keys_are_named() -> None:
    short = dive(300, 1)
    del short["final_score"]
    _, problems, _ = parse_annotations({(1, 1): dive(200, 1), (1, 2): short, "x": {}, (1, 3): 7}, "a.pkl")
    assert [("final_score" in p, "'x'" in p, "int" in p) for p in problems] == [
        (True, False, False), (False, True, False), (False, False, True)
    ]  # fmt: skip


@pytest.mark.parametrize("content", [[], {}, 3, {(1, 1): dive(200, 1, final_score=math.nan)}])
def test_a_file_without_any_usable_dive_is_refused(content: object) -> None:
    with pytest.raises(DataError, match="annotation file"):
        parse_annotations(content, "a.pkl")


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 200)), min_size=1, max_size=30, unique=True))
def test_split_lists_read_in_any_shape(keys: list[tuple[int, int]]) -> None:
    expected = tuple(dive_id(key) for key in keys)
    as_uint8 = [tuple(np.uint8(n) for n in key) for key in keys]
    for content in (keys, as_uint8, np.array(keys), [list(key) for key in keys], [np.array(k) for k in keys]):
        assert parse_split(content, "s.pkl") == (expected, [])


def test_duplicates_and_odd_keys_of_a_split_are_named() -> None:
    ids, problems = parse_split([(1, 1), (1, 2), (np.int64(1), 1), (1,), (1, 2.5)], "s.pkl")
    assert ids == ("01_01", "01_02")
    assert problems[0] == "s.pkl: 01_01 occurs twice"
    assert len(problems) == 3


@pytest.mark.parametrize("content", [{}, [], None, "text"])
def test_what_is_no_list_is_refused(content: object) -> None:
    with pytest.raises(DataError, match="list of dives"):
        parse_split(content, "s.pkl")
