"""Judging one clip, from the file to the drawn video."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aqa_bench import __version__
from aqa_bench.coach.assessment import Assessment, Evidence, Obstacle, Repetition, Series
from aqa_bench.coach.body import Body, body_of
from aqa_bench.coach.clips import Lifter
from aqa_bench.coach.drawing import VIDEO_FILE, Marks, draw
from aqa_bench.coach.exercises import EXERCISES, check_exercise
from aqa_bench.coach.judging import open_judge
from aqa_bench.coach.lifter import choose_lifter
from aqa_bench.coach.motion import MOTIONS, series_of
from aqa_bench.coach.novelty import exercise_obstacle, looks_like
from aqa_bench.coach.people import Estimators
from aqa_bench.coach.poses import poses_of
from aqa_bench.coach.reading import read
from aqa_bench.coach.repetitions import Cut, cut
from aqa_bench.coach.tested import known_clips
from aqa_bench.coach.tracks import people_of
from aqa_bench.coach.verdicts import Case, is_compared, repetitions_of, unjudged
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.files import check_writable, write_atomic
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
    check_writable(out)
    judge = None if model is None else open_judge(exercise, model, shown)
    with _timed(seconds, "reading"):
        shown.start("reading")
        footage = read(clip)
    with _timed(seconds, "poses"):
        tracks = poses_of(footage, out, shown, keypoints, estimators)
        people = people_of(tracks)
        lifter = choose_lifter(people, footage.clip.frames, person)
    repetitions: list[Repetition] = []
    series: list[Series] = []
    obstacles: list[Obstacle] = []
    evidence: list[Evidence] = []
    notes: list[str] = []
    with _timed(seconds, "judging"):
        if lifter is None:
            obstacles.append(_NOBODY)
        else:
            joints = tracks.joints[lifter]
            body = body_of(joints, tracks.layout)
            motion = MOTIONS[exercise]
            cuts = cut(motion.effort(body), footage.clip.fps, motion.least)
            series = series_of(body, exercise)
            obstacles += _nothing_done(body, exercise, cuts)
            case = Case(footage, Lifter(joints, tracks.layout, body), cuts, exercise, known_clips())
            repetitions = unjudged(cuts)
            # A judge that is fitted first takes minutes, for nothing where there is nothing to judge.
            if any(found.complete for found in cuts):
                try:
                    judge = judge or open_judge(exercise, None, shown)
                except AqaBenchError as error:
                    obstacles.append(_no_judge(error))
                else:
                    evidence = [*judge.evidence]
                    if not is_compared(judge, known_clips()[exercise]):
                        notes.append(_NOT_COMPARED)
                    repetitions = repetitions_of(case, judge, shown)
    with _timed(seconds, "drawing"):
        draw(footage, tracks, Marks(lifter, repetitions, obstacles), out, shown, blur=blur_faces)
    shown.close()
    said = Assessment(
        version=__version__,
        exercise=exercise,
        clip=footage.clip,
        people=people,
        lifter=lifter,
        poses=tracks.source,
        repetitions=repetitions,
        evidence=evidence,
        series=series,
        obstacles=obstacles,
        video=VIDEO_FILE,
        notes=notes,
        seconds=seconds,
    )
    write_atomic(out / ASSESSMENT_FILE, said.model_dump_json(indent=1))
    return said


_NOBODY = Obstacle(
    kind="joints",
    text="Nobody was found in the clip.",
    advice="Film one person from a few steps away, with the whole body in the picture and good light.",
)

_NOT_COMPARED = "The judge's test clips are not known, so this clip cannot be compared with them."


def _nothing_done(body: Body, exercise: str, cuts: Sequence[Cut]) -> list[Obstacle]:
    """Why there is nothing to judge, where no whole repetition was found."""
    if any(found.complete for found in cuts):
        return []
    whole = looks_like(body, exercise, known_clips())
    if whole is not None:
        return [exercise_obstacle(exercise, whole)]
    return [
        Obstacle(
            kind="exercise",
            text=f"No complete repetition of a {EXERCISES[exercise].lower()} was found.",
            advice="Film at least one repetition from start to end, and choose the right exercise.",
        )
    ]


def _no_judge(error: AqaBenchError) -> Obstacle:
    return Obstacle(
        kind="judge",
        text=" Found: ".join(filter(None, (error.what, error.found)))[:2000],
        advice=error.remedy or "Install the packages that the judge of this exercise needs.",
    )


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - start, 3)
