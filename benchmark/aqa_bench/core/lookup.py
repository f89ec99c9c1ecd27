"""Look-up by name, with the nearest name on a miss."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from aqa_bench.core.errors import UsageError

__all__ = ["bare", "find", "same_number"]

T = TypeVar("T")

_ZEROS = re.compile(r"(?<![\d.])0+(?=\d)|\.0+$")


def find(known: Mapping[str, T], name: str, noun: str, listing: str) -> T:
    """``known[name]``, or a :class:`UsageError` with the nearest name.

    Args:
        known: Things by name.
        name: The name asked for.
        noun: What the things are, for the message.
        listing: A command that shows them all, for the message.

    Raises:
        UsageError: There is no such name.
    """
    # From Python, anything may be passed as a name.
    is_text = isinstance(name, str)
    if is_text and name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5) if is_text else []
    raise UsageError(
        f"There is no {noun} {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""),
        expected=", ".join(sorted(known)) if len(known) <= 12 else f"one of {len(known)} ids",
        found=name if is_text else repr(name),
        remedy=f"To see all, run {listing}.",
    )


def same_number(name: str, known: Iterable[str]) -> str | None:
    """The one name that differs in what a spreadsheet does to numbers: zeros in front, or ``.0`` behind.

    >>> same_number("7", ["007", "017"]), same_number("32.0", ["32"]), same_number("1", ["01", "001"])
    ('007', '32', None)
    """
    found = [other for other in known if bare(other) == bare(name)]
    return found[0] if len(found) == 1 else None


def bare(name: str) -> str:
    """A name without the zeros that spreadsheets take from its numbers, or add to them.

    >>> bare("p007-01"), bare("12.0"), bare("100")
    ('p7-1', '12', '100')
    """
    return _ZEROS.sub("", name)
