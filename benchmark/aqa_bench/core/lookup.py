"""Look-up by name, with the nearest name on a miss."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

from aqa_bench.core.errors import UsageError

__all__ = ["find"]

T = TypeVar("T")


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
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    raise UsageError(
        f"There is no {noun} {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""),
        expected=", ".join(sorted(known)) if len(known) <= 12 else f"one of {len(known)} ids",
        found=name,
        remedy=f"{listing} shows them all.",
    )
