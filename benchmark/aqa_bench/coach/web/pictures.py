"""Pictures beside a verdict, cut out of the drawn video: a cover, and everybody to choose from.

The drawn video and not the clip, since faces are blurred in it where that was asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image

from aqa_bench.coach.assessment import Assessment
from aqa_bench.media.video import decode, probe

__all__ = ["COVER", "draw_pictures", "people_picture"]

#: Name of the cover.
COVER: Final = "cover.jpg"

_COVER_SIDE: Final = 640
_PEOPLE_SIDE: Final = 960


def people_picture(frame: int) -> str:
    """Name of the picture of a frame in which people are to be chosen."""
    return f"people-{frame}.jpg"


def draw_pictures(assessment: Assessment, folder: Path) -> None:
    """Write the cover, and one picture for each frame that shows people best.

    Args:
        assessment: What was found.
        folder: Where its video is, and the pictures go.

    Raises:
        DataError: The video cannot be decoded.
    """
    if assessment.video is None or not assessment.clip.frames:
        return
    video = folder / assessment.video
    share = probe(video).frames / assessment.clip.frames
    middle = assessment.clip.frames // 2
    cover = assessment.repetitions[0].turn if assessment.repetitions else middle
    people = sorted({person.frame for person in assessment.people}) if len(assessment.people) > 1 else []
    wanted = [(cover, folder / COVER, _COVER_SIDE)]
    wanted += [(frame, folder / people_picture(frame), _PEOPLE_SIDE) for frame in people]
    last = probe(video).frames - 1
    for frame, file, side in wanted:
        pixels = decode(video, [min(last, round(frame * share))], threads=1)[0]
        picture = Image.fromarray(pixels)
        picture.thumbnail((side, side))
        picture.save(file, quality=82)
