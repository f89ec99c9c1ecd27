"""Free text that strangers write: one line, readable, short."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

__all__ = ["MAX_LINE", "Line", "clipped", "joined", "odd_in_line"]

MAX_LINE = 200
"""Most characters of a line."""

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
    kinds = [unicodedata.category(character) in _MARKS for character in text]
    if any(a and b for a, b in pairwise(kinds)):
        return "several marks on one letter"
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
