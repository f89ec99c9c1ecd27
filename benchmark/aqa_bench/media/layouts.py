"""Keypoint layouts: which joint stands where, in one table, and conversion between them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError, UsageError

__all__ = ["DERIVED", "LAYOUTS", "Layout", "convert", "find_layout", "missing"]

_LEG = ("hip", "knee", "ankle")
_ARM = ("shoulder", "elbow", "wrist")
_FOOT = ("big_toe", "small_toe", "heel")


@dataclass(frozen=True)
class Layout:
    """The joint order of a pose estimator or dataset.

    Attributes:
        name: Name of the layout, e.g. ``openpose-18``.
        joints: Joint names in order; left and right are the person's own.
        edges: Bones, as pairs of joint names.
        centre: Root of the bone graph, or None where the bones do not connect every joint.
    """

    name: str
    joints: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    centre: str | None = None

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Column of a joint.

        Raises:
            DataError: The layout has no such joint.
        """
        if joint not in self.joints:
            raise DataError(
                f"Layout {self.name} has no joint {joint!r}.",
                expected=", ".join(self.joints),
                found=joint,
                remedy="Convert the keypoints to a layout with this joint.",
            )
        return self.joints.index(joint)


def _side(side: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{side}_{part}" for part in parts)


def _both(*parts: str) -> tuple[str, ...]:
    return tuple(f"{side}_{part}" for part in parts for side in ("left", "right"))


def _renamed(*joints: str) -> tuple[str, ...]:
    return tuple(f"{joint}_op" for joint in joints)


def _chain(*joints: str) -> tuple[tuple[str, str], ...]:
    return tuple(pairwise(joints))


def _mirrored(*joints: str) -> tuple[tuple[str, str], ...]:
    """The chain on either side; a name that starts with ``=`` is on the midline."""
    return tuple(
        edge
        for side in ("left", "right")
        for edge in _chain(*(j[1:] if j.startswith("=") else f"{side}_{j}" for j in joints))
    )


_RIGHT_ARM, _LEFT_ARM = _side("right", _ARM), _side("left", _ARM)
_RIGHT_LEG, _LEFT_LEG = _side("right", _LEG), _side("left", _LEG)
_OPENPOSE_HEAD = ("right_eye", "left_eye", "right_ear", "left_ear")
_OPENPOSE_FEET = (*_side("left", _FOOT), *_side("right", _FOOT))
_LIMBS = _mirrored(*_ARM) + _mirrored(*_LEG)
_FACE = _mirrored("=nose", "eye", "ear")

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        # COCO model of OpenPose; bones as in ST-GCN's graph (Yan et al., AAAI 2018), hips hung on shoulders.
        Layout(
            "openpose-18",
            ("nose", "neck", *_RIGHT_ARM, *_LEFT_ARM, *_RIGHT_LEG, *_LEFT_LEG, *_OPENPOSE_HEAD),
            (*_LIMBS, *_mirrored("=neck", "shoulder", "hip"), ("neck", "nose"), *_FACE),
            "neck",
        ),
        Layout(
            "body-25",
            (
                *("nose", "neck", *_RIGHT_ARM, *_LEFT_ARM, "mid_hip", *_RIGHT_LEG, *_LEFT_LEG),
                *_OPENPOSE_HEAD,
                *_OPENPOSE_FEET,
            ),
            (
                *_LIMBS,
                *_mirrored("=neck", "shoulder"),
                *_mirrored("=mid_hip", "hip"),
                *(("neck", "mid_hip"), ("neck", "nose"), *_FACE),
                *_mirrored("ankle", "big_toe", "small_toe"),
                *_mirrored("ankle", "heel"),
            ),
            "mid_hip",
        ),
        # Bones as in COCO's person keypoint annotations.
        Layout(
            "coco-17",
            ("nose", *_both("eye", "ear", *_ARM, *_LEG)),
            (
                *_LIMBS,
                *_mirrored("shoulder", "hip"),
                *(("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"), ("left_eye", "right_eye")),
                *_mirrored("=nose", "eye", "ear", "shoulder"),
            ),
            "nose",
        ),
        # Shoulders to ankles: what every estimator gives, without face and feet.
        Layout(
            "body-12",
            _both(*_ARM, *_LEG),
            (
                *_LIMBS,
                *_mirrored("shoulder", "hip"),
                *(("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")),
            ),
            None,
        ),
        # The 17 joints used for 3-D pose on Human3.6M; joint 9, between neck and face, is called nose.
        Layout(
            "h36m-17",
            (
                *("pelvis", *_RIGHT_LEG, *_LEFT_LEG, "spine", "thorax", "nose", "head_top"),
                *(*_LEFT_ARM, *_RIGHT_ARM),
            ),
            (
                *_LIMBS,
                *_mirrored("=pelvis", "hip"),
                *_mirrored("=thorax", "shoulder"),
                *_chain("pelvis", "spine", "thorax", "nose", "head_top"),
            ),
            "pelvis",
        ),
        Layout(
            "mediapipe-33",
            (
                *("nose", *_side("left", ("eye_inner", "eye", "eye_outer"))),
                *_side("right", ("eye_inner", "eye", "eye_outer")),
                *("left_ear", "right_ear", "mouth_left", "mouth_right"),
                *_both(*_ARM, "pinky", "index", "thumb", *_LEG, "heel", "foot_index"),
            ),
            (
                *_LIMBS,
                *_mirrored("shoulder", "hip"),
                *(
                    ("left_shoulder", "right_shoulder"),
                    ("left_hip", "right_hip"),
                    ("mouth_left", "mouth_right"),
                ),
                *_mirrored("=nose", "eye_inner", "eye", "eye_outer", "ear"),
                *_mirrored("wrist", "pinky", "index", "wrist", "thumb"),
                *_mirrored("ankle", "heel", "foot_index", "ankle"),
            ),
        ),
        # Joints of HMR (Kanazawa et al., CVPR 2018), in the order of the Waseda squat release.
        Layout(
            "hmr-19",
            (
                *(*_RIGHT_LEG[::-1], *_LEFT_LEG, *_RIGHT_ARM[::-1], *_LEFT_ARM),
                *("neck", "head_top", "nose", "left_eye", "right_eye", "left_ear", "right_ear"),
            ),
            (*_LIMBS, *_mirrored("=neck", "shoulder", "hip"), *_chain("head_top", "neck", "nose"), *_FACE),
            "neck",
        ),
        # Joints of SPIN (Kolotouros et al., ICCV 2019): OpenPose's 25, then 24 that hold those of HMR.
        # Where both sets have a joint, the second has its plain name, so that the step to hmr-19 is exact.
        Layout(
            "spin-49",
            (
                *("nose_op", "neck_op", *_renamed(*_RIGHT_ARM, *_LEFT_ARM), "mid_hip"),
                *_renamed(*_RIGHT_LEG, *_LEFT_LEG, *_OPENPOSE_HEAD),
                *_OPENPOSE_FEET,
                *(*_RIGHT_LEG[::-1], *_LEFT_LEG, *_RIGHT_ARM[::-1], *_LEFT_ARM),
                *("neck", "head_top", "pelvis", "thorax", "spine", "jaw", "head"),
                *("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
            ),
            (
                *_LIMBS,
                *_mirrored("=thorax", "shoulder"),
                *_mirrored("=pelvis", "hip"),
                *_chain("pelvis", "spine", "thorax", "neck", "head_top"),
                *_FACE,
                *_mirrored("ankle", "big_toe", "small_toe"),
                *_mirrored("ankle", "heel"),
            ),
        ),
    )
}
"""Every layout by name."""

