"""The overhead press: the bar's path is given, the body may dip under it and the elbows may flare."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .kinematics import Array, vec
from .motion import (
    Motion,
    Spine,
    bar_axis_of,
    bend_spine,
    build_motion,
    largest_share,
    place_feet,
    unit_pole,
    within_reach,
)
from .style import Style
from .subject import Subject

__all__ = ["press"]

_LEAN = -2.0
_LOCKOUT = 0.96


def press(subject: Subject, style: Style, act: Mapping[str, Array]) -> Motion:
    """Pose every frame of an overhead press.

    Args:
        subject: The lifter.
        style: The clean repetition.
        act: ``knees`` drop of the hips in metres and ``elbow`` outward turn of the elbows in
            degrees. Each of shape ``(T,)``.

    Returns:
        The motion. Where the arms cannot follow, the dip is reduced and the bar stays.
    """
    frames, stroke = len(style.stroke), style.stroke
    standing = subject.ankle + np.sqrt(
        (0.985 * subject.leg) ** 2 - (subject.stance - subject.hip) ** 2 - 0.02**2
    )
    curve = np.full(frames, subject.spine_curve)

    def stand(share: Array) -> Spine:
        dip = share * act["knees"]
        back = share * style.habit["layback"] * np.sin(np.pi * stroke)
        lean = _LEAN - back + share * style.noise["lean"] * 0.5
        hip_z = -0.02 - 0.25 * dip + style.noise["sway"]
        shift = share * (style.noise["shift"] + style.habit["shift"] * stroke)
        return bend_spine(vec(shift, standing - dip, hip_z), lean, curve, subject.trunk)

    rest = bend_spine(vec(0, standing, -0.02)[None], np.array([_LEAN]), curve[:1], subject.trunk)
    neck_y, neck_z = float(rest.neck[0, 1]), float(rest.neck[0, 2])
    shoulder_y = neck_y - 0.045 * float(rest.top[0, 1])
    sideways = subject.grip - subject.shoulder
    low = neck_y + 0.005
    high = shoulder_y + np.sqrt((_LOCKOUT * subject.arm) ** 2 - sideways**2 - 0.02**2)
    bar = vec(0.0, low + (high - low) * stroke, neck_z + 0.02 + 0.12 * (1 - stroke) + style.noise["sway"])
    axis = bar_axis_of(subject, style)

    spine = stand(largest_share(lambda share: within_reach(subject, stand(share), bar, axis), frames))
    swivel = act["elbow"] + style.habit["flare"]
    return build_motion(
        subject,
        spine,
        place_feet(subject, np.zeros(frames)),
        bar,
        axis,
        elbow_pole={"left": unit_pole(0.35, -1, 0.45, frames), "right": unit_pole(-0.35, -1, 0.45, frames)},
        knee_swivel=dict.fromkeys(("left", "right"), np.zeros(frames)),
        elbow_swivel={"left": swivel, "right": swivel},
        head_lean=-4.0 + style.habit["gaze"] * 0.6,
        standing=float(standing),
    )
