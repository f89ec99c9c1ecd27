"""The back squat: the bar's height is given, shins choose the hips, and the knees turn freely."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .kinematics import Array, sagittal_joint, vec
from .motion import (
    SIDES,
    Motion,
    bar_axis_of,
    bend_spine,
    build_motion,
    largest_share,
    place_feet,
    plan_bar_to_hip,
)
from .style import Style
from .subject import Subject

__all__ = ["squat"]

_STANDING_SHANK = 2.0
_EXTENSION = 0.997
_HEEL_FREE = 34.0
_MOST_SHANK = 56.0


def _knee(subject: Subject, shank_angle: Array) -> tuple[Array, Array, Array]:
    """Knee height and forward position, and the thigh's length seen from the side.

    The knee travels in the vertical plane of its foot.
    """
    tilt, out = np.radians(shank_angle), np.radians(subject.toe_out)
    ahead = subject.shank * np.sin(tilt)
    sideways = subject.stance + ahead * np.sin(out) - subject.hip
    thigh = np.sqrt(np.maximum(subject.thigh**2 - sideways**2, 0.01))
    return subject.ankle + subject.shank * np.cos(tilt), ahead * np.cos(out), thigh


def bottom_shank_angle(subject: Subject) -> float:
    """Shin angle at the bottom of a clean squat, in degrees."""
    return float(np.degrees(np.arcsin((subject.toe + subject.knee_reach) / subject.shank)))


def squat(subject: Subject, style: Style, act: Mapping[str, Array]) -> Motion:
    """Pose every frame of a back squat.

    Args:
        subject: The lifter.
        style: The clean repetition.
        act: ``kie`` inward turn of the knees in degrees, with ``kie_left`` and ``kie_right`` shares;
            ``kfe`` extra shin angle in degrees; ``ss`` height of the hips over the knees at the
            bottom in shank lengths. Each of shape ``(T,)``.

    Returns:
        The motion. The bar's height is ``top - travel * style.stroke`` whatever ``kie`` and ``kfe`` are.
    """
    stroke = style.stroke
    radius, forward = plan_bar_to_hip(subject.spine_curve, subject.trunk)
    bar_z = 0.34 * subject.foot
    deepest = bottom_shank_angle(subject)

    knee_y, knee_z, thigh = (float(v) for v in _knee(subject, np.array(_STANDING_SHANK)))
    top = knee_y + np.sqrt((_EXTENSION * (radius + thigh)) ** 2 - (bar_z - knee_z) ** 2)
    knee_y, knee_z, thigh = (float(v) for v in _knee(subject, np.array(deepest)))
    rise = float(act["ss"][0]) * subject.shank
    hip_z = knee_z - np.sqrt(max(thigh**2 - rise**2, 0.0))
    bottom = knee_y + rise + np.sqrt(max(radius**2 - (bar_z - hip_z) ** 2, (0.3 * radius) ** 2))

    bar_y = top - (top - bottom) * stroke
    swaying_z = bar_z + style.noise["sway"]
    clean = _STANDING_SHANK + (deepest - _STANDING_SHANK) * stroke**0.8
    clean = np.maximum(clean - style.habit["hips_rise"] * stroke, _STANDING_SHANK)
    extra = np.minimum(act["kfe"] * stroke**0.3, _MOST_SHANK - clean)

    def folds(share: Array) -> NDArray[np.bool_]:
        y, z, bone = _knee(subject, clean + share * extra)
        possible: NDArray[np.bool_] = np.hypot(bar_y - y, swaying_z - z) <= 0.9995 * (radius + bone)
        return possible

    shank_angle = clean + largest_share(folds, len(stroke)) * extra
    heel_rise = 0.55 * np.maximum(shank_angle - _HEEL_FREE, 0.0)
    y, z, bone = _knee(subject, shank_angle)
    hip_y, hip_z = sagittal_joint((bar_y, swaying_z), (y, z), np.full_like(bar_y, radius), bone)
    lean = np.degrees(np.arctan2(swaying_z - hip_z, bar_y - hip_y)) - forward

    shift = (style.noise["shift"] + style.habit["shift"]) * stroke
    spine = bend_spine(vec(shift, hip_y, hip_z), lean, np.full_like(lean, subject.spine_curve), subject.trunk)
    bar = vec(shift, bar_y, swaying_z)
    swivel = {
        side: act["kie"] * act[f"kie_{side}"]
        - style.habit["knees_out"] * stroke**0.3
        + sign * style.habit["knees_uneven"] * stroke**0.3
        for side, sign in SIDES
    }
    return build_motion(
        subject,
        spine,
        place_feet(subject, heel_rise),
        bar,
        bar_axis_of(subject, style),
        elbow_pole={side: 0.5 * spine.back - spine.top + vec(0.5 * sign, 0, 0) for side, sign in SIDES},
        knee_swivel=swivel,
        elbow_swivel=dict.fromkeys(("left", "right"), np.zeros_like(stroke)),
        head_lean=0.35 * lean + style.habit["gaze"],
        standing=float(hip_y.max()),
    )
