"""Judging one clip, from the file to the drawn video."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aqa_bench import __version__
from aqa_bench.coach.assessment import Assessment
from aqa_bench.coach.drawing import VIDEO_FILE, Marks, draw
from aqa_bench.coach.exercises import check_exercise
from aqa_bench.coach.lifter import choose_lifter
from aqa_bench.coach.people import Estimators
from aqa_bench.coach.poses import poses_of
from aqa_bench.coach.reading import read
from aqa_bench.coach.tracks import people_of
from aqa_bench.core.files import write_atomic
from aqa_bench.core.progress import NullProgress, Progress

__all__ = ["ASSESSMENT_FILE", "assess"]

ASSESSMENT_FILE = "assessment.json"


def assess(
    clip: Path,
    exercise: str,
    out: Path,
    *,
    model: Path | None = None,
    keypoints: Path | None = None,
    person: int | None = None,
    blur_faces: bool = False,
    progress: Progress | None = None,
    estimators: Estimators | None = None,
) -> Assessment:
    """Judge one clip of a named exercise.

    Args:
        clip: A video of any kind that phones make.
        exercise: One of :data:`aqa_bench.coach.exercises.EXERCISES`.
        out: Folder for ``assessment.json``, ``judged.mp4`` and ``poses.npz``. What it holds of the same clip
            is used again, so that another person is judged without estimating anew.
        model: A saved model that judges in place of the exercise's own.
        keypoints: Joints of one person from a file, in place of an estimator.
        person: Index of the person to be judged; the largest and most moving by default.
        blur_faces: Whether faces are made unrecognisable in the drawn video.
        progress: Where to report.
        estimators: Where estimators of joints come from; MediaPipe by default.

    Returns:
        What ``assessment.json`` says.

    Raises:
        UsageError: There is no such exercise or person, or the estimator is not installed.
        DataError: The clip, the keypoints or the model cannot be read.
        AqaBenchError: The folder cannot be written to.
    """
    check_exercise(exercise)
    shown = progress or NullProgress()
    seconds: dict[str, float] = {}
    out.mkdir(parents=True, exist_ok=True)
    with _timed(seconds, "reading"):
        shown.start("reading")
        footage = read(clip)
    with _timed(seconds, "poses"):
        tracks = poses_of(footage, out, shown, keypoints, estimators)
        people = people_of(tracks)
        lifter = choose_lifter(people, footage.clip.frames, person)
    with _timed(seconds, "drawing"):
        draw(footage, tracks, Marks(lifter), out, shown, blur=blur_faces)
    shown.close()
    said = Assessment(
        version=__version__,
        exercise=exercise,
        clip=footage.clip,
        people=people,
        lifter=lifter,
        poses=tracks.source,
        repetitions=[],
        evidence=[],
        series=[],
        video=VIDEO_FILE,
        seconds=seconds,
    )
    write_atomic(out / ASSESSMENT_FILE, said.model_dump_json(indent=1))
    return said


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - start, 3)
