"""Annotations on disk held against what the generator computes."""

from __future__ import annotations

import io
import json
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.arrays import ArrayArchive, text_of
from aqa_bench.core.bounded import parse_json
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json
from aqa_bench.core.sealed import Damaged, sealed_read, sealed_write

__all__ = [
    "Annotation",
    "check_fingerprint",
    "check_some",
    "differing",
    "not_as_generated",
    "read_sealed",
    "write_sealed",
]

Arrays = Mapping[str, NDArray[np.float32]]
Annotation = tuple[Any, Arrays]
"""What is annotated of one clip: plain JSON, and arrays."""

_KIND, _VERSION = "gym-annotations", 1
_REMEDY = "Delete the file; it will be computed again."
_SECONDS = 0.02
_LIMIT = 1 << 30


class _Plan(Protocol):
    @property
    def id(self) -> str: ...


P = TypeVar("P", bound=_Plan)


def write_sealed(file: Path, document: Mapping[str, Any], arrays: Arrays) -> None:
    """Keep annotations.

    Raises:
        AqaBenchError: The file cannot be written.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, document=np.array(canonical_json(dict(document))), **dict(arrays))  # type: ignore[arg-type]
    sealed_write(file, _KIND, _VERSION, buffer.getvalue())


def read_sealed(file: Path, arrays: Sequence[str]) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    """Read annotations of :func:`write_sealed`.

    Raises:
        Damaged: The file was changed.
    """
    content = sealed_read(file, _KIND, _VERSION, limit=_LIMIT, remedy=_REMEDY)
    try:
        with ArrayArchive(content) as kept:
            document = parse_json(text_of(kept.read("document")))
            return document, {name: kept.read(name) for name in arrays}
    except (OSError, ValueError) as error:
        raise Damaged(
            "The annotations of the synthetic gym cannot be read.",
            where=file,
            expected="a file written by dataset prepare",
            found=str(error),
            remedy=_REMEDY,
        ) from error


def differing(
    plans: Sequence[P], kept: Callable[[str], Annotation], made: Callable[[P], Annotation]
) -> list[str]:
    """Ids of the clips whose annotations are not what the generator computes.

    Args:
        plans: Plans of the clips to look at.
        kept: Annotation of a clip on disk, by id.
        made: Computes an annotation.
    """
    return [plan.id for plan in plans if not _as_made(plan, kept, made)]


def not_as_generated(ids: Sequence[str]) -> list[str]:
    """The note of an audit on what :func:`differing` found; empty where it found nothing."""
    if not ids:
        return []
    return [
        f"{len(ids)} annotations differ from those that the generator computes: {', '.join(ids[:5])}. "
        f"{_REMEDY}"
    ]


def check_fingerprint(file: Path, said: str, follows: str) -> None:
    """Check that annotations are those that their fingerprint names.

    Raises:
        Damaged: They are not.
    """
    if said != follows:
        raise Damaged(
            "The annotations of the synthetic gym were changed.",
            where=file,
            expected=f"fingerprint {said}",
            found=follows,
            remedy=_REMEDY,
        )


def check_some(
    file: Path, plans: Sequence[P], kept: Callable[[str], Annotation], made: Callable[[P], Annotation]
) -> None:
    """Compute a few clips again, other ones every time, for as long as nobody notices (20 ms).

    Args:
        file: Where the annotations were read, for the error.
        plans: Plans of all labelled clips.
        kept: Annotation of a clip on disk, by id.
        made: Computes an annotation.

    Raises:
        Damaged: One of them is not what the generator computes.
    """
    # Not from the run's seed: who changes labels must not know which are looked at.
    drawn = random.SystemRandom().sample(plans, len(plans))
    end = time.perf_counter() + _SECONDS
    for plan in drawn:
        if not _as_made(plan, kept, made):
            raise Damaged(
                "The annotations of the synthetic gym differ from those that the generator computes.",
                where=file,
                expected=f"clip {plan.id} as generated",
                found="different labels, numbers or keypoints",
                remedy=_REMEDY,
            )
        if time.perf_counter() > end:
            return


def _as_made(plan: P, kept: Callable[[str], Annotation], made: Callable[[P], Annotation]) -> bool:
    try:
        document, arrays = kept(plan.id)
    except (KeyError, IndexError, TypeError, DataError):
        return False
    wanted, computed = made(plan)
    return _alike(json.loads(canonical_json(wanted)), document) and all(
        np.shape(arrays[name]) == array.shape and np.allclose(arrays[name], array, rtol=1e-3, atol=1e-2)
        for name, array in computed.items()
    )


def _alike(wanted: Any, found: Any) -> bool:
    """Equal, numbers up to another processor's rounding."""
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and wanted.keys() == found.keys()
            and all(_alike(value, found[key]) for key, value in wanted.items())
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_alike, wanted, found))
    if isinstance(wanted, float):
        return isinstance(found, int | float) and math.isclose(wanted, found, rel_tol=1e-4, abs_tol=1e-6)
    return bool(wanted == found)
