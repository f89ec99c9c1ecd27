"""``aqa-bench assess``: one clip of a named exercise, judged."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from aqa_bench.coach.assessment import Assessment, Evidence, Finding, Repetition, Verdict

__all__ = ["EXAMPLES", "assess_clip"]

EXAMPLES = (
    "Examples:  aqa-bench assess clip.mp4 --exercise squat --out judged  |  "
    "aqa-bench assess clip.mov --exercise bicep-curl --person 1 --blur-faces --out judged --json"
)


def assess_clip(
    clip: Annotated[Path, typer.Argument(help="A video from a phone or camera.")],
    exercise: Annotated[
        str,
        typer.Option(
            help="bicep-curl, front-raise, shoulder-press, shoulder-shrug, squat, overhead-press or "
            "barbell-row."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for assessment.json, judged.mp4 and poses.npz.")],
    model: Annotated[
        Path | None, typer.Option(help="Saved model to use instead of the exercise's own judge.")
    ] = None,
    keypoints: Annotated[
        Path | None, typer.Option(help="Joints of one person from a file, instead of MediaPipe.")
    ] = None,
    person: Annotated[
        int | None,
        typer.Option(help="Number of the person to judge. Default: the one who is largest and moves most."),
    ] = None,
    blur_faces: Annotated[bool, typer.Option("--blur-faces", help="Blur faces in the video.")] = False,
    as_json: Json = False,
) -> None:
    """Judge every repetition in one clip of a named exercise, with the evidence for each verdict. A clip
    that is unlike the judge's test clips is not judged; the output says what to change. This is not
    medical advice."""
    from aqa_bench.coach.assess import assess

    with closing(TerminalProgress(quiet=as_json)) as progress:
        found = assess(
            clip,
            exercise,
            out,
            model=model,
            keypoints=keypoints,
            person=person,
            blur_faces=blur_faces,
            progress=progress,
        )
    if as_json:
        return emit(found.model_dump(mode="json"))
    return _show(found, out)


def _show(found: Assessment, out: Path) -> None:
    from aqa_bench.coach.exercises import EXERCISES

    clip = found.clip
    say(f"{EXERCISES[found.exercise]}, {clip.seconds:.1f} s, joints: {found.poses}")
    for text in (*clip.notes, *found.notes):
        say(f"note: {text}")
    if len(found.people) > 1:
        others = ", ".join(str(each.index) for each in found.people if each.index != found.lifter)
        say(f"person {found.lifter} is judged; also visible: {others} (--person N)")
    for obstacle in found.obstacles:
        say(f"cannot judge: {obstacle.text}\n  what to do: {obstacle.advice}")
    for repetition in found.repetitions:
        _show_repetition(repetition, clip.fps)
    if found.repetitions:
        for one in found.evidence:
            say(_evidence(one))
            for text in one.warnings:
                say(f"  {text}")
    say(str(out / found.video) if found.video else str(out))


def _show_repetition(repetition: Repetition, fps: float) -> None:
    start, end = repetition.start / fps, (repetition.end + 1) / fps
    head = f"repetition {repetition.index}, {start:.1f} to {end:.1f} s"
    if not repetition.complete:
        return say(f"{head}: partial, not judged")
    say(head)
    shared = [
        obstacle
        for obstacle in (repetition.verdicts[0].obstacles if repetition.verdicts else [])
        if all(obstacle in verdict.obstacles for verdict in repetition.verdicts)
    ]
    for obstacle in shared:
        say(f"  cannot judge: {obstacle.text} {obstacle.advice}")
    for verdict in repetition.verdicts if not shared else ():
        say(f"  {verdict.name}: {verdict.answer.value}{_score(verdict)}")
        for finding in verdict.findings:
            say(f"    {finding.text}{_measured(finding)}")
        for obstacle in verdict.obstacles:
            say(f"    {obstacle.text} {obstacle.advice}")
    return None


def _score(verdict: Verdict) -> str:
    if verdict.score is None or verdict.threshold is None:
        return ""
    return f" (score {verdict.score:.2f}, an error from {verdict.threshold:.2f} on)"


def _measured(finding: Finding) -> str:
    if finding.value is None or finding.limit is None:
        return ""
    digits = 0 if finding.unit == "degrees" else 2
    return f" ({finding.value:.{digits}f} {finding.unit or ''}; limit {finding.limit:.{digits}f})"


def _evidence(one: Evidence) -> str:
    interval = "" if one.low is None or one.high is None else f" ({one.low:.2f} to {one.high:.2f})"
    floor = "" if one.floor is None else f", floor {one.floor:.2f}"
    return (
        f"{one.name}: {one.judge} has {one.metric} {one.value:.2f}{interval}{floor}, "
        f"on {one.samples} test clips of {one.tested_on}"
    )
