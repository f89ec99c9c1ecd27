"""Which files of a folder are the poses of which sample."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from aqa_bench.core.errors import DataError
from aqa_bench.media.pose.frame_numbers import split_name
from aqa_bench.protocol.keypoints.manifest import MANIFEST

__all__ = ["locate", "scan"]

_ARRAYS = frozenset({".npy", ".npz"})
_FRAMES = ".json"


def scan(root: Path) -> tuple[str, ...]:
    """Names of all files below a folder that may hold poses, sorted; hidden ones and the manifest left out.

    Links are followed, each folder once.
    """
    found: list[str] = []
    visited: set[str] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        place = os.path.realpath(folder)
        if place in visited:
            folders.clear()
            continue
        visited.add(place)
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(folder).relative_to(root)
        found += [(below / name).as_posix() for name in files if _may_hold_poses(name)]
    return tuple(sorted(name for name in found if name != MANIFEST))


def _may_hold_poses(name: str) -> bool:
    return Path(name).suffix.lower() in _ARRAYS | {_FRAMES} and not name.startswith(".")


def locate(files: Iterable[str], ids: Collection[str], *, where: Path) -> dict[str, tuple[str, ...]]:
    """The files of each sample.

    A sample ``a`` has one of: ``a.npz`` or ``a.npy``; a folder ``a`` of JSON files, one for each frame;
    ``a_keypoints.json`` or ``a.json``, a still image; ``a_000000000012_keypoints.json`` and the like beside
    those of others, as OpenPose writes several clips into one folder.

    Args:
        files: Names of files, relative, with slashes.
        ids: Ids of samples; slashes in them are folders.
        where: The folder, for errors.

    Returns:
        Names by sample; samples without any are left out.

    Raises:
        DataError: A sample has poses in two of these places.
    """
    wanted = frozenset(ids)
    by_place: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in files:
        sample, place = _owner(name, wanted)
        if sample is not None:
            by_place[sample][place].append(name)
    for sample, places in by_place.items():
        if len(places) > 1:
            raise DataError(
                "A sample has poses in several files.",
                where=where,
                expected=f"one file or folder of {sample}",
                found=" and ".join(f"{names[0]} ({len(names)} files)" for names in places.values()),
                remedy="Keep only one of them.",
            )
    return {sample: tuple(sorted(names)) for sample, places in by_place.items() for names in places.values()}


def _owner(name: str, wanted: Collection[str]) -> tuple[str | None, str]:
    """The sample that a file belongs to, and a name of the place where its poses lie."""
    path = PurePosixPath(name)
    stem = path.with_suffix("").as_posix()
    if path.suffix.lower() in _ARRAYS:
        return (stem if stem in wanted else None), name
    folder = path.parent.as_posix()
    if folder in wanted:
        return folder, "folder"
    image = stem.removesuffix("_keypoints")
    if image in wanted:
        return image, name
    clip = (path.parent / split_name(path.name)[0]).as_posix()
    return (clip if clip in wanted else None), "next to others"
