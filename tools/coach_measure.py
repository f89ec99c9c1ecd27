"""Measures the coach on gym clips: agreement with the generator's labels, and when it abstains.

    python tools/coach_measure.py --joints exact --clips 40            # minutes
    python tools/coach_measure.py --joints mediapipe --clips 15        # needs the extra pose
    python tools/coach_measure.py --report                             # the curve, and tables

Every clip goes through assess() as an upload would. Three kinds: ``tested``, test clips of the judge's own
preset; ``angles``, clips of the preset ``wild`` from camera angles that no clip of the judge's preset has;
``exercises``, clips of the other exercises, assessed under the wrong name.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aqa_bench.coach.assess import assess
from aqa_bench.coach.assessment import Repetition, Verdict
from aqa_bench.coach.body import body_of
from aqa_bench.coach.clips import Lifter
from aqa_bench.coach.judges import JUDGES
from aqa_bench.coach.judging import open_judge
from aqa_bench.coach.lifter import choose_lifter
from aqa_bench.coach.motion import MOTIONS
from aqa_bench.coach.poses import POSES_FILE
from aqa_bench.coach.reading import read
from aqa_bench.coach.repetitions import cut
from aqa_bench.coach.tracks import people_of, read_tracks
from aqa_bench.coach.verdicts import Case, repetitions_of
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import open_dataset
from aqa_bench.datasets.synthetic_gym.clip import make_clip, make_shot
from aqa_bench.datasets.synthetic_gym.plan import ClipPlan, plan_clips
from aqa_bench.datasets.synthetic_gym.presets import PRESETS, Exercise
from aqa_bench.media.video import encode

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "measured" / "coach.json"
PICTURE = ROOT / "docs" / "img" / "coach-coverage.svg"
GYM: dict[str, Exercise] = {
    "squat": "backsquat",
    "overhead-press": "overhead-press",
    "barbell-row": "barbell-row",
}
#: Degrees off the front; the judges' preset has 12 to 60.
HELD_OUT = 75.0
#: MediaPipe needs a person of some size; exact joints do not.
SIDES = {"exact": None, "mediapipe": 384}


@dataclass(frozen=True)
class Row:
    """One repetition and task; ``bare`` is the judge's score without any abstention."""

    joints: str
    kind: str
    exercise: str
    clip: str
    group: str
    azimuth: float
    task: str
    label: int | None
    answer: str
    score: float | None
    threshold: float | None
    bare: float | None
    obstacles: tuple[str, ...]


