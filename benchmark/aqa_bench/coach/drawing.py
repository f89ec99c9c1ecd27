"""A clip with skeletons, repetitions and verdicts drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from aqa_bench.coach.assessment import Answer, Obstacle, Repetition
from aqa_bench.coach.reading import Footage
from aqa_bench.coach.skeleton import Colour, draw_skeleton
from aqa_bench.coach.tracks import Tracks
from aqa_bench.coach.writing import video_writer
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import FloatArray, UInt8Array
from aqa_bench.media.faces import blur_faces

__all__ = ["VIDEO_FILE", "Marks", "draw"]

VIDEO_FILE = "judged.mp4"
_LONGEST = 1280

# Told apart by people who see no red or green, too: blue, orange, grey (Okabe and Ito).
GOOD: Colour = (0, 158, 222)
ERROR: Colour = (230, 110, 0)
OPEN: Colour = (210, 210, 210)
_OTHERS: Colour = (120, 120, 120)
_DARK: Colour = (20, 22, 26)
_WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True)
class Marks:
    """What is drawn beside the skeletons.

    Attributes:
        lifter: Index of the person who was judged.
        repetitions: Repetitions with their verdicts.
        obstacles: Why the clip as a whole cannot be judged.
    """

    lifter: int | None
    repetitions: Sequence[Repetition] = ()
    obstacles: Sequence[Obstacle] = ()


def draw(
    footage: Footage, tracks: Tracks, marks: Marks, folder: Path, progress: Progress, *, blur: bool = False
) -> Path:
    """Write ``judged.mp4``.

    Args:
        footage: The clip.
        tracks: Everybody's joints.
        marks: What to say.
        folder: Where the video goes.
        progress: Where to report.
        blur: Whether heads are coarsened; a frame in which none is seen is coarsened as a whole.

    Raises:
        AqaBenchError: The video cannot be written.
    """
    file = folder / VIDEO_FILE
    shape = footage.shape(_LONGEST)
    scale = np.array([shape[1] / footage.clip.width, shape[0] / footage.clip.height, 1.0], np.float32)
    joints = tracks.joints * scale
    painter = _Painter(shape, footage.clip.frames, marks)
    progress.start("drawing", footage.clip.frames)
    with video_writer(file, shape, footage.clip.fps) as write:
        for time, frame in enumerate(footage.frames(_LONGEST)):
            people = joints[:, time]
            picture = _blurred(frame, people, tracks.layout) if blur else frame
            write(painter.paint(picture, people, tracks.layout, time))
            progress.advance()
    return file


def _blurred(frame: UInt8Array, people: FloatArray, layout: str) -> UInt8Array:
    shown = [person for person in people if (person[:, 2] > 0).any()]
    frames = frame[None]
    if not shown:
        frames = blur_faces(frames)
    for person in shown:
        frames = blur_faces(frames, person[None], layout)
    blurred: UInt8Array = frames[0]
    return blurred


class _Painter:
    """Paints the frames of one clip.

    Args:
        shape: Height and width in pixels.
        frames: Frames of the clip.
        marks: What to say.
    """

    def __init__(self, shape: tuple[int, int], frames: int, marks: Marks) -> None:
        self._height, self._width = shape
        self._frames, self._marks = frames, marks
        self._unit = max(10, min(shape) // 26)
        self._font = ImageFont.load_default(self._unit)

    def paint(self, frame: UInt8Array, people: FloatArray, layout: str, time: int) -> UInt8Array:
        """The frame ``(H, W, 3)`` with everything of its moment."""
        picture = Image.fromarray(frame)
        canvas = ImageDraw.Draw(picture)
        now = next((rep for rep in self._marks.repetitions if rep.start <= time <= rep.end), None)
        colour = OPEN if now is None else colour_of(now)
        width = max(2, self._unit // 6)
        for index, joints in enumerate(people):
            if index == self._marks.lifter:
                marked = _marked(now, time)
                draw_skeleton(canvas, joints, layout, colour, width=width, marked=marked, mark=ERROR)
            else:
                draw_skeleton(canvas, joints, layout, _OTHERS, width=max(1, width // 2))
        self._caption(canvas, now)
        self._timeline(canvas, time)
        return np.asarray(picture)

    def _caption(self, canvas: ImageDraw.ImageDraw, now: Repetition | None) -> None:
        lines = _said(now, self._marks)
        if not lines:
            return
        step = round(self._unit * 1.3)
        letters = max(12, int(1.9 * self._width / self._unit))
        rows = [row for line in lines for row in _wrapped(line, letters)][:4]
        canvas.rectangle((0, 0, self._width, step * len(rows) + self._unit // 2), fill=_DARK)
        for place, row in enumerate(rows):
            fill = OPEN if now is None else colour_of(now) if place == 0 else _WHITE
            canvas.text((self._unit // 2, self._unit // 4 + place * step), row, fill=fill, font=self._font)

    def _timeline(self, canvas: ImageDraw.ImageDraw, time: int) -> None:
        high, last = max(6, self._unit // 2), max(self._frames - 1, 1)
        top = self._height - high
        canvas.rectangle((0, top, self._width, self._height), fill=_DARK)
        for rep in self._marks.repetitions:
            left, turn, right = (self._width * frame / last for frame in (rep.start, rep.turn, rep.end))
            canvas.rectangle((left, top + 2, max(left + 2, right - 2), self._height), fill=colour_of(rep))
            canvas.line((turn, top, turn, self._height), fill=_WHITE, width=2)
        here = self._width * time / last
        canvas.line((here, top - high // 2, here, self._height), fill=_WHITE, width=3)


def colour_of(repetition: Repetition) -> Colour:
    """Orange where any verdict is an error, else blue where any is good, grey where there is none."""
    answers = {verdict.answer for verdict in repetition.verdicts}
    if Answer.ERROR in answers:
        return ERROR
    return GOOD if Answer.GOOD in answers else OPEN


def _marked(now: Repetition | None, time: int) -> frozenset[str]:
    findings = [] if now is None else [f for verdict in now.verdicts for f in verdict.findings]
    return frozenset(
        joint
        for finding in findings
        if (finding.start is None or finding.start <= time) and (finding.end is None or time <= finding.end)
        for joint in finding.joints
    )


def _said(now: Repetition | None, marks: Marks) -> list[str]:
    if now is None:
        return [obstacle.text for obstacle in marks.obstacles[:1]]
    if not now.complete:
        return [f"{now.index}: partial, not judged"]
    answers = {verdict.answer for verdict in now.verdicts}
    if Answer.ERROR in answers:
        wrong = [verdict for verdict in now.verdicts if verdict.answer is Answer.ERROR]
        texts = [finding.text for verdict in wrong for finding in verdict.findings[:1]]
        return [f"{now.index}: " + ", ".join(verdict.name for verdict in wrong), *texts]
    if Answer.GOOD in answers:
        left = sum(verdict.answer is Answer.CANNOT_JUDGE for verdict in now.verdicts)
        return [f"{now.index}: good" + (f", {left} not judged" if left else "")]
    reasons = [obstacle.text for verdict in now.verdicts for obstacle in verdict.obstacles]
    return [f"{now.index}: cannot judge", *dict.fromkeys(reasons[:1])]


def _wrapped(text: str, letters: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, letters) or [""]
