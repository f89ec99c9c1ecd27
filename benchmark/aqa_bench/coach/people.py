"""Everybody in a clip, by an estimator that sees one person at a time.

It runs over the whole picture first. In a few frames the people found are painted over and it looks again, at
the whole and at overlapping parts; whoever appears is then followed in a window of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol

import numpy as np
import numpy.typing as npt

from aqa_bench.coach.reading import Footage
from aqa_bench.coach.tracks import Tracks, box_of
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import FloatArray, UInt8Array
from aqa_bench.media.layouts import find_layout, missing
from aqa_bench.media.pose.people import Track, follow

__all__ = ["Estimators", "MediaPipeEstimators", "Window", "track_people"]

Window = tuple[int, int, int, int]
"""left, top, right, bottom in pixels."""
Box = tuple[float, float, float, float]
Look = Callable[[UInt8Array], FloatArray]

_LONGEST = 640
_LOOKS = 6
_MOST_OTHERS = 4
_LEAST_SECONDS = 0.5
_CERTAIN = 0.5
_SURE, _SAME = 0.6, 0.3
_FEWEST_JOINTS = 6
_GREY = 114


class Estimators(Protocol):
    """Where estimators of one person's joints come from.

    Attributes:
        layout: Their joint order.
        source: What they are, e.g. ``mediapipe 0.10.14``.
    """

    layout: str
    source: str

    def following(self) -> AbstractContextManager[Look]:
        """One that takes the frames of a clip in turn, and gives ``(V, 3)`` in pixels of each."""
        ...

    def detecting(self) -> AbstractContextManager[Look]:
        """One that takes pictures that have nothing to do with each other."""
        ...


class MediaPipeEstimators:
    """MediaPipe Pose, model ``full``, whose weights lie in its wheel.

    Raises:
        UsageError: It is not installed.
    """

    layout = "mediapipe-33"

    def __init__(self) -> None:
        from aqa_bench.media.pose.mediapipe_backend import MediaPipePose

        self._following = MediaPipePose(min_confidence=0.5)
        self._detecting = MediaPipePose(tracking=False, min_confidence=0.5)
        self.source = " ".join(self._following.identity.split()[:2])

    @contextmanager
    def following(self) -> Iterator[Look]:
        """An estimator of one clip."""
        with self._following.opened() as look:
            yield lambda frame: _certain(look(frame), frame)

    @contextmanager
    def detecting(self) -> Iterator[Look]:
        """An estimator of single pictures."""
        with self._detecting.opened() as look:
            yield lambda frame: _certain(look(frame), frame)


def _certain(joints: FloatArray, frame: UInt8Array) -> FloatArray:
    """Joints without those that MediaPipe only guesses, hidden ones and ones outside of the picture."""
    height, width = frame.shape[:2]
    inside = (joints[:, 0] >= 0) & (joints[:, 0] < width) & (joints[:, 1] >= 0) & (joints[:, 1] < height)
    return np.where((inside & (joints[:, 2] >= _CERTAIN))[:, None], joints, 0).astype(np.float32)


def track_people(footage: Footage, estimators: Estimators, progress: Progress) -> Tracks:
    """Find and follow everybody.

    Args:
        footage: The clip.
        estimators: Where estimators come from.
        progress: Where to report.

    Returns:
        Everybody who was seen for half a second, the longest seen first.
    """
    count = footage.clip.frames
    shown = np.unique(np.linspace(0, count - 1, min(_LOOKS, count)).astype(int)).tolist()
    sights: list[list[FloatArray]] = [[] for _ in range(count)]
    pictures: dict[int, UInt8Array] = {}
    progress.start("finding people", count)
    with estimators.following() as look:
        for time, frame in enumerate(footage.frames(_LONGEST)):
            _note(sights[time], look(frame), (0, 0))
            if time in shown:
                pictures[time] = frame
            progress.advance()
    windows = _others(pictures, sights, estimators)
    if windows:
        progress.start("following others", count)
        with ExitStack() as stack:
            looks = [stack.enter_context(estimators.following()) for _ in windows]
            for time, frame in enumerate(footage.frames(_LONGEST)):
                for window, look in zip(windows, looks, strict=True):
                    _look_into(frame, window, look, sights[time])
                progress.advance()
    shape = footage.shape(_LONGEST)
    scale = np.array([footage.clip.width / shape[1], footage.clip.height / shape[0], 1.0], np.float32)
    return Tracks(_arranged(sights, footage, estimators.layout) * scale, estimators.layout, estimators.source)


def _others(
    pictures: dict[int, UInt8Array], sights: Sequence[Sequence[FloatArray]], estimators: Estimators
) -> list[Window]:
    """Windows in which people appear who were not followed yet."""
    found: list[Box] = []
    with estimators.detecting() as look:
        for time, picture in pictures.items():
            people = list(sights[time])
            for part in _parts(picture, bool(people)):
                for _ in range(_MOST_OTHERS):
                    before = len(people)
                    _look_into(picture, part, look, people)
                    if len(people) == before:
                        break
            found += [box for person in people[len(sights[time]) :] if (box := box_of(person))]
    shape = next(iter(pictures.values())).shape
    return [_around(box, shape) for box in _merged(found)[:_MOST_OTHERS]]


def _parts(picture: UInt8Array, somebody: bool) -> list[Window]:
    """The whole picture, and overlapping halves across its longer side, in which small people are larger."""
    height, width = picture.shape[:2]
    whole = (0, 0, width, height)
    if width >= height:
        side = min(width, max(height, width // 2))
        parts = [(left, 0, left + side, height) for left in (0, (width - side) // 2, width - side)]
    else:
        side = min(height, max(width, height // 2))
        parts = [(0, top, width, top + side) for top in (0, (height - side) // 2, height - side)]
    return [whole, *parts] if somebody else [whole, *parts[::2], parts[1]]


def _look_into(picture: UInt8Array, window: Window, look: Look, people: list[FloatArray]) -> None:
    """Look for one more person in a window; those already found are painted over."""
    left, top, right, bottom = window
    seen = picture[top:bottom, left:right].copy()
    for person in people:
        box = box_of(person)
        if box is not None:
            _paint(seen, box, (left, top))
    _note(people, look(seen), (left, top))


def _note(people: list[FloatArray], joints: FloatArray, corner: tuple[int, int]) -> None:
    """Add a person, unless nobody was found or it is somebody who is there already."""
    if (~missing(joints)).sum() < _FEWEST_JOINTS:
        return
    moved = joints.copy()
    moved[:, 0] += corner[0]
    moved[:, 1] += corner[1]
    mine = box_of(moved)
    if mine and all(_overlap(mine, box) < _SURE for other in people if (box := box_of(other))):
        people.append(moved)


def _paint(picture: UInt8Array, box: Box, corner: tuple[int, int]) -> None:
    # Joints end at ankles and eyes; the picture of a person goes on beyond them.
    wide, high = 0.15 * (box[2] - box[0]) + 4, 0.12 * (box[3] - box[1]) + 4
    left, top = max(0, int(box[0] - wide - corner[0])), max(0, int(box[1] - high - corner[1]))
    right, bottom = max(0, int(box[2] + wide - corner[0])), max(0, int(box[3] + high - corner[1]))
    picture[top:bottom, left:right] = _GREY


def _around(box: Box, shape: Sequence[int]) -> Window:
    """A window with room for movement."""
    reach = 0.6 * max(box[2] - box[0], box[3] - box[1]) + 8
    return (
        max(0, int(box[0] - reach)),
        max(0, int(box[1] - reach)),
        min(shape[1], int(box[2] + reach)),
        min(shape[0], int(box[3] + reach)),
    )


def _merged(boxes: Sequence[Box]) -> list[Box]:
    """Boxes of one person at several times become one; those met most often come first."""
    groups: list[tuple[Box, int]] = []
    for box in boxes:
        for place, (other, times) in enumerate(groups):
            if _overlap(box, other) > _SAME:
                low, high = np.minimum(box, other), np.maximum(box, other)
                groups[place] = (low[0], low[1], high[2], high[3]), times + 1
                break
        else:
            groups.append((box, 1))
    # One sight in several looks is more often furniture than a person.
    needed = 2 if len(boxes) > 1 else 1
    return [box for box, times in sorted(groups, key=lambda group: -group[1]) if times >= needed]


def _overlap(first: Sequence[float], second: Sequence[float]) -> float:
    """Area in common over the smaller area of two boxes."""
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return wide * high / max(min(areas), 1e-6)


def _arranged(
    sights: Sequence[Sequence[FloatArray]], footage: Footage, layout: str
) -> npt.NDArray[np.float32]:
    """``(P, T, V, 3)`` of everybody who was seen for long enough."""
    least = max(2, min(round(_LEAST_SECONDS * footage.clip.fps), len(sights) // 2))
    tracks: list[Track] = [track for track in follow(sights) if len(track.places) >= least]
    tracks.sort(key=lambda track: -len(track.places))
    joints = np.zeros((len(tracks), len(sights), len(find_layout(layout)), 3), np.float32)
    for index, track in enumerate(tracks):
        for time, place in track.places.items():
            joints[index, time] = sights[time][place]
    return joints
