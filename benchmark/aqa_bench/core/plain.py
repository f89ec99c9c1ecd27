"""Plain JSON of bounded size: what a record may hold beside its typed fields."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator

from aqa_bench.core.lines import odd_in_line

__all__ = ["MAX_DEPTH", "MAX_ENTRIES", "PlainDict", "odd_in_plain"]

MAX_DEPTH = 5
"""Most levels of lists and objects in one another."""
MAX_ENTRIES = 4096
"""Most values of one object, those of inner lists and objects included."""
_MAX_NAME = 64
# What every reader of JSON keeps to the last digit.
_MAX_INTEGER = 2**53


def odd_in_plain(value: Any, *, entries: int = MAX_ENTRIES) -> str:
    """Why a value is not plain JSON of bounded size; empty where it is.

    Texts are lines (:data:`~aqa_bench.core.lines.Line`), names have at most 64 characters, whole numbers at
    most 53 bits, and lists and objects at most :data:`MAX_DEPTH` levels.

    Args:
        value: The value.
        entries: Most values that it may hold.
    """
    todo: list[tuple[str, Any, int]] = [("", value, 0)]
    seen = 0
    while todo:
        place, item, depth = todo.pop()
        if isinstance(item, dict | list | tuple):
            seen += len(item)
            if seen > entries:
                return f"more than {entries} values"
            if depth >= MAX_DEPTH:
                return f"{place}: more than {MAX_DEPTH} levels"
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
            for name, inner in pairs:
                if isinstance(item, dict) and (reason := _odd_name(name)):
                    return f"{place}: {reason}".removeprefix(": ")
                todo.append((f"{place}.{name}".removeprefix("."), inner, depth + 1))
        elif reason := _odd_leaf(item):
            return f"{place}: {reason}".removeprefix(": ")
    return ""


def _odd_name(name: object) -> str:
    if not isinstance(name, str):
        return "a name that is no text"
    if reason := odd_in_line(name):
        return f"a name with {reason}"
    return f"a name of {len(name)} characters" if len(name) > _MAX_NAME else ""


def _odd_leaf(item: object) -> str:
    if isinstance(item, str):
        return odd_in_line(item)
    if isinstance(item, bool) or item is None:
        return ""
    if isinstance(item, int):
        return f"a whole number of {item.bit_length()} bits" if abs(item) > _MAX_INTEGER else ""
    if isinstance(item, float):
        return "" if math.isfinite(item) else "a number that is not finite"
    return f"a {type(item).__name__}"


def _checked(value: dict[str, Any]) -> dict[str, Any]:
    if reason := odd_in_plain(value):
        raise ValueError(f"the values are plain JSON of bounded size with texts of one line, found {reason}")
    return value


PlainDict = Annotated[dict[str, Any], AfterValidator(_checked)]
"""An object of plain JSON within the bounds of :func:`odd_in_plain`."""
