from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from aqa_bench.core.lines import (
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_LINE,
    Line,
    clipped,
    joined,
    odd_in_line,
    odd_in_plain,
)

LINE = TypeAdapter(Line)

ODD = {
    "line feed": "a\nb",
    "carriage return": "a\rb",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "paragraph separator": "a\u2029b",
    "vertical tab": "a\x0bb",
    "null": "a\x00b",
    "escape": "a\x1b[2Jb",
    "delete": "a\x7fb",
    "right-to-left override": "a\u202eb",
    "isolate": "a\u2066b",
    "zero-width space": "a\u200bb",
    "zero-width joiner": "a\u200db",
    "byte order mark": "\ufeffa",
    "soft hyphen": "a\xadb",
    "Hangul filler": "a\u3164b",
    "grapheme joiner": "a\u034fb",
    "variation selector": "a\ufe0fb",
    "tag": "a\U000e0041b",
    "surrogate": "a\ud800b",
    "private use": "a\ue000b",
    "marks": "a\u0301\u0301\u0301b",
    "long": "a" * (MAX_LINE + 1),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_what_shows_something_else_than_it_says_is_no_line(text: str) -> None:
    assert odd_in_line(text)
    with pytest.raises(ValidationError, match=r"one readable line|at most 200|valid string"):
        LINE.validate_python(text)
    assert not odd_in_line(clipped(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ImageNet, torchvision",
        "Kinetics-400 | a*b",
        "naïve 動作",
        "é",
        "x" * MAX_LINE,
        "ที่",
        "Nguye\u0302\u0303n",
    ],
)
def test_ordinary_text_is_a_line(text: str) -> None:
    assert LINE.validate_python(text) == clipped(text) == text


def test_different_texts_are_joined_and_cut_where_they_are_too_long() -> None:
    assert joined(["b", "a", "b"]) == "b + a"
    long = joined(["x" * 150, "y" * 150])
    assert len(long) == MAX_LINE
    assert long.endswith("...")


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": "two\nlines"}, "a: U+000A"),
        ({"a": [{"b": "x" * 201}]}, "a.0.b: 201 characters"),
        ({"a\u202e": 1}, "a name with U+202E"),
        ({"x" * 65: 1}, "a name of 65 characters"),
        ({"a": 2**60}, "a whole number of 61 bits"),
        ({"a": float("inf")}, "not finite"),
        ({"a": nested(MAX_DEPTH)}, "levels"),
        ({"a": [0] * MAX_ENTRIES}, "more than"),
        ({"a": [[0] * 64] * 80}, "more than"),
        ({"a": object()}, "a: a object"),
        ({1: 2}, "not text"),
    ],
)
def test_what_is_not_plain_or_not_bounded_is_named(value: Any, reason: str) -> None:
    assert reason in odd_in_plain(value)


def test_plain_values_are_plain() -> None:
    assert odd_in_plain({"a": [1, 2.5, None, True, {"b": "text"}], "c": nested(MAX_DEPTH - 1)}) == ""
