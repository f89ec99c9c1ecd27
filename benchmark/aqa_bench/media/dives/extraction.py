"""Cut the frames of dives out of events' videos, once and in one pass per video."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import atomic_directory
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.dives.media import MAX_SHIFT, WINDOW, Footage
from aqa_bench.media.frame_folders import FrameNames
from aqa_bench.media.geometry import Size

__all__ = ["QUALITY", "extract_frames"]

QUALITY = 95
"""JPEG quality of extracted frames."""


def extract_frames(
    footage: Mapping[str, Footage], target: Path, height: int | None, progress: Progress
) -> dict[str, Footage]:
    """Write the frames of every dive that lies in a video to ``target/<dive>/<number>.jpg``.

    Numbers are those of the recording; three frames before and after the window are written too. A
    dive's folder appears whole or not at all, and one that is there is not written again.

    Args:
        footage: By dive id; folders are left as they are.
        target: Folder of the dives' folders.
        height: Height of a frame in pixels, the width in proportion and even; native size where None.
        progress: Where to report.

    Returns:
        Footage of the dives that lay in videos: their new folders.

    Raises:
        DataError: A video is damaged or ends too early. Dives cut out before are kept.
    """
    done: dict[str, Footage] = {}
    videos: dict[Path, list[str]] = {}
    for dive, place in footage.items():
        if place.kind == "video":
            done[dive] = place.model_copy(update={"kind": "folder", "path": target / dive, "sha256": ""})
            if not (target / dive).is_dir():
                videos.setdefault(place.path, []).append(dive)
    progress.start("extracting frames", sum(map(len, videos.values())))
    try:
        for video, dives in videos.items():
            _extract(video, {dive: footage[dive].end for dive in dives}, target, height, progress)
    finally:
        progress.close()
    return done


def _extract(
    video: Path, ends: Mapping[str, int], target: Path, height: int | None, progress: Progress
) -> None:
    from aqa_bench.media.video import iter_frames, probe

    info = probe(video)
    size: Size = None
    if height is not None and height < info.height:
        size = height, max(2, 2 * round(info.width * height / info.height / 2))
    spans = {dive: (max(end - WINDOW + 1 - MAX_SHIFT, 1), end + MAX_SHIFT) for dive, end in ends.items()}
    waiting = sorted(spans, key=lambda dive: spans[dive])
    open_: dict[str, list[UInt8Array]] = {}
    for number, frame in enumerate(iter_frames(video, size), start=1):
        while waiting and spans[waiting[0]][0] <= number:
            open_[waiting.pop(0)] = []
        for dive in list(open_):
            open_[dive].append(frame)
            if number == spans[dive][1]:
                _write(target / dive, spans[dive][0], open_.pop(dive))
                progress.advance()
        if not waiting and not open_:
            return
    # A recording may end within the margin after its last dive.
    for dive, frames in open_.items():
        if spans[dive][0] + len(frames) - 1 >= ends[dive]:
            _write(target / dive, spans[dive][0], frames)
            progress.advance()
        else:
            waiting.append(dive)
    if waiting:
        raise DataError(
            "A video ends before its last dive.",
            where=video,
            expected=f"at least {max(ends[dive] for dive in waiting):,} frames",
            found=f"{len(waiting)} dives after its end",
            remedy="Download the video again; extracted frames are kept.",
        )


def _write(folder: Path, first: int, frames: list[UInt8Array]) -> None:
    from PIL import Image

    with atomic_directory(folder) as staging:
        names = FrameNames(staging)
        for number, frame in enumerate(frames, start=first):
            Image.fromarray(np.ascontiguousarray(frame)).save(names.path(number), quality=QUALITY)
