from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.datasets.fitness_aqa.labels import outside, parse_binary, parse_ids, parse_intervals
from aqa_bench.datasets.fitness_aqa.problems import Problem, summarise

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def whats(problems: list[Problem]) -> list[str]:
    return [problem.what for problem in problems]


def test_an_empty_list_is_no_error_and_any_interval_is_one() -> None:
    data = b'{"1_1": [], "1_2": [[0.5, 1]], "1_3": [[0, 0.25], [2, 3.5]]}'
    labels, intervals, problems = parse_intervals(data, "f")
    assert labels == {"1_1": False, "1_2": True, "1_3": True}
    assert intervals == {"1_1": (), "1_2": ((0.5, 1.0),), "1_3": ((0.0, 0.25), (2.0, 3.5))}
    assert not problems


@pytest.mark.parametrize(
    "value",
    [
        '"yes"', "1", "true", "null", "{}", '{"0": [0, 1]}', "[1, 2]", '[["a", 2]]', "[[1]]", "[[1, 2, 3]]",
        "[[true, 2]]", "[[NaN, 2]]", "[[0, Infinity]]", "[[0, 1e999]]", "[[0, 1" + "0" * 400 + "]]",
    ],
)  # fmt: skip
def test_a_clip_with_a_wrong_type_has_no_label_and_is_named(value: str) -> None:
    labels, intervals, problems = parse_intervals(
        f'{{"1_1": {value}, "1_2": []}}'.encode(), "error_knees.json"
    )
    assert labels == {"1_2": False}
    assert intervals == {"1_2": ()}
    assert whats(problems) == ["label has a wrong type"]
    assert problems[0].file == "error_knees.json: 1_1"


@pytest.mark.parametrize("pair", [[2.0, 1.0], [1.0, 1.0], [-0.5, 1.0]])
def test_an_impossible_interval_keeps_the_label_and_is_dropped(pair: list[float]) -> None:
    labels, intervals, problems = parse_intervals(json.dumps({"1_1": [pair, [3, 4]]}).encode(), "f")
    assert labels == {"1_1": True}
    assert intervals == {"1_1": ((3.0, 4.0),)}
    assert whats(problems) == ["interval is invalid"]


def test_an_id_with_two_labels_has_none_and_a_repeated_one_is_kept() -> None:
    data = b'{"1_1": 0, "1_1": 1, "1_2": 1, "1_2": 1}'
    labels, problems = parse_binary(data, "f")
    assert labels == {"1_2": True}
    assert whats(problems) == ["id has two labels", "id occurs twice"]


@pytest.mark.parametrize("value", ["2", "-1", "true", "0.5", '"1"', "[]", "null"])
def test_image_labels_are_0_or_1(value: str) -> None:
    labels, problems = parse_binary(f'{{"1_1_1": {value}, "1_1_2": 1}}'.encode(), "f")
    assert labels == {"1_1_2": True}
    assert whats(problems) == ["label has a wrong type"]


def test_split_ids_are_kept_once_in_order() -> None:
    ids, problems = parse_ids(b'["3_1", "1_1", "3_1", 7, "", "../x"]', "train_keys.json")
    assert ids == ("3_1", "1_1")
    assert whats(problems) == ["id occurs twice"] + ["id has a wrong type"] * 3


def test_traj_nan_ids_lose_their_suffix() -> None:
    assert parse_ids(b'["37165_2.json", "1_1"]', "f", suffix=".json")[0] == ("37165_2", "1_1")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "file is not JSON"),
        (b"{", "file is not JSON"),
        (b'{"1_1": "\xff"}', "file is not UTF-8"),
        ("{}".encode("utf-16"), "file is not UTF-8"),
        (b"null", "file has a wrong type"),
        (b"3", "file has a wrong type"),
        (b"[" * 100_000, "file is not JSON"),
        (b"[" * 200 + b"]" * 200, "JSON is nested too deeply"),
        (b"[" + b"9" * 5000 + b"]", "file is not JSON"),
    ],
)
def test_a_damaged_file_is_one_problem_for_every_parser(data: bytes, what: str) -> None:
    for problems in (parse_intervals(data, "f")[2], parse_binary(data, "f")[1], parse_ids(data, "f")[1]):
        assert whats(problems) == [what]


def test_a_byte_order_mark_is_accepted() -> None:
    assert parse_ids(b'\xef\xbb\xbf["1_1"]', "f") == (("1_1",), [])


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_parsers_never_raise(data: bytes) -> None:
    for parsed in (parse_intervals(data, "f"), parse_binary(data, "f"), parse_ids(data, "f")):
        assert all(isinstance(problem, Problem) for problem in parsed[-1])


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.from_regex(r"\A[0-9]{1,4}_[0-9]\Z"), json_values, max_size=3))
def test_every_id_is_labelled_or_a_problem(content: dict[str, Any]) -> None:
    labels, intervals, problems = parse_intervals(json.dumps(content).encode(), "f")
    assert labels.keys() == intervals.keys()
    named = {problem.file.removeprefix("f: ") for problem in problems}
    assert labels.keys() | named == content.keys() or whats(problems) == ["JSON is nested too deeply"]
    for spans in intervals.values():
        assert all(0 <= start < end for start, end in spans)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0.1, 5))), st.floats(0.5, 12))
def test_outside_is_what_ends_beyond_the_clip(spans: list[tuple[float, float]], duration: float) -> None:
    intervals = [(start, start + width) for start, width in spans]
    found = outside(intervals, duration, tolerance=0)
    assert found == [interval for interval in intervals if interval[1] > duration]


def test_many_problems_of_a_kind_are_counted() -> None:
    problems = [Problem(f"f{i}", "clip cannot be used", "a clip", "none") for i in range(10)]
    lines = summarise([*problems, Problem("g", "file is not JSON", "JSON", "text")], limit=2)
    assert lines == [
        "f0: clip cannot be used (expected a clip; found none)",
        "f1: clip cannot be used (expected a clip; found none)",
        "... and 8 more: clip cannot be used.",
        "g: file is not JSON (expected JSON; found text)",
    ]
