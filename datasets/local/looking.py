"""Every file of a new dataset, read once: what it is, how long, its digest, and how all are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.own import OwnTable
from aqa_bench.core.progress import Progress
from aqa_bench.media.layouts import find_layout, missing
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.media.pose.named_joints import (
    JointMap,
    RawPose,
    arranged,
    chosen_layout,
    folded,
)
from aqa_bench.media.pose.people import People
from aqa_bench.media.pose.pose_files import read_pose_file

from .files import digest_of, kind_of
from .index import Kind, Reading

__all__ = ["Looked", "look"]

_SHOWN = 5


@dataclass
class Looked:
    """What the files are, by sample id.

    Attributes:
        reading: How they are read.
        digests: Hex SHA-256.
        sizes: Bytes.
        frames: Number of frames.
        fps: Frames a second, or None.
        notes: What a person should know of them, in sentences.
    """

    reading: Reading
    digests: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    frames: dict[str, int] = field(default_factory=dict)
    fps: dict[str, float | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def look(files: Mapping[str, Path], request: OwnTable, progress: Progress) -> Looked:
    """Read every file.

    Args:
        files: File or folder by sample id.
        request: What was asked for.
        progress: Where to report.

    Raises:
        DataError: Files are of several kinds, one cannot be read, or joints do not fit.
        UsageError: A layout does not exist, or an option does not fit the files.
    """
    kinds: dict[str | None, Path] = {}
    for path in files.values():
        kinds.setdefault(kind_of(path), path)
    if len(kinds) > 1:
        raise DataError(
            "The files are of different kinds.",
            where=next(iter(kinds.values())).parent,
            expected="only videos, only images or only keypoints",
            found=" and ".join(path.name for path in kinds.values()),
            remedy="Make a separate dataset for each kind. To use keypoints with videos, pass them to a run "
            "with --keypoints.",
        )
    (kind,) = kinds
    if kind != "pose" and (request.layout or request.people or request.dimensions):
        raise UsageError(
            "Videos and images have no joints.",
            where="--layout, --people, --dimensions",
            expected="keypoint files",
            found=f"files like {next(iter(kinds.values())).name}",
        )
    looked = Looked(Reading(kind=cast(Kind, kind if kind != "pose" else "keypoints")))
    progress.start("reading the files", len(files))
    raws: dict[str, RawPose] = {}
    try:
        for name, path in files.items():
            looked.digests[name], looked.sizes[name] = digest_of(path)
            if kind == "pose":
                raws[name] = _pose(path, request)
                looked.frames[name], looked.fps[name] = len(raws[name].values), raws[name].fps
            else:
                looked.frames[name], looked.fps[name] = _pictures(path, kind == "video")
            progress.advance()
    finally:
        progress.close()
    if kind == "pose":
        _settle(looked, raws, files, request)
    return looked


def _pose(path: Path, request: OwnTable) -> RawPose:
    people = None if request.people is None else People(request.people)
    return read_pose_file(path, dimensions=request.dimensions, people=people)


def _pictures(path: Path, video: bool) -> tuple[int, float | None]:
    if video:
        from aqa_bench.media.video import probe

        info = probe(path)
        return info.frames, info.fps
    from aqa_bench.media.images import read_image

    read_image(path)
    return 1, None


def _settle(
    looked: Looked, raws: Mapping[str, RawPose], files: Mapping[str, Path], request: OwnTable
) -> None:
    """One kind, layout and map for all clips; each is checked against it."""
    first, pose = next(iter(raws.items()))
    for name, raw in raws.items():
        if raw.kind is not pose.kind:
            raise DataError(
                "Some files have 2-D joints and others 3-D joints.",
                where=files[name],
                expected=f"{pose.kind.value}, as in {files[first].name}",
                found=raw.kind.value,
                remedy="Make separate datasets, or set --dimensions.",
            )
    layout, joints = chosen_layout(raws.values(), request.layout, files[first])
    reading = Reading(
        kind="joints" if pose.kind is PoseKind.JOINTS else "keypoints",
        layout=layout,
        joints=None if joints is None else dict(joints),
        people=None if request.people is None else People(request.people),
        dimensions=cast(Literal[2, 3] | None, request.dimensions),
    )
    empty, gaps = [], 0
    for name, raw in raws.items():
        unseen = missing(arranged(raw, layout, joints, files[name])).all(axis=1)
        gaps += int(unseen.sum())
        empty += [name] if unseen.all() else []
    if empty:
        raise DataError(
            "A clip has no joints at all.",
            where=files[empty[0]],
            expected="at least one joint in some frame",
            found=f"{len(empty)} clips without joints, e.g. {', '.join(empty[:_SHOWN])}",
            remedy="Remove its row, or correct the file or --layout.",
        )
    looked.reading = reading
    looked.notes = tuple(_told(raws, layout, joints, gaps))


def _told(raws: Mapping[str, RawPose], layout: str, joints: JointMap | None, gaps: int) -> list[str]:
    notes = []
    names = {name for raw in raws.values() for name in raw.names or ()}
    if names and not {*names} <= {*map(str, range(len(names)))}:
        own = (
            {folded(n) for sources in joints.values() for n in sources}
            if joints
            else {*find_layout(layout).joints}
        )
        unused = sorted(name for name in names if folded(name) not in own)
        if unused:
            more = f" and {len(unused) - _SHOWN} more" if len(unused) > _SHOWN else ""
            notes.append(f"Joints not used: {', '.join(unused[:_SHOWN])}{more}.")
    if gaps:
        notes.append(f"{gaps} frames have no joints; they are kept as empty frames.")
    if next(iter(raws.values())).kind is PoseKind.JOINTS:
        notes.append("Keypoint methods see 3-D joints from the front, without depth.")
    return notes