def plans(kind: str, exercise: str, count: int) -> list[ClipPlan]:
    """The clips to assess under the name of ``exercise``."""
    if kind == "tested":
        dataset = open_dataset(JUDGES[exercise].dataset)
        task = dataset.card.tasks[0].id
        (split,) = dataset.splits(task, dataset.card.schemes[0].id)
        clips = set(split.test)
        return [plan for plan in plan_clips("demo", GYM[exercise], "labelled") if plan.id in clips][:count]
    if kind == "angles":
        found = plan_clips("wild", GYM[exercise], "labelled")
        turned = [plan for plan in found[: 6 * count] if abs(azimuth_of(plan)) >= HELD_OUT]
        return turned[:count]
    others = [name for name in GYM if name != exercise]
    return [plan for name in others for plan in plan_clips("demo", GYM[name], "labelled")[: count // 2]]


def azimuth_of(plan: ClipPlan) -> float:
    """The camera's angle from the lifter's front, degrees in [-180, 180]."""
    return (make_clip(plan).scene.camera.azimuth + 180) % 360 - 180


def rows(joints: str, kind: str, exercise: str, count: int, folder: Path) -> Iterator[Row]:
    """Assess clips."""
    for plan in plans(kind, exercise, count):
        clip = make_clip(plan)
        preset = PRESETS[plan.preset]
        side = SIDES[joints] or preset.size
        file = folder / f"{plan.exercise}-{plan.preset}-{plan.id}.mp4"
        encode(file, rendered(clip, side, preset.supersample if joints == "exact" else 1), preset.fps)
        keypoints = None
        if joints == "exact":
            keypoints = file.with_suffix(".npz")
            np.savez(keypoints, keypoints=clip.annotation.keypoints_2d.astype(np.float32), layout="coco-17")
        said = assess(file, exercise, folder / file.stem, keypoints=keypoints)
        same = GYM[exercise] == plan.exercise
        labels = clip.annotation.labels if same else {}
        bare = unguarded(file, exercise, folder / file.stem) if said.repetitions and same else None
        place = longest(said.repetitions)
        for one in said.evidence:
            verdict = None if place is None else verdict_of(said.repetitions[place], one.task)
            other = None if place is None or bare is None else verdict_of(bare[place], one.task)
            yield Row(
                joints=joints,
                kind=kind,
                exercise=exercise,
                clip=f"{plan.exercise}@{plan.preset}/{plan.id}",
                group=f"{plan.exercise}@{plan.preset}/{plan.source}",
                azimuth=round(azimuth_of(plan), 1),
                task=one.task,
                label=int(labels[one.task]) if one.task in labels else None,
                answer="no repetition" if verdict is None else verdict.answer.value,
                score=None if verdict is None else verdict.score,
                threshold=None if other is None else other.threshold,
                bare=None if other is None else other.score,
                obstacles=() if verdict is None else tuple(sorted({o.kind for o in verdict.obstacles})),
            )


def longest(repetitions: Sequence[Repetition]) -> int | None:
    """A gym clip shows one repetition: the longest whole one is it."""
    whole = [place for place, rep in enumerate(repetitions) if rep.complete]
    return max(whole, key=lambda place: repetitions[place].end - repetitions[place].start, default=None)


def verdict_of(repetition: Repetition, task: str) -> Verdict:
    """The verdict on a task."""
    return next(verdict for verdict in repetition.verdicts if verdict.task == task)


def unguarded(file: Path, exercise: str, folder: Path) -> list[Repetition]:
    """The same clip judged as if it were like the tested ones, by the joints that assess() kept."""
    nothing = NullProgress()
    footage = read(file)
    tracks = read_tracks(folder / POSES_FILE, footage.clip.sha256, footage.clip.frames)
    assert tracks is not None
    people = people_of(tracks)
    lifter = choose_lifter(people, footage.clip.frames)
    assert lifter is not None
    body = body_of(tracks.joints[lifter], tracks.layout)
    cuts = cut(MOTIONS[exercise].effort(body), footage.clip.fps, MOTIONS[exercise].least)
    case = Case(footage, Lifter(tracks.joints[lifter], tracks.layout, body), cuts, exercise, {})
    return repetitions_of(case, open_judge(exercise, None, nothing), nothing)


def rendered(clip: Any, side: int, supersample: int) -> Any:
    """The clip's frames ``(T, S, S, 3)``."""
    from aqa_bench.datasets.synthetic_gym.render import render_shot

    return render_shot(make_shot(clip), side, supersample, "cpu").frames.numpy()


def main() -> int:
    """Measure, or report what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--joints", choices=sorted(SIDES), default="exact")
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--exercises", nargs="+", default=["squat", "overhead-press"])
    parser.add_argument("--kinds", nargs="+", default=["tested", "angles", "exercises"])
    parser.add_argument("--report", action="store_true")
    given = parser.parse_args()
    known: list[dict[str, Any]] = json.loads(OUT.read_text())["rows"] if OUT.exists() else []
    if given.report:
        from coach_report import report

        print(report(known, PICTURE))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for exercise in given.exercises:
            for kind in given.kinds:
                start = time.perf_counter()
                found = [asdict(row) for row in rows(given.joints, kind, exercise, given.clips, Path(folder))]
                key = (given.joints, kind, exercise)
                known = [row for row in known if (row["joints"], row["kind"], row["exercise"]) != key] + found
                OUT.write_text(json.dumps({"rows": known}, indent=0) + "\n")
                clips = len({row["clip"] for row in found})
                print(*key, clips, "clips", round(time.perf_counter() - start, 1), "s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
