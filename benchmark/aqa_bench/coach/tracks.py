"""Everybody's joints over a clip, and the file that keeps them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aqa_bench.coach.assessment import Person
from aqa_bench.core.arrays import ArrayArchive, ArrayError, text_of
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.files import write_atomic
from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import find_layout, missing

__all__ = ["Tracks", "box_of", "people_of", "read_tracks", "write_tracks"]

_VERSION = 1
"""Raised whenever people are found in another way."""


@dataclass(frozen=True)
class Tracks:
    """Everybody's joints.

    Attributes:
        joints: ``(P, T, V, 3)`` float32: x, y in pixels of the clip and confidence; 0 where missing.
        layout: Joint order.
        source: Where they come from.
    """

    joints: FloatArray
    layout: str
    source: str


def box_of(joints: FloatArray) -> tuple[float, float, float, float] | None:
    """x1, y1, x2, y2 around the joints ``(..., 3)`` that are seen; None where fewer than two are."""
    seen = joints[~missing(joints)]
    if len(seen) < 2:
        return None
    (left, top), (right, bottom) = seen[:, :2].min(axis=0), seen[:, :2].max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def people_of(tracks: Tracks) -> list[Person]:
    """What is said of everybody; people of whom nothing certain was seen are left out."""
    found = []
    for index, joints in enumerate(tracks.joints):
        whole = box_of(joints)
        if whole is None:
            continue
        best = _best_frame(joints)
        found.append(
            Person(
                index=index,
                frames=int((~missing(joints)).any(axis=1).sum()),
                box=_rounded(whole),
                moving=round(_moving(joints), 3),
                frame=best,
                box_in_frame=_rounded(box_of(joints[best]) or whole),
            )
        )
    return found


def _rounded(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(side, 1) for side in box)
    return left, top, right, bottom


def _best_frame(joints: FloatArray) -> int:
    areas = np.zeros(len(joints))
    for time, frame in enumerate(joints):
        if (box := box_of(frame)) is not None:
            areas[time] = np.hypot(box[2] - box[0], box[3] - box[1])
    return int(np.argmax(joints[..., 2].mean(axis=1) * (areas + 1e-6)))


def _moving(joints: FloatArray) -> float:
    """Median over joints of their path, in body heights; jitter below a hundredth of one is no path."""
    shown = ~missing(joints)
    heights = [np.ptp(frame[seen, 1]) for frame, seen in zip(joints, shown, strict=True) if seen.sum() > 1]
    height = float(np.median(heights)) if heights else 0.0
    if height <= 0:
        return 0.0
    paths = []
    for joint in range(joints.shape[1]):
        points = joints[shown[:, joint], joint, :2] / height
        if len(points) > 4:
            steps = np.linalg.norm(np.diff(points[::3], axis=0), axis=1)
            paths.append(float(steps[steps > 0.01].sum()))
    return float(np.median(paths)) if paths else 0.0


def write_tracks(file: Path, tracks: Tracks, clip: str) -> None:
    """Keep tracks beside what they were made of.

    Args:
        file: An ``.npz`` file.
        tracks: Everybody's joints.
        clip: Digest of the clip's bytes.
    """
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        joints=tracks.joints.astype(np.float32),
        layout=np.array(tracks.layout),
        source=np.array(tracks.source),
        clip=np.array(f"{_VERSION} {clip}"),
    )
    write_atomic(file, buffer.getvalue())


def read_tracks(file: Path, clip: str, frames: int, source: str | None = None) -> Tracks | None:
    """Tracks of an earlier time; None where there are none of this clip and source.

    Args:
        file: As for :func:`write_tracks`.
        clip: Digest of the clip's bytes.
        frames: Frames of the clip.
        source: Where the joints must come from; anywhere by default.
    """
    try:
        with ArrayArchive(file) as archive:
            of = text_of(archive.read("clip"))
            found = Tracks(
                archive.read("joints"), text_of(archive.read("layout")), text_of(archive.read("source"))
            )
        fits = found.joints.ndim == 4 and found.joints.shape[1:] == (
            frames,
            len(find_layout(found.layout)),
            3,
        )
    except (OSError, ArrayError, AqaBenchError):
        return None
    if of != f"{_VERSION} {clip}" or not fits or source not in (None, found.source):
        return None
    return found if np.isfinite(found.joints).all() else None