_SHOULDERS, _HIPS = ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")

DERIVED: dict[str, tuple[tuple[str, ...], ...]] = {
    "neck": (_SHOULDERS,),
    "thorax": (_SHOULDERS,),
    "mid_hip": (("pelvis",), _HIPS),
    "pelvis": (("mid_hip",), _HIPS),
    "spine": ((*_SHOULDERS, *_HIPS),),
}
"""Joints that are means of others: the alternatives in order of preference."""


def find_layout(name: str) -> Layout:
    """The layout of that name.

    Raises:
        UsageError: There is none; the nearest name is suggested.
    """
    if name in LAYOUTS:
        return LAYOUTS[name]
    near = difflib.get_close_matches(name, LAYOUTS, n=1)
    raise UsageError(
        f"There is no keypoint layout {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""),
        expected=", ".join(LAYOUTS),
        found=name,
    )


def missing(keypoints: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
    """Which joints were not detected.

    Args:
        keypoints: ``(..., 3)``; x, y and confidence; or ``(..., 4)`` with z before it.

    Returns:
        ``(...)`` bool, True where the confidence is 0 or not a number.
    """
    return ~(keypoints[..., -1] > 0)


def convert(
    keypoints: npt.NDArray[np.floating[Any]], source: str, target: str, *, allow_missing: bool = False
) -> npt.NDArray[np.float32]:
    """Reorder keypoints from one layout into another, joint by joint.

    A joint that only the target has is computed where :data:`DERIVED` says how: the mean of its
    parts, with the least of their confidences; missing (all zero) where any part is missing.

    Args:
        keypoints: ``(T, V, 3)``; x, y and confidence, in the order of ``source``; or ``(T, V, 4)`` with z
            before the confidence.
        source: Name of the layout of ``keypoints``.
        target: Name of the layout wanted.
        allow_missing: Whether joints that cannot be computed are filled with zeros.

    Returns:
        ``(T, V', 3)`` float32, or ``(T, V', 4)``, in the order of ``target``; a new array.

    Raises:
        UsageError: A layout does not exist.
        DataError: The array does not fit ``source``, or joints cannot be computed from it.

    Example:
        >>> pose = np.ones((1, 17, 3))
        >>> convert(pose, "coco-17", "openpose-18").shape
        (1, 18, 3)
    """
    old, new = find_layout(source), find_layout(target)
    if keypoints.ndim != 3 or keypoints.shape[1] != len(old) or keypoints.shape[2] not in (3, 4):
        raise DataError(
            f"Keypoints do not fit layout {source}.",
            expected=f"shape (T, {len(old)}, 3) or (T, {len(old)}, 4)",
            found=f"shape {keypoints.shape}",
            remedy="Set the layout of the keypoints.",
        )
    parts = {joint: _parts(joint, old) for joint in new.joints}
    absent = [joint for joint, found in parts.items() if not found]
    if absent and not allow_missing:
        raise DataError(
            f"Keypoints in layout {source} cannot be converted to {target}.",
            expected=f"joints from which all of {target} can be computed",
            found=f"no joints to compute these from: {', '.join(absent)}",
            remedy="Use another estimator's keypoints, a method for this layout, or allow missing joints.",
        )
    result = np.zeros((len(keypoints), len(new), keypoints.shape[2]), dtype=np.float32)
    for column, found in enumerate(parts.values()):
        if len(found) == 1:
            result[:, column] = keypoints[:, old.joints.index(found[0])]
        elif found:
            result[:, column] = _mean(keypoints[:, [old.joints.index(part) for part in found]])
    return result


def _parts(joint: str, source: Layout) -> tuple[str, ...]:
    """The joints of ``source`` that ``joint`` is the mean of; empty where there is no way."""
    if joint in source.joints:
        return (joint,)
    alternatives = DERIVED.get(joint, ())
    return next((parts for parts in alternatives if set(parts) <= set(source.joints)), ())


def _mean(parts: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """``(T, P, C)`` to ``(T, C)``: mean position and least confidence, zeros where a part is missing."""
    mean = np.concatenate([parts[..., :-1].mean(axis=1), parts[..., -1].min(axis=1, keepdims=True)], axis=1)
    mean[missing(parts).any(axis=1)] = 0
    return mean
