"""Looping pictures of an error of every exercise of Pose Trainer: ``python tools/stick_pictures.py [OUT]``.

The clips of Pose Trainer are not ours to show, so figures are drawn instead: a good and a bad repetition that
differ in one angle alone. Its joint is ringed, in red while the error shows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, radians, sin
from pathlib import Path

from loops import BAD, GOOD, SIZE, beside, write_loop
from PIL import Image, ImageDraw

OUT = Path(__file__).parents[1] / "datasets" / "pose_trainer" / "pictures"
FRAMES, SCALE = 32, 3
GROUND, FLOOR, BODY, ARM, IRON = "#eef1f4", "#9aa5b1", "#24405e", "#3b82c4", "#57606a"

Point = tuple[float, float]


@dataclass(frozen=True)
class Pose:
    """Degrees of the trunk's lean back, the upper arm from hanging and the elbow's bend; a shrug's height."""

    lean: float = 0.0
    upper_arm: float = 0.0
    bend: float = 0.0
    shrug: float = 0.0
    front: bool = False


@dataclass(frozen=True)
class Fault:
    """An exercise and what goes wrong in it.

    Attributes:
        pose: Pose at a share of the lift, and of the error from 0 to 1.
        joint: The joint that is ringed.
        over: Share of the lift from which the error shows: over the limit of methods/pose_trainer_rules.
    """

    pose: Callable[[float, float], Pose]
    joint: str
    over: float


FAULTS = {
    # The upper arm swings by 55 degrees; the limit is 35.
    "bicep-curl": Fault(lambda up, bad: Pose(0, 4 + 55 * bad * up, 8 + 132 * up), "elbow", 35 / 55),
    # The trunk leans back by 26 degrees, the neck by .44 of a trunk; the limit is .3.
    "front-raise": Fault(lambda up, bad: Pose(26 * bad * up, 4 + 90 * up, 4), "neck", 17.5 / 26),
    # The elbow stays bent by 38 degrees at the top; the limit is 2.
    "shoulder-press": Fault(
        lambda up, bad: Pose(0, 24 + 152 * up, 128 * (1 - up) + 38 * bad * up), "elbow", 0.85
    ),
    # The arms bend by 55 degrees and help; the limit is 30.
    "shoulder-shrug": Fault(
        lambda up, bad: Pose(0, 8, 4 + 55 * bad * up, 0.16 * up, front=True), "elbow", 26 / 55
    ),
}


def main(out: Path) -> None:
    """Write ``<exercise>.webp`` and ``<exercise>-still.webp`` for every exercise."""
    out.mkdir(parents=True, exist_ok=True)
    for exercise, fault in FAULTS.items():
        lifts = [0.5 - 0.5 * cos(2 * pi * t / FRAMES) for t in range(FRAMES)]
        strip = [_both(fault, lift) for lift in lifts]
        write_loop(strip, FRAMES // 2, out / f"{exercise}.webp")
        print(exercise, (out / f"{exercise}.webp").stat().st_size)


def joints(pose: Pose) -> dict[str, Point]:
    """Places in trunk lengths from the hips: x to the figure's front, or its left seen from there; y up."""
    lean = radians(pose.lean)
    neck = (-sin(lean), cos(lean))
    half = 0.3 if pose.front else 0.0
    shoulder = (neck[0] + half, neck[1] - 0.04 + pose.shrug)
    elbow = _along(shoulder, pose.upper_arm, 0.58)
    # Seen from the front a bent arm brings the hand up and out.
    wrist = _along(elbow, pose.upper_arm + pose.bend, 0.52)
    return {
        "hip": (0.0, 0.0),
        "neck": neck,
        "head": (neck[0] * 1.2, neck[1] + 0.24),
        "shoulder": shoulder,
        "elbow": elbow,
        "wrist": wrist,
        "knee": (half * 0.55 + (0.0 if pose.front else 0.03), -0.78),
        "ankle": (half * 0.6, -1.52),
    }


def _along(start: Point, angle: float, length: float) -> Point:
    return start[0] + length * sin(radians(angle)), start[1] - length * cos(radians(angle))


def _both(fault: Fault, lift: float) -> Image.Image:
    good = _drawn(fault.pose(lift, 0.0), fault.joint, bad=False)
    return beside(good, _drawn(fault.pose(lift, 1.0), fault.joint, bad=lift >= fault.over))


def _drawn(pose: Pose, ringed: str, *, bad: bool) -> Image.Image:
    side, unit = SIZE * SCALE, SIZE * SCALE * 0.225
    picture = Image.new("RGB", (side, side), GROUND)
    pen = ImageDraw.Draw(picture)
    places = joints(pose)

    def on(point: Point, sign: float = 1.0) -> Point:
        return side * 0.5 + sign * point[0] * unit, side * 0.57 - point[1] * unit

    pen.line([(0, on((0, -1.56))[1]), (side, on((0, -1.56))[1])], fill=FLOOR, width=SCALE)
    arms: list[list[Point]] = []
    sides = (-1.0, 1.0) if pose.front else (1.0,)
    for sign in sides:
        leg = [on(places[name], sign) for name in ("hip", "knee", "ankle")]
        arm = [on(places[name], sign) for name in ("neck", "shoulder", "elbow", "wrist")]
        _limb(pen, leg, BODY)
        arms.append(arm)
    pen.line([on(places["hip"]), on(places["neck"])], fill=BODY, width=10 * SCALE)
    _disc(pen, on(places["head"]), 10 * SCALE, BODY)
    for arm in arms:
        _limb(pen, arm, ARM)
        _disc(pen, arm[-1], 9 * SCALE, IRON)
    for sign in sides if ringed == "elbow" else (1.0,):
        x, y = on(places[ringed], sign)
        for colour, width in (("white", 4), (BAD if bad else GOOD, 2.5)):
            r = 10.5 * SCALE
            pen.ellipse((x - r, y - r, x + r, y + r), outline=colour, width=round(width * SCALE))
    return picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def _limb(pen: ImageDraw.ImageDraw, points: list[Point], colour: str) -> None:
    pen.line(points, fill=colour, width=7 * SCALE)
    for point in points:
        _disc(pen, point, 3.5 * SCALE, colour)


def _disc(pen: ImageDraw.ImageDraw, at: Point, radius: float, colour: str) -> None:
    pen.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=colour)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
