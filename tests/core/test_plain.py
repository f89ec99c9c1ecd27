from __future__ import annotations

from typing import Any

import pytest

from aqa_bench.core.plain import MAX_DEPTH, MAX_ENTRIES, odd_in_plain


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
        ({1: 2}, "no text"),
    ],
)
def test_what_is_not_plain_or_not_bounded_is_named(value: Any, reason: str) -> None:
    assert reason in odd_in_plain(value)


def test_plain_values_are_plain() -> None:
    assert odd_in_plain({"a": [1, 2.5, None, True, {"b": "text"}], "c": nested(MAX_DEPTH - 1)}) == ""
