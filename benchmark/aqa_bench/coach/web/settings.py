"""What the web app is told when it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aqa_bench.core.errors import UsageError

__all__ = ["ENGINE", "Limits", "Settings", "duration_s", "in_words"]

#: The function that judges, ``module:name``.
ENGINE: Final = "aqa_bench.coach.assess:assess"

_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400}
_WORDS: Final = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one clip may take.

    Attributes:
        bytes: Size of the upload.
        seconds: Length of the clip.
        pixels: Width times height.
        job_s: Seconds until a job is ended.
        silent_s: Seconds without a sign of progress until a job counts as hung.
        memory: Resident bytes of all processes of a job.
        tries: How often a job starts again after the worker ended under it.
        waiting: Clips of one browser that may wait at a time.
        spare: Free bytes that must stay on the disk.
    """

    bytes: int = 512 << 20
    seconds: float = 300.0
    pixels: int = 4096 * 2304
    job_s: float = 3600.0
    silent_s: float = 900.0
    memory: int = 6 << 30
    tries: int = 3
    waiting: int = 30
    spare: int = 256 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the app keeps things, for how long, and for whom.

    Attributes:
        data: Folder of everything that the app keeps.
        keep_s: Seconds after which a clip and all that was made of it are deleted.
        password: What everybody has to know; None for an open door.
        storage: ``""`` for files in ``data``, or an address that fsspec knows, e.g. ``s3://bucket/coach``.
        hosts: Names under which the app answers; empty for any. It guards an app without a password
            against pages elsewhere that have their own name lead to this machine.
        engine: The function that judges.
        limits: What one clip may take.
    """

    data: Path
    keep_s: int = 7 * 86400
    password: str | None = None
    storage: str = ""
    hosts: tuple[str, ...] = ()
    engine: str = ENGINE
    limits: Limits = Limits()


def duration_s(text: str) -> int:
    """Seconds of a duration such as ``30m``, ``12h`` or ``7d``.

    Raises:
        UsageError: It is none, or zero.

    Example:
        >>> duration_s("7d")
        604800
    """
    found = re.fullmatch(r"(\d{1,6})([mhd])", text.strip())
    if found is None or int(found[1]) == 0:
        raise UsageError(
            "The time to keep clips is not valid.",
            where="--keep",
            expected="a number followed by m, h or d, e.g. 12h or 7d",
            found=text,
        )
    return int(found[1]) * _SECONDS[found[2]]


def in_words(seconds: float) -> str:
    """A duration in its largest unit.

    Example:
        >>> in_words(604800), in_words(90)
        ('7 days', '2 minutes')
    """
    size, unit = next((pair for pair in _WORDS if seconds >= pair[0]), _WORDS[-1])
    count = max(1, int(seconds / size + 0.5))
    return f"{count} {unit}{'' if count == 1 else 's'}"
