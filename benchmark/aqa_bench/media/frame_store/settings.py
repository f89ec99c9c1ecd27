"""What the user wants of frame stores: environment variables, since no result depends on a path."""

from __future__ import annotations

import os
import re
from typing import Literal, TypeAlias, cast, get_args

from aqa_bench.core.errors import UsageError

__all__ = ["FRAMES", "LIMIT", "Storage", "wanted_limit", "wanted_storage"]

Storage: TypeAlias = Literal["auto", "raw", "jpeg"]

FRAMES = "AQA_BENCH_FRAMES"
LIMIT = "AQA_BENCH_FRAMES_LIMIT"
_UNITS = {"": 10**9, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def wanted_storage() -> Storage:
    """How frames that do not fit in memory are kept: ``AQA_BENCH_FRAMES``, ``auto`` by default.

    Raises:
        UsageError: It is something else than auto, raw or jpeg.
    """
    found = os.environ.get(FRAMES) or "auto"
    if found in get_args(Storage):
        return cast(Storage, found)
    raise UsageError(
        f"{FRAMES} has an invalid value; it sets how decoded frames are stored.",
        where=FRAMES,
        expected=" | ".join(get_args(Storage)),
        found=found,
    )


def wanted_limit() -> int | None:
    """Most bytes that all frame stores may take: ``AQA_BENCH_FRAMES_LIMIT``, None where it is not set.

    Raises:
        UsageError: It is not a size, e.g. ``80GB``; a bare number counts gigabytes.
    """
    found = os.environ.get(LIMIT)
    if not found:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([MGT]B)?", found.strip(), re.IGNORECASE)
    if match is None:
        raise UsageError(
            f"{LIMIT} has an invalid value; it limits the space for decoded frames.",
            where=LIMIT,
            expected="a size such as 80GB, 500MB or 1.5TB",
            found=found,
        )
    return int(float(match[1]) * _UNITS[(match[2] or "").upper()])
