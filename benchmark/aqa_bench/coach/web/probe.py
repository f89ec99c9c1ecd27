"""Is this a video that may be judged? Asked of the file's content, by a process of its own.

``python -m aqa_bench.coach.web.probe FILE`` prints what it is, as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from aqa_bench.coach.web.settings import Limits, in_words
from aqa_bench.core.errors import AqaBenchError, DataError

__all__ = ["Probed", "check_video", "main"]

_WAIT_S: Final = 60.0
_CPU_S: Final = 20
_ADDRESSES: Final = 3 << 30
_SLOWEST: Final = 1.0
_FORMATS: Final = "MP4, MOV, WebM or AVI"


@dataclass(frozen=True, slots=True)
class Probed:
    """A video.

    Attributes:
        width: Pixels as shown.
        height: Pixels as shown.
        seconds: Length.
        frames: Frames.
    """

    width: int
    height: int
    seconds: float
    frames: int


def check_video(file: Path, limits: Limits) -> Probed:
    """Find out what an uploaded file is, without letting it near this process.

    Args:
        file: The upload.
        limits: What a clip may have.

    Returns:
        The video.

    Raises:
        DataError: It is no video, is damaged, or more than may be judged.
    """
    command = [sys.executable, "-m", "aqa_bench.coach.web.probe", str(file)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_WAIT_S, check=False, stdin=subprocess.DEVNULL
        )
        answer = json.loads(done.stdout)
        if "found" in answer:
            raise _no_video(str(answer["found"]))
        probed = Probed(**answer)
    except (subprocess.TimeoutExpired, ValueError, TypeError) as error:
        raise _no_video("a file that the decoder crashed on") from error
    if probed.width * probed.height > limits.pixels:
        raise DataError(
            "The picture is too large.",
            expected=f"at most {limits.pixels / 1e6:.1f} million pixels (4K)",
            found=f"{probed.width} x {probed.height}",
            remedy="Record in 1080p; more pixels do not improve the verdict.",
        )
    if probed.seconds > limits.seconds:
        raise DataError(
            "The clip is too long.",
            expected=f"at most {in_words(limits.seconds)}",
            found=in_words(probed.seconds),
            remedy="Trim it to one set; a few repetitions are enough.",
        )
    if probed.frames < 2:
        raise DataError(
            "This is a picture, not a clip.",
            expected="a video with at least one repetition",
            found="one frame",
            remedy="Record a video of the exercise.",
        )
    return probed


def _no_video(found: str) -> DataError:
    return DataError(
        "This file is not a readable video.",
        expected=f"an undamaged video ({_FORMATS})",
        found=found,
        remedy="Choose the original recording; if it does not play either, record it again.",
    )


def main(name: str) -> int:
    """Print what a file is; ``found`` where it is no video."""
    _limit_this_process()
    from aqa_bench.media.video import probe

    try:
        info = probe(Path(name))
    except AqaBenchError as error:
        sys.stdout.write(json.dumps({"found": error.found or "something else"}))
        return 0
    counted = info.frames / max(info.fps or _SLOWEST, _SLOWEST)
    probed = Probed(info.width, info.height, max(info.duration_s or 0.0, counted), info.frames)
    sys.stdout.write(json.dumps(asdict(probed)))
    return 0


def _limit_this_process() -> None:
    os.nice(5)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
