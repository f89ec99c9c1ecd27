"""Looping pictures of every error of the gym: ``python tools/error_pictures.py [OUT]``.

A good and a bad repetition beside each other that differ in the error alone: same lifter, camera and tempo.
The joint is ringed, in red while the error is over its threshold. A still of the worst moment lies beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from loops import BAD, GOOD, SIZE, beside, write_loop
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from aqa_bench.datasets.synthetic_gym.clip import COCO_17, Clip, make_clip, make_shot
from aqa_bench.datasets.synthetic_gym.errors import ERRORS, ErrorDraw, ErrorSpec
from aqa_bench.datasets.synthetic_gym.plan import ClipPlan, plan_clips
from aqa_bench.datasets.synthetic_gym.presets import PRESETS, Exercise
from aqa_bench.datasets.synthetic_gym.render import render_shot

OUT = Path(__file__).parents[1] / "datasets" / "synthetic_gym" / "pictures"
#: The joints that are ringed, and the camera's angle from the front in degrees that shows the error best.
SHOWN: dict[str, tuple[tuple[str, ...], float]] = {
    "kie": (("left_knee", "right_knee"), 15),
    "kfe": (("left_knee", "right_knee"), 60),
    "ss": (("left_hip", "right_hip"), 55),
    "elbow": (("left_elbow", "right_elbow"), 25),
    "knees": (("left_knee", "right_knee"), 50),
    "lumbar": (("left_hip", "left_shoulder"), 60),
    "torso": (("left_shoulder", "right_shoulder"), 60),
}
PRESET, STEP = "study", 2


def main(out: Path) -> None:
    """Write ``<exercise>-<task>.webp`` and ``<exercise>-<task>-still.webp`` for every error."""
    out.mkdir(parents=True, exist_ok=True)
    for exercise, specs in ERRORS.items():
        for spec in specs:
            strip, worst = _strip(exercise, spec)
            write_loop(strip, worst, out / f"{exercise}-{spec.name}.webp")
            print(exercise, spec.name, (out / f"{exercise}-{spec.name}.webp").stat().st_size)


def pair(exercise: Exercise, spec: ErrorSpec) -> tuple[Clip, Clip]:
    """A good and a bad repetition of one plan, in sight and nearly from the angle that suits the error."""
    plan = min(_candidates(exercise), key=lambda plan: _unfit(plan, spec))
    return _made(plan, spec, bad=False), _made(plan, spec, bad=True)


def drawn(clip: Clip, spec: ErrorSpec, shown: list[int]) -> list[Image.Image]:
    """Frames of a clip with the error's joints ringed."""
    preset = PRESETS[PRESET]
    # A still camera without grain: what does not move costs no bytes.
    shot = replace(make_shot(clip), shake=np.zeros_like(clip.shake), noise=0.0)
    frames = render_shot(shot, SIZE, supersample=3, shown=shown).frames.numpy()
    over = clip.annotation.courses[spec.name] > spec.threshold
    joints = clip.annotation.keypoints_2d[..., :2] - clip.shake[:, None] * preset.size
    return [
        _ringed(frame, joints[t] * (SIZE / preset.size), spec.name, bad=bool(over[t]))
        for t, frame in zip(shown, frames, strict=True)
    ]


def _strip(exercise: Exercise, spec: ErrorSpec) -> tuple[list[Image.Image], int]:
    good, bad = pair(exercise, spec)
    shown = list(range(0, PRESETS[PRESET].frames, STEP))
    course = bad.annotation.courses[spec.name]
    sides = zip(drawn(good, spec, shown), drawn(bad, spec, shown), strict=True)
    strip = [beside(left, right) for left, right in sides]
    return strip, min(range(len(shown)), key=lambda i: abs(shown[i] - int(np.argmax(course))))


def _candidates(exercise: Exercise) -> Iterator[ClipPlan]:
    return (plan for plan in plan_clips(PRESET, exercise, "labelled")[:60] if plan.repetition == 1)


def _unfit(plan: ClipPlan, spec: ErrorSpec) -> float:
    clip = _made(plan, spec, bad=True)
    known, (joints, angle) = clip.annotation, SHOWN[spec.name]
    seen = known.keypoints_2d[:, [COCO_17.index(name) for name in joints], 2].mean()
    return (
        abs(abs(known.camera["azimuth"]) - angle) / 30
        + 2 * (1 - float(seen))
        + 3 * (1 - known.visibility)
        + len(clip.scene.others)
        + 3 * (known.labels[spec.name] == 0)
    )


def _made(plan: ClipPlan, spec: ErrorSpec, *, bad: bool) -> Clip:
    clean = {
        s.name: ErrorDraw(s.clean, (s.when or (0.5, 0.5))[0], s.width[0], 0.0) for s in ERRORS[plan.exercise]
    }
    if bad:
        clean[spec.name] = replace(
            clean[spec.name],
            target=spec.threshold + 0.9 * (spec.severe - spec.threshold),
            width=spec.width[1],
        )
    return make_clip(plan, errors=clean)


def _ringed(frame: NDArray[np.uint8], joints: NDArray[np.float64], task: str, *, bad: bool) -> Image.Image:
    picture = Image.fromarray(frame).resize((2 * SIZE, 2 * SIZE), Image.Resampling.LANCZOS)
    pen, radius = ImageDraw.Draw(picture), 2 * SIZE * 0.045
    for name in SHOWN[task][0]:
        x, y = 2 * joints[COCO_17.index(name), :2]
        ring = (x - radius, y - radius, x + radius, y + radius)
        pen.ellipse(ring, outline="white", width=8)
        pen.ellipse(ring, outline=BAD if bad else GOOD, width=5)
    return picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
