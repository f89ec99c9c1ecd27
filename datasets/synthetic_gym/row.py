"""The barbell row: the bar's path is given, the trunk may rise and the spine may round above it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .kinematics import Array, vec
from .motion import (
    SIDES,
    Motion,
    Spine,
    bar_axis_of,
    bend_spine,
    build_motion,
    largest_share,
    place_feet,
    within_reach,
)
from .style import Style
from .subject import Subject

__all__ = ["row"]

_HANG = 0.93
_HIP_HEIGHT = 0.9


def row(subject: Subject, style: Style, act: Mapping[str, Array]) -> Motion:
    """Pose every frame of a barbell row.

    Args:
        subject: The lifter.
        style: The clean repetition.
        act: ``torso`` rise of the trunk and ``lumbar`` rounding of the spine, both in degrees, of
            shape ``(T,)``.

    Returns:
        The motion. Where the arms cannot follow, both errors are reduced and the bar stays.
    """
    frames, stroke = len(style.stroke), style.stroke
    hip_y = subject.ankle + _HIP_HEIGHT * subject.leg
    hip_z = -0.55 * subject.trunk * np.sin(np.radians(subject.row_lean)) + 0.05

    def hinge(share: Array) -> Spine:
        lean = subject.row_lean - 3 * stroke + style.noise["lean"] - share * act["torso"]
        rise = 0.002 * style.habit["hips_rise"]
        pelvis = vec(style.noise["shift"] + style.habit["shift"], hip_y + rise, hip_z + style.noise["sway"])
        return bend_spine(pelvis, lean, subject.spine_curve + share * act["lumbar"], subject.trunk)

    rest = bend_spine(
        vec(0, hip_y, hip_z)[None],
        np.array([subject.row_lean]),
        np.array([subject.spine_curve]),
        subject.trunk,
    )
    shoulder = (rest.neck - rest.top * 0.045)[0]
    low = shoulder[1] - np.sqrt((_HANG * subject.arm) ** 2 - (subject.grip - subject.shoulder) ** 2)
    belly = (rest.lumbar + rest.thorax)[0] / 2 - rest.back[0] * 0.15 * subject.height / 1.74
    high = max(float(belly[1]), low + 0.12)
    path_z = (shoulder[2] + 0.01) * (1 - stroke) + float(belly[2]) * stroke
    bar = vec(0.0, low + (high - low) * stroke, path_z + style.noise["sway"])
    axis = bar_axis_of(subject, style)
    spine = hinge(largest_share(lambda share: within_reach(subject, hinge(share), bar, axis), frames))
    swivel = style.habit["flare"]
    return build_motion(
        subject,
        spine,
        place_feet(subject, np.zeros(frames)),
        bar,
        axis,
        elbow_pole={side: spine.back - 0.3 * spine.top + vec(0.55 * sign, 0, 0) for side, sign in SIDES},
        knee_swivel=dict.fromkeys(("left", "right"), np.zeros(frames)),
        elbow_swivel={"left": swivel, "right": swivel},
        head_lean=0.6 * subject.row_lean + style.habit["gaze"],
        standing=float(hip_y),
    )
