"""Verdicts on every repetition, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aqa_bench.coach.assessment import Answer, Evidence, Finding, Obstacle, Repetition, Verdict
from aqa_bench.coach.attribution import with_deciding_parts
from aqa_bench.coach.clips import Lifter, RepetitionClip, RepetitionStill, pictures_of
from aqa_bench.coach.evidence import beats_floor
from aqa_bench.coach.judging import Judge, Judged
from aqa_bench.coach.novelty import exercise_obstacle, looks_like, obstacles_of
from aqa_bench.coach.reading import Footage
from aqa_bench.coach.repetitions import Cut
from aqa_bench.coach.tested import Tested
from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import Media

__all__ = ["Case", "is_compared", "repetitions_of", "unjudged"]


@dataclass(frozen=True)
class Case:
    """What is to be judged.

    Attributes:
        footage: The clip.
        lifter: Who is judged.
        cuts: The repetitions.
        exercise: The exercise that was asked for.
        tested: What the tested clips of every exercise were like.
    """

    footage: Footage
    lifter: Lifter
    cuts: Sequence[Cut]
    exercise: str
    tested: Mapping[str, Tested]


def repetitions_of(case: Case, judge: Judge, progress: Progress) -> list[Repetition]:
    """Judge every complete repetition that is like the clips which the judge was tested on.

    Args:
        case: What is to be judged.
        judge: Who judges.
        progress: Where to report.
    """
    obstacles = [_obstacles(case, cut, judge) if cut.complete else [] for cut in case.cuts]
    weak = {one.task: _weak(one, judge) for one in judge.evidence}
    asked = [place for place, cut in enumerate(case.cuts) if cut.complete and not obstacles[place]]
    judged: dict[str, dict[int, Judged | Obstacle]] = {}
    tasks = [task for task, obstacle in weak.items() if obstacle is None]
    if asked and tasks:
        cuts = [case.cuts[place] for place in asked]
        clips = _clips(case, cuts, judge, progress)
        progress.start("judging", len(tasks))
        for task in tasks:
            answers = _answers(judge, task, clips, cuts, progress)
            judged[task] = dict(zip(asked, answers, strict=True))
            progress.advance()
    found = []
    for place, cut in enumerate(case.cuts):
        verdicts = []
        for one in judge.evidence if cut.complete else ():
            own = weak[one.task]
            given = judged.get(one.task, {}).get(place)
            reasons = [
                *obstacles[place],
                *([own] if own else []),
                *([given] if isinstance(given, Obstacle) else []),
            ]
            answer = given if isinstance(given, Judged) and not reasons else None
            verdicts.append(_verdict(one, cut, answer, reasons))
        found.append(_repetition(place, cut, verdicts))
    return found


def unjudged(cuts: Sequence[Cut]) -> list[Repetition]:
    """Repetitions without verdicts, where there is no judge."""
    return [_repetition(place, cut, []) for place, cut in enumerate(cuts)]


def _repetition(place: int, cut: Cut, verdicts: list[Verdict]) -> Repetition:
    return Repetition(
        index=place + 1,
        start=cut.start,
        turn=cut.turn,
        end=cut.end,
        complete=cut.complete,
        verdicts=verdicts,
    )


def _obstacles(case: Case, cut: Cut, judge: Judge) -> list[Obstacle]:
    body = case.lifter.body.part(cut.start, cut.end)
    if (other := looks_like(body, case.exercise, case.tested)) is not None:
        return [exercise_obstacle(case.exercise, other)]
    tested = case.tested.get(case.exercise)
    if tested is None or not is_compared(judge, tested):
        return []
    return obstacles_of(body, case.exercise, tested, case.footage.clip.fps)


def is_compared(judge: Judge, tested: Tested) -> bool:
    """Whether it is known what the clips were like that a judge was tested on."""
    return judge.fingerprint in (None, tested.fingerprint)


def _weak(evidence: Evidence, judge: Judge) -> Obstacle | None:
    """Whoever shows no reasons must beat the floor plainly; rules can be checked by their reader."""
    if beats_floor(evidence, plainly=not judge.shows_reasons):
        return None
    interval = "" if evidence.low is None else f" ({evidence.low:.2f} to {evidence.high:.2f})"
    return Obstacle(
        kind="judge",
        text=f"On its own test clips, the judge is not shown to beat blind guessing: "
        f"{evidence.metric} {evidence.value:.2f}{interval}, floor {evidence.floor:.2f}.",
        advice="Use another judge, e.g. your own saved model (--model).",
    )


def _clips(
    case: Case, cuts: Sequence[Cut], judge: Judge, progress: Progress
) -> list[tuple[RepetitionClip, RepetitionStill | None]]:
    fps, exercise = case.footage.clip.fps, case.exercise
    if judge.side is None:
        return [(RepetitionClip(case.lifter, cut, exercise, fps), None) for cut in cuts]
    pictures, square = pictures_of(case.footage, case.lifter, cuts, progress, judge.side)
    return [
        (
            RepetitionClip(case.lifter, cut, exercise, fps, shown, square),
            RepetitionStill(shown[cut.turn - cut.start]),
        )
        for cut, shown in zip(cuts, pictures, strict=True)
    ]


def _answers(
    judge: Judge,
    task: str,
    clips: Sequence[tuple[RepetitionClip, RepetitionStill | None]],
    cuts: Sequence[Cut],
    progress: Progress,
) -> list[Judged | Obstacle]:
    """One answer per repetition; one that cannot be read does not take the others with it."""
    stills: list[Media] = [still for _, still in clips if still is not None]
    moving = [clip for clip, _ in clips]
    by_still = task in judge.stills and len(stills) == len(clips)
    medias: Sequence[Media] = stills if by_still else moving
    try:
        judged = judge.judge(task, medias, progress)
    except DataError:
        return [_alone(judge, task, media, progress) for media in medias]
    if judge.shows_reasons or by_still:
        return [*judged]
    return [*with_deciding_parts(judge, task, moving, cuts, judged, progress)]


def _alone(judge: Judge, task: str, media: Media, progress: Progress) -> Judged | Obstacle:
    try:
        return judge.judge(task, [media], progress)[0]
    except AqaBenchError as error:
        return Obstacle(
            kind="joints",
            text=error.what,
            advice="Film the whole body in good light, with nothing in front of it.",
        )


def _verdict(evidence: Evidence, cut: Cut, judged: Judged | None, obstacles: list[Obstacle]) -> Verdict:
    if judged is None:
        return Verdict(
            task=evidence.task, name=evidence.name, answer=Answer.CANNOT_JUDGE, obstacles=obstacles
        )
    wrong = judged.score >= judged.threshold
    return Verdict(
        task=evidence.task,
        name=evidence.name,
        answer=Answer.ERROR if wrong else Answer.GOOD,
        score=round(judged.score, 4),
        threshold=round(judged.threshold, 4),
        findings=[
            Finding(
                text=found.text,
                joints=list(found.joints),
                start=cut.start if found.start is None else found.start,
                end=cut.end if found.end is None else found.end,
                value=None if found.value is None else round(found.value, 3),
                limit=found.limit,
                unit=found.unit,
            )
            for found in judged.findings
        ],
    )
