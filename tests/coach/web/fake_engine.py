"""An engine for the tests of the app: a small real video, a verdict by rote, and misbehaviour by exercise.

It stands in for the judge, not for the app: everything around it is real.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from aqa_bench.coach.assessment import (
    Answer,
    Assessment,
    Clip,
    Evidence,
    Finding,
    Obstacle,
    Person,
    Repetition,
    Series,
    Verdict,
)
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.media.video import encode, probe

EXERCISES = {
    "squat": "Judged",
    "front-raise": "Cannot be judged",
    "barbell-row": "Hangs",
    "shoulder-shrug": "Crashes",
    "shoulder-press": "Eats memory",
    "overhead-press": "Is refused",
    "bicep-curl": "Takes its time",
}
FRAMES, WIDTH, HEIGHT = 30, 128, 96


def assess(
    clip: Path,
    exercise: str,
    out: Path,
    *,
    person: int | None = None,
    blur_faces: bool = False,
    progress: Progress | None = None,
) -> Assessment:
    progress = progress or NullProgress()
    sys.stdout.write("a library that talks on stdout\n")
    progress.start("finding people", FRAMES)
    if exercise == "barbell-row":
        time.sleep(600)
    if exercise == "shoulder-shrug":
        os.abort()
    if exercise == "shoulder-press":
        eaten = np.ones(1 << 26)
        time.sleep(600)
        sys.stdout.write(str(eaten.sum()))
    if exercise == "overhead-press":
        raise DataError("The clip shows no exercise.", where=clip, found=f"nothing in {clip}", remedy="Move.")
    for _ in range(FRAMES):
        time.sleep(0.05 if exercise == "bicep-curl" else 0)
        progress.advance()
    info = probe(clip)
    (out / "poses.npz").write_bytes(b"poses")
    found = Assessment(
        version="0",
        exercise=exercise,
        clip=Clip(
            name=clip.name,
            sha256=sha256_file(clip),
            width=info.width,
            height=info.height,
            fps=info.fps or 30.0,
            frames=info.frames,
            seconds=info.duration_s or 1.0,
        ),
        people=_people(info.frames, info.width, info.height),
        lifter=0 if person is None else person,
        poses="none: a fake engine",
        repetitions=[] if exercise == "front-raise" else _repetitions(info.frames),
        evidence=[_evidence()],
        series=[Series(name="Left knee angle", unit="degrees", values=_angles(info.frames))],
        obstacles=[Obstacle(kind="view", text="Filmed from the front.", advice="Film from the side.")]
        if exercise == "front-raise"
        else [],
        video="judged.mp4",
        notes=["faces blurred"] if blur_faces else [],
    )
    shade = np.linspace(40, 200, info.frames, dtype=np.uint8)[:, None, None, None]
    frames = np.broadcast_to(shade, (info.frames, HEIGHT, WIDTH, 3)).copy()
    frames[:, 30:60, 20 if not person else 70 :][:, :, :30] = (200, 60, 40)
    encode(out / "judged.mp4", frames, info.fps or 30.0)
    (out / "assessment.json").write_text(found.model_dump_json())
    return found


def _people(frames: int, width: int, height: int) -> list[Person]:
    boxes = [(0.1 * width, 0.2 * height, 0.4 * width, 0.9 * height)]
    boxes.append((0.55 * width, 0.1 * height, 0.9 * width, 0.9 * height))
    return [
        Person(index=i, frames=frames, box=b, moving=1.0, frame=frames // 2, box_in_frame=b)
        for i, b in enumerate(boxes)
    ]


def _repetitions(frames: int) -> list[Repetition]:
    third = frames // 3
    error = Verdict(
        task="kie",
        name="Knees inward",
        answer=Answer.ERROR,
        score=0.8,
        threshold=0.5,
        findings=[
            Finding(text="The <knees> move inward.", joints=["left knee"], value=12, limit=8, unit="degrees")
        ],
    )
    good = error.model_copy(update={"answer": Answer.GOOD, "score": 0.2, "findings": []})
    return [
        Repetition(index=1, start=0, turn=third // 2, end=third, verdicts=[good]),
        Repetition(index=2, start=third, turn=third + third // 2, end=2 * third, verdicts=[error]),
        Repetition(index=3, start=2 * third, turn=frames - 3, end=frames - 1, complete=False),
    ]


def _evidence() -> Evidence:
    return Evidence(
        task="kie",
        name="Knees inward",
        judge="fake",
        tested_on="nothing",
        samples=40,
        metric="f1",
        value=0.7,
        low=0.55,
        high=0.82,
        floor=0.5,
        thresholds=[0.1, 0.5, 0.9],
        precision=[0.5, 0.7, None],
        recall=[1.0, 0.8, 0.0],
        warnings=["Trained on synthetic lifters, not validated on people."],
    )


def _angles(frames: int) -> list[float | None]:
    angles = (120 + 50 * np.cos(np.arange(frames) / 3)).tolist()
    return [None, *angles[1:]]
