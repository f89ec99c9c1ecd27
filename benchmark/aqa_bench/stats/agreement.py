"""Whether a record says what its predictions say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from aqa_bench.core.record import RunRecord
from aqa_bench.stats.run_scores import Scored

__all__ = ["Difference", "differences"]

Difference = tuple[str, object, object]
"""Where a record differs, what its predictions say, and what it says."""

_TOLERANCE = 1e-9
_FIELDS = ("metrics", "thresholds", "floors", "skill", "coverage", "train_ranges")


def differences(record: RunRecord, scored: Scored, *, intervals: bool = True) -> Iterator[Difference]:
    """Every number of a record that is not what was scored.

    Values must agree to 1e-9: enough for other processors' rounding, and for nothing else.

    Args:
        record: The record.
        scored: What its predictions say.
        intervals: Whether the bootstrap's bounds are compared too.
    """
    for field in _FIELDS:
        yield from _compare(field, *(_plain(getattr(of, field), intervals) for of in (scored, record)))


def _plain(value: Any, intervals: bool) -> Any:
    if isinstance(value, dict):
        kept = value if intervals else {k: v for k, v in value.items() if k not in ("low", "high")}
        return {key: _plain(item, intervals) for key, item in kept.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, intervals) for item in value]
    return _plain(value.model_dump(), intervals) if hasattr(value, "model_dump") else value


def _compare(place: str, expected: Any, found: Any) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            yield from _compare(f"{place}.{key}", expected.get(key), found.get(key))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for i, (e, f) in enumerate(zip(expected, found, strict=True)):
            yield from _compare(f"{place}[{i}]", e, f)
    elif isinstance(expected, float) and isinstance(found, int | float):
        if not math.isclose(expected, found, rel_tol=0, abs_tol=_TOLERANCE):
            yield place, expected, found
    elif expected != found:
        yield place, expected, found
