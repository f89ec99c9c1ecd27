"""What strangers write into a record: free text is one readable line, values are plain and bounded."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

__all__ = [
    "MAX_DEPTH",
    "MAX_ENTRIES",
    "MAX_LINE",
    "Line",
    "PlainDict",
    "clipped",
    "joined",
    "odd_in_line",
    "odd_in_plain",
]

MAX_LINE = 200
"""Most characters of a line."""

MAX_DEPTH = 5
"""Most levels of lists and objects in one another."""
MAX_ENTRIES = 4096
"""Most values of one object, those of inner lists and objects included."""
_MAX_NAME = 64
# What every reader of JSON keeps to the last digit.
_MAX_INTEGER = 2**53

# Letters by category, and nothing to the eye: fillers, joiners, selectors.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | {
    chr(code) for span in (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)) for code in span
}
_MARKS = {"Mn", "Me"}


def odd_in_line(text: str) -> str:
    """Why a text is no line; empty where it is one.

    Line breaks of every kind, control characters, characters that turn the direction of reading, and those
    that take no room are refused: each of them makes a page say something else than the text does.

    >>> odd_in_line("ImageNet, torchvision"), odd_in_line("a\\u2028b")
    ('', 'U+2028 at place 2')
    """
    for place, character in enumerate(text, start=1):
        if not character.isprintable() or character in _INVISIBLE:
            return f"U+{ord(character):04X} at place {place}"
    marks = "".join("x" if unicodedata.category(character) in _MARKS else " " for character in text)
    # Thai and Vietnamese put two on a letter.
    if "xxx" in marks:
        return "more than two marks on one letter"
    return f"{len(text)} characters" if len(text) > MAX_LINE else ""


def clipped(text: str) -> str:
    """The text as a line: what cannot stand there becomes ``?``, and the end is left out where it is long."""
    shown = "".join("?" if odd_in_line(character) else character for character in text)
    shown = shown if not odd_in_line(shown[:MAX_LINE]) else shown.encode("ascii", "replace").decode()
    return shown if len(shown) <= MAX_LINE else shown[: MAX_LINE - 3] + "..."


def joined(texts: Iterable[str]) -> str:
    """The different texts in one line: ``a + b``.

    >>> joined(["nothing", "ImageNet", "nothing"])
    'nothing + ImageNet'
    """
    return clipped(" + ".join(dict.fromkeys(texts)))


def _checked(text: str) -> str:
    if reason := odd_in_line(text):
        raise ValueError(
            f"a text is one readable line without control or invisible characters, found {reason}"
        )
    return text


Line = Annotated[str, StringConstraints(max_length=MAX_LINE), AfterValidator(_checked)]
"""One line of free text: at most :data:`MAX_LINE` printable characters."""


def odd_in_plain(value: Any, *, entries: int = MAX_ENTRIES) -> str:
    """Why a value is not plain JSON of bounded size; empty where it is.

    Texts are lines (:data:`Line`), names have at most 64 characters, whole numbers at
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
        return "a name that is not text"
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


def _bounded(value: dict[str, Any]) -> dict[str, Any]:
    if reason := odd_in_plain(value):
        raise ValueError(f"the values are plain JSON of bounded size with texts of one line, found {reason}")
    return value


PlainDict = Annotated[dict[str, Any], AfterValidator(_bounded)]
"""An object of plain JSON within the bounds of :func:`odd_in_plain`."""
