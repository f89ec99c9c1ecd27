"""Annotations of dives: from the release's dictionary to checked records."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict

from aqa_bench.core.errors import DataError

__all__ = ["POSITIONS", "ROTATIONS", "Dive", "dive_id", "parse_annotations", "parse_split"]

POSITIONS: Mapping[int, str] = MappingProxyType({0: "free", 1: "pike", 2: "tuck"})
"""Body position by code (D, B and C of dive numbers)."""
ROTATIONS: Mapping[int, str] = MappingProxyType({0: "back", 1: "front", 2: "inward", 3: "reverse"})
"""Direction of rotation by code."""

_REMEDY = "Download the annotation file again from its original source."
_JUDGES = 7


class Dive(BaseModel):
    """One dive.

    Attributes:
        id: ``<event>_<dive>``, each of at least two digits.
        event: The recording it is cut from.
        start: Number of its first frame in the recording, counted from 1.
        end: Number of its last frame.
        position: One of :data:`POSITIONS`.
        armstand: Whether it begins from an armstand.
        rotation: One of :data:`ROTATIONS`.
        somersaults: Number of somersaults, in halves.
        twists: Number of twists, in halves.
        difficulty: Degree of difficulty.
        score: The score awarded: the sum of the three middle judges' marks times the difficulty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    event: str
    start: int
    end: int
    position: str
    armstand: bool
    rotation: str
    somersaults: float
    twists: float
    difficulty: float
    score: float

    @property
    def duration(self) -> int:
        """Frames between the annotated start and end."""
        return self.end - self.start

    def attributes(self, *, difficulty: bool = True) -> dict[str, float | str]:
        """What is known of the dive besides its video: its class, its event and, if asked for, more.

        Args:
            difficulty: Whether to name the difficulty and the annotated duration in frames too.
        """
        known: dict[str, float | str] = {
            "position": self.position,
            "armstand": float(self.armstand),
            "rotation": self.rotation,
            "somersaults": self.somersaults,
            "twists": self.twists,
            "event": self.event,
        }
        if difficulty:
            known |= {"difficulty": self.difficulty, "duration": float(self.duration)}
        return known


def dive_id(key: object) -> str:
    """Sample id of a release's key.

    Args:
        key: Two whole numbers, of Python's or numpy's types: event and dive.

    Raises:
        ValueError: It is anything else.

    Example:
        >>> dive_id((1, 102))
        '01_102'
    """
    if not isinstance(key, tuple | list) or len(key) != 2:
        raise ValueError(f"{key!r} is not a pair of numbers")
    event, dive = (_whole(part) for part in key)
    if event < 0 or dive < 0:
        raise ValueError(f"{key!r} is negative")
    return f"{event:02d}_{dive:02d}"


def parse_annotations(content: object, where: str) -> tuple[dict[str, Dive], list[str], int]:
    """Check and decode a release's annotations.

    Fields that extended releases add are not read: judges' marks in particular give the score away.

    Args:
        content: Dictionary by key of dictionaries, as unpickled.
        where: Name of the file, for errors.

    Returns:
        The dives that can be used by id, in the release's order; a sentence for each that cannot; and how
        many dives have the marks of seven judges beside them.

    Raises:
        DataError: It is no dictionary, or no dive can be used.
    """
    if not isinstance(content, dict):
        raise _unfit(where, "a dictionary of dives", type(content).__name__)
    dives: dict[str, Dive] = {}
    problems: list[str] = []
    judged = 0
    for key, facts in content.items():
        try:
            dive = _dive(key, facts)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
            problems.append(f"{where}, dive {key!r:.80}: {reason:.200}")
            continue
        dives[dive.id] = dive
        marks = facts.get("judge_scores")
        judged += hasattr(marks, "__len__") and len(marks) == _JUDGES
    if not dives:
        raise _unfit(where, "at least one usable dive", "; ".join(problems[:3]) or "an empty list")
    return dives, problems, judged


def parse_split(content: object, where: str) -> tuple[tuple[str, ...], list[str]]:
    """Check a release's list of keys.

    Args:
        content: Pairs of numbers, as unpickled: a list or an ``(n, 2)`` array.
        where: Name of the file, for errors.

    Returns:
        Their ids, each once and in order; and a sentence for each that is no key or stands there twice.

    Raises:
        DataError: It is no list.
    """
    rows: Any = content.tolist() if hasattr(content, "tolist") else content
    if not isinstance(rows, list | tuple) or not rows:
        raise _unfit(where, "a list of dives", f"{type(content).__name__}, empty or of another type")
    ids: dict[str, None] = {}
    problems: list[str] = []
    for key in rows:
        try:
            name = dive_id(tuple(key) if isinstance(key, list) else _pair(key))
        except (ValueError, TypeError) as error:
            problems.append(f"{where}: {error!s:.200}")
            continue
        if name in ids:
            problems.append(f"{where}: {name} occurs twice")
        ids[name] = None
    return tuple(ids), problems


def _pair(key: Any) -> Any:
    return tuple(key.tolist()) if hasattr(key, "tolist") else key


def _dive(key: object, facts: Any) -> Dive:
    if not isinstance(facts, dict):
        raise TypeError(f"expected a dictionary, found {type(facts).__name__}")
    name = dive_id(key)
    start, end = _whole(facts["start_frame"]), _whole(facts["end_frame"])
    if not 0 <= start < end:
        raise ValueError(f"expected a first frame before the last, found {start} and {end}")
    return Dive(
        id=name,
        event=name.partition("_")[0],
        start=start,
        end=end,
        position=_decoded(facts, "position", POSITIONS),
        armstand=_decoded(facts, "armstand", {0: "", 1: "yes"}) == "yes",
        rotation=_decoded(facts, "rotation_type", ROTATIONS),
        somersaults=_halves(facts, "ss_no"),
        twists=_halves(facts, "tw_no"),
        difficulty=_number(facts, "difficulty"),
        score=_number(facts, "final_score"),
    )


def _whole(value: Any) -> int:
    if isinstance(value, float):
        raise ValueError(f"expected a whole number, found {value!r}")
    return operator.index(value)


def _decoded(facts: Mapping[str, Any], field: str, names: Mapping[int, str]) -> str:
    code = _whole(facts[field])
    if code not in names:
        raise ValueError(f"{field}: expected {min(names)} to {max(names)}, found {code}")
    return names[code]


def _halves(facts: Mapping[str, Any], field: str) -> float:
    count = _whole(facts[field])
    if count < 0:
        raise ValueError(f"{field}: expected 0 or more, found {count}")
    return count / 2


def _number(facts: Mapping[str, Any], field: str) -> float:
    if isinstance(facts[field], str | bytes):
        raise TypeError(f"{field}: expected a number, found text")
    value = float(facts[field])
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{field}: expected a finite number of 0 or more, found {value}")
    return value


def _unfit(where: str, expected: str, found: str) -> DataError:
    return DataError(
        "An annotation file cannot be used.", where=where, expected=expected, found=found, remedy=_REMEDY
    )
