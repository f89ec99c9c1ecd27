"""What a page says of a job that failed: the project's errors without the paths of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aqa_bench.core.errors import AqaBenchError

__all__ = [
    "CRASHED",
    "INTERRUPTED",
    "NO_SPACE",
    "SILENT",
    "TOO_LONG",
    "TOO_MUCH_MEMORY",
    "UNEXPECTED",
    "failure_of",
]

Failure = Mapping[str, str]

NO_SPACE: Final[Failure] = {
    "what": "The clip was judged, but the result could not be stored.",
    "remedy": "The disk may be full. Delete clips that are no longer needed, then upload this one again.",
}
UNEXPECTED: Final[Failure] = {
    "what": "An unexpected error occurred.",
    "remedy": "The person who runs this app can find the cause in the file worker.log. "
    "Please report it as a bug.",
}
CRASHED: Final[Failure] = {
    "what": "The program that checks the clip crashed on it.",
    "remedy": "The file may be damaged. Record it again, or convert it to MP4 and upload it again.",
}
SILENT: Final[Failure] = {
    "what": "The program that judges the clip stopped making progress and was ended.",
    "remedy": "Try again: the machine may have been busy. If it fails again, the file may be damaged.",
}
TOO_LONG: Final[Failure] = {
    "what": "Judging took longer than the limit for one clip.",
    "remedy": "Upload a shorter clip: a few repetitions are enough.",
}
TOO_MUCH_MEMORY: Final[Failure] = {
    "what": "Judging needed more memory than the limit for one clip.",
    "remedy": "Upload a shorter clip, or one with fewer pixels.",
}
INTERRUPTED: Final[Failure] = {
    "what": "Judging was started several times and interrupted each time.",
    "remedy": "Upload the clip again. The person who runs this app can look in worker.log for the reason.",
}


def failure_of(error: AqaBenchError, *paths: Path) -> dict[str, str]:
    """What to say of an error.

    Args:
        error: What was raised.
        paths: Files and folders of this machine that its texts may name.
    """
    texts = {
        "what": error.what,
        "expected": error.expected,
        "found": error.found,
        "remedy": error.remedy,
    }
    said = {}
    for name, text in texts.items():
        for path in paths:
            text = None if text is None else text.replace(str(path), "the clip")
        if text:
            said[name] = text[:2000]
    return said
