"""Joints by name: from the names of a file to the columns of a layout."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aqa_bench.core.csv_table import read_csv, unfit_cell
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import LAYOUTS, find_layout
from aqa_bench.media.pose.arrays import PoseKind, checked_joints

__all__ = [
    "JointMap",
    "RawPose",
    "arranged",
    "chosen_layout",
    "folded",
    "layout_of_names",
    "read_joint_map",
]

JointMap = Mapping[str, tuple[str, ...]]
"""Names in the files by name of our joint; of several, the mean is taken."""

_BREAKS = re.compile(r"[\s.\-]+")
_JOINTS = frozenset(joint for layout in LAYOUTS.values() for joint in layout.joints)


@dataclass(frozen=True)
class RawPose:
    """Joints of one clip as a file has them.

    Attributes:
        values: float32; keypoints ``(T, V, 2)``, or with confidence ``(T, V, 3)``; joints in space
            ``(T, V, 3)``, or with confidence ``(T, V, 4)``. NaN where a joint was not seen.
        kind: Which of the two.
        names: Names of the joints in the file; None where it has none.
        layout: Joint order, where the file tells it.
        fps: Frames a second, where the file tells them.
    """

    values: FloatArray
    kind: PoseKind
    names: tuple[str, ...] | None = None
    layout: str | None = None
    fps: float | None = None


def folded(name: str) -> str:
    """A joint's name as layouts spell it.

    >>> folded(" Left-Knee"), folded("L.ANKLE")
    ('left_knee', 'l_ankle')
    """
    return _BREAKS.sub("_", name.strip().lower())


def read_joint_map(path: Path) -> JointMap:
    """Read a table that maps names of joints in files to ours.

    Args:
        path: A CSV file with the columns ``source`` (the name, or for arrays the number from 0) and
            ``joint`` (ours). A joint that stands several times is the mean of its sources, as a wrist is of
            two markers.

    Raises:
        DataError: It cannot be read, or names a joint that no layout has.
    """
    table = read_csv(path)
    sources = table.column("source")
    found: dict[str, tuple[str, ...]] = {}
    for row, (source, joint) in enumerate(zip(sources, map(folded, table.column("joint")), strict=True)):
        if joint not in _JOINTS:
            near = difflib.get_close_matches(joint, _JOINTS, n=3)
            hint = f"Did you mean {' or '.join(near)}? " if near else ""
            expected = f"a joint of a layout, e.g. {', '.join(LAYOUTS['body-12'].joints)}"
            remedy = f"{hint}docs/own-data.md lists all joints; omit joints without a counterpart."
            raise unfit_cell(table, row, "joint", "This joint does not exist.", expected, remedy)
        found[joint] = (*found.get(joint, ()), source)
    return found


def layout_of_names(names: Iterable[str], where: Path | str) -> str:
    """The smallest layout that has all of some joints.

    Args:
        names: Names of joints; see :func:`folded`.
        where: What to name in an error.

    Raises:
        DataError: A name is no joint's, or no layout has them all.
    """
    wanted = {folded(name): name for name in names}
    unknown = [own for name, own in wanted.items() if name not in _JOINTS]
    fitting = [layout for layout in LAYOUTS.values() if wanted.keys() <= {*layout.joints}]
    if fitting:
        return min(fitting, key=len).name
    found = f"{', '.join(unknown[:8])}" if unknown else f"joints of several layouts: {', '.join(wanted)}"
    raise DataError(
        "The joint names match no layout.",
        where=where,
        expected=f"joints of one layout: {', '.join(LAYOUTS)}",
        found=found,
        remedy="Map them with --layout joints.csv, a table with the columns source and joint "
        "(docs/own-data.md).",
    )


def chosen_layout(raws: Iterable[RawPose], asked: str | None, where: Path) -> tuple[str, JointMap | None]:
    """The layout of some clips, and the map into it.

    Args:
        raws: The clips.
        asked: Name of a layout, or a table that :func:`read_joint_map` reads; None where the clips tell.
        where: What to name in an error.

    Raises:
        UsageError: There is no such layout, or neither the clips nor ``asked`` tell which it is.
        DataError: The table cannot be read, or names of joints are of no layout.
    """
    known = list(raws)
    names = dict.fromkeys(name for raw in known for name in raw.names or ())
    told = {raw.layout for raw in known} - {None}
    if asked is not None and (asked.lower().endswith(".csv") or Path(asked).expanduser().is_file()):
        joints = read_joint_map(Path(asked).expanduser())
        return layout_of_names(joints, asked), joints
    if asked is not None:
        return find_layout(asked).name, None
    if len(told) == 1:
        return str(told.pop()), None
    if names:
        return layout_of_names(names, where), None
    shown = (
        f"layouts {', '.join(sorted(map(str, told)))}"
        if told
        else f"an array of shape {known[0].values.shape}"
    )
    raise UsageError(
        "The joint order of the keypoints is unknown.",
        where=where,
        expected="--layout NAME, or --layout joints.csv with the columns source and joint",
        found=shown,
        remedy="docs/own-data.md lists the layouts and has an example table.",
    )


def arranged(raw: RawPose, layout: str, joints: JointMap | None, path: Path) -> FloatArray:
    """Joints in the order of a layout, as :func:`.arrays.checked_joints` gives them; those it lacks missing.

    Args:
        raw: The joints of a file.
        layout: Name of the joint order.
        joints: Names in the file by joint; None where they are the layout's own, or its order.
        path: What to name in an error.

    Raises:
        DataError: No joint of the file belongs to the layout, its shape or unit is another, or it names
            another layout.
    """
    if raw.layout not in (None, layout):
        raise _unfit(path, f"layout {layout}, as in the other files", f"layout {raw.layout}")
    names = raw.names
    numbers = tuple(str(number) for number in range(raw.values.shape[1]))
    if joints is None and (names is None or {*names} == {*numbers}):
        order = range(len(numbers)) if names is None else [names.index(number) for number in numbers]
        return checked_joints(raw.values[:, list(order)], raw.kind, layout, path).values
    table = find_layout(layout)
    own = {name: (name,) for name in table.joints} if joints is None else joints
    at = {folded(name): place for place, name in enumerate(names or numbers)}
    shape = (len(raw.values), len(table), raw.values.shape[2])
    values = np.full(shape, np.nan, np.float32)
    found = False
    for joint, sources in own.items():
        places = [at[folded(source)] for source in sources if folded(source) in at]
        # Half of a mean is another place of the body.
        if len(places) == len(sources) and joint in table.joints:
            found = True
            values[:, table.index(joint)] = _mean(raw.values[:, places], raw.kind)
    if not found:
        expected = ", ".join(source for sources in own.values() for source in sources)
        raise _unfit(path, f"one of the joints {expected:.200}", ", ".join(names or numbers)[:200])
    return checked_joints(values, raw.kind, layout, path).values


def _mean(parts: FloatArray, kind: PoseKind) -> FloatArray:
    """``(T, P, C)`` to ``(T, C)``: mean position and least confidence."""
    axes = 2 if kind is PoseKind.KEYPOINTS else 3
    means = [parts[..., :axes].mean(axis=1)]
    if parts.shape[2] > axes:
        means.append(parts[..., axes:].min(axis=1))
    return np.concatenate(means, axis=1)


def _unfit(path: Path, expected: str, found: str) -> DataError:
    return DataError(
        "The joints of a file do not match.",
        where=path,
        expected=expected,
        found=found,
        remedy="Correct --layout, or keep clips of different body models in separate datasets.",
    )
