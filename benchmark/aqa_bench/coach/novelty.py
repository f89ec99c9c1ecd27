"""Abstention: in what a repetition is unlike the clips that its judge was tested on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from aqa_bench.coach.assessment import Obstacle
from aqa_bench.coach.body import Body
from aqa_bench.coach.exercises import EXERCISES
from aqa_bench.coach.motion import MOTIONS
from aqa_bench.coach.posture import FIGURES, posture
from aqa_bench.coach.tested import Span, Tested

__all__ = ["exercise_obstacle", "looks_like", "obstacles_of", "shares_seen"]

_VIEW_SLACK = 15.0
_TEMPO_SLACK = 2.0
_SIZE_SLACK = 0.8
_SEEN_SLACK = 0.2
_ANGLES = ((35, "the front"), (65, "the front and side"), (115, "the side"), (145, "the back and side"))


def obstacles_of(body: Body, exercise: str, tested: Tested, fps: float) -> list[Obstacle]:
    """Why a repetition cannot be judged; nothing where it is like the tested clips.

    Args:
        body: The frames of the repetition.
        exercise: The exercise that was asked for.
        tested: What the tested clips were like.
        fps: Frames per second.
    """
    found = [
        _joints(body, exercise, tested),
        _view(body, tested),
        _size(body, tested),
        _tempo(body, tested, fps),
        _posture(body, exercise, tested),
    ]
    return [obstacle for obstacle in found if obstacle is not None]


def looks_like(body: Body, exercise: str, known: Mapping[str, Tested]) -> str | None:
    """Another exercise that a repetition looks like, where that is sure.

    It is sure where the repetition is unlike the exercise that was asked for, and its posture is that of one
    other alone.

    Args:
        body: The frames of the repetition.
        exercise: The exercise that was asked for.
        known: What the tested clips of every exercise were like.
    """
    if exercise in known and _outside(body, known[exercise]) is None:
        return None
    others = [
        name
        for name, tested in known.items()
        if name != exercise and _outside(body, tested) is None and _moves(body, name)
    ]
    return others[0] if len(others) == 1 else None


def shares_seen(body: Body, exercise: str) -> dict[str, float]:
    """For each joint that matters the share of frames that show it, on the side that is seen more."""
    shares = {}
    for joint in MOTIONS[exercise].needs:
        sides = [np.isfinite(body.at(f"{side}_{joint}")).all(axis=1).mean() for side in ("left", "right")]
        shares[joint] = float(max(sides))
    return shares


def _moves(body: Body, exercise: str) -> bool:
    motion = MOTIONS[exercise]
    effort = motion.effort(body)
    known = effort[np.isfinite(effort)]
    return len(known) > len(effort) / 2 and float(np.ptp(known)) >= motion.least


def _joints(body: Body, exercise: str, tested: Tested) -> Obstacle | None:
    hidden = [
        joint
        for joint, share in shares_seen(body, exercise).items()
        if share < tested.seen.get(joint, 0.0) - _SEEN_SLACK
    ]
    if not hidden:
        return None
    return Obstacle(
        kind="joints",
        text=f"Not visible enough: {', '.join(hidden)}.",
        advice="Stand farther back, so that the whole body is in the picture and nothing hides it.",
    )


def _view(body: Body, tested: Tested) -> Obstacle | None:
    turned = body.turned()
    if not np.isfinite(turned) or _within(turned, tested.turned, _VIEW_SLACK):
        return None
    low, high = (_from(angle) for angle in tested.turned)
    views = low if low == high else f"views from {low} to {high}"
    return Obstacle(
        kind="view",
        text=f"Filmed from {_from(turned)} (about {turned:.0f} degrees off the front); tested on "
        f"{views} only ({tested.turned[0]:.0f} to {tested.turned[1]:.0f} degrees).",
        advice=f"Film from {_from(sum(tested.turned) / 2)}.",
    )


def _from(turned: float) -> str:
    return next((words for most, words in _ANGLES if turned <= most), "the back")


def _size(body: Body, tested: Tested) -> Obstacle | None:
    least = _SIZE_SLACK * tested.torso[0]
    if not np.isfinite(body.torso) or body.torso >= least:
        return None
    return Obstacle(
        kind="size",
        text=f"The torso is {body.torso:.0f} pixels long; tested from {tested.torso[0]:.0f} on.",
        advice="Move closer, or film at a higher resolution.",
    )


def _tempo(body: Body, tested: Tested, fps: float) -> Obstacle | None:
    seconds = len(body) / fps
    if tested.seconds is None:
        return None
    low, high = tested.seconds[0] / _TEMPO_SLACK, tested.seconds[1] * _TEMPO_SLACK
    if low <= seconds <= high:
        return None
    return Obstacle(
        kind="tempo",
        text=f"The repetition takes {seconds:.1f} s; tested on {tested.seconds[0]:.1f} to "
        f"{tested.seconds[1]:.1f} s.",
        advice="Move at a normal pace, and film in real time, not in slow motion.",
    )


def _posture(body: Body, exercise: str, tested: Tested) -> Obstacle | None:
    worst = _outside(body, tested, MOTIONS[exercise].figures)
    if worst is None:
        return None
    name, value = worst
    figure, (low, high) = FIGURES[name], tested.figures[name]
    digits = 0 if figure.unit == "degrees" else 2
    return Obstacle(
        kind="posture",
        text=f"{figure.words} is {value:.{digits}f} {figure.unit}; in the test clips it was "
        f"{low:.{digits}f} to {high:.{digits}f}.",
        advice="Film only this exercise, with one person, from the same view as the test clips.",
    )


def _outside(
    body: Body, tested: Tested, figures: Collection[str] = frozenset(FIGURES)
) -> tuple[str, float] | None:
    """Which of some numbers lies farthest outside of the tested clips, in slacks; None where none does."""
    values = posture(body)
    beyond = {
        name: max(low - values[name], values[name] - high) / FIGURES[name].slack
        for name, (low, high) in tested.figures.items()
        if name in values and name in figures
    }
    worst = max(beyond, key=beyond.__getitem__, default=None)
    return None if worst is None or beyond[worst] <= 1 else (worst, values[worst])


def _within(value: float, span: Span, slack: float) -> bool:
    return span[0] - slack <= value <= span[1] + slack


def exercise_obstacle(asked: str, seen: str) -> Obstacle:
    """The obstacle that another exercise is than the one asked for."""
    return Obstacle(
        kind="exercise",
        text=f"This looks like another exercise: {EXERCISES[seen].lower()}, not {EXERCISES[asked].lower()}.",
        advice=f"Choose {EXERCISES[seen].lower()}, or film a {EXERCISES[asked].lower()}.",
    )
