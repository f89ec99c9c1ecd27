"""Who of several people lifts: the largest and most moving over the whole clip."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aqa_bench.coach.assessment import Person
from aqa_bench.core.errors import UsageError

__all__ = ["choose_lifter"]

_STILL = 0.2


def choose_lifter(people: Sequence[Person], frames: int, person: int | None = None) -> int | None:
    """Index of the lifter.

    Args:
        people: Everybody.
        frames: Frames of the clip.
        person: Index of the one to be judged; None to choose.

    Returns:
        The index; None where there is nobody.

    Raises:
        UsageError: There is no such person.
    """
    if person is not None:
        if person not in (known := [each.index for each in people]):
            raise UsageError(
                "The clip has no such person.",
                where="--person",
                expected=", ".join(map(str, known)) or "nobody was found",
                found=str(person),
            )
        return person
    return max(people, key=lambda each: _weight(each, frames)).index if people else None


def _weight(person: Person, frames: int) -> float:
    left, top, right, bottom = person.box_in_frame
    size = math.hypot(right - left, bottom - top)
    # Whoever stands still counts for something: a lifter between two sets does.
    return size * (_STILL + min(person.moving, 2.0)) * person.frames / max(frames, 1)
