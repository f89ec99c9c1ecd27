"""From the detections of single frames to tracks, and from tracks to the one of the lifter's bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter
from scipy.optimize import linear_sum_assignment

from aqa_bench.core.sample import FloatArray

__all__ = ["Track", "join_fragments", "lifter_track", "link", "settle"]

_GATE = 0.45
_NEAR = 0.35
_COURSE = 5
_WORST = 1e6
_STILL = 0.05
_SLACK = 0.3
_SHARED = 2


@dataclass(slots=True)
class Track:
    """One object over time.

    Attributes:
        times: Frames in which it was found, ascending.
        boxes: Its ``(5,)`` boxes there: left, top, right, bottom and confidence.
    """

    times: list[int] = field(default_factory=list)
    boxes: list[FloatArray] = field(default_factory=list)

    def add(self, time: int, box: FloatArray) -> None:
        """Append what was found in a later frame."""
        self.times.append(time)
        self.boxes.append(box)

    @property
    def array(self) -> FloatArray:
        """The boxes as ``(n, 5)``."""
        return np.stack(self.boxes)

    @property
    def side(self) -> float:
        """Typical size: the median of the square root of the area, in pixels."""
        return float(np.median(_size(self.array)))

    @property
    def travel(self) -> float:
        """How far it moved up and down: the 5th to 95th percentile of the centre's row, in pixels."""
        rows = (self.array[:, 1] + self.array[:, 3]) / 2
        low, high = np.percentile(rows, [5, 95])
        return float(high - low)


def link(
    detections: Sequence[FloatArray], *, start_confidence: float = 0.25, max_gap: int = 5
) -> list[Track]:
    """Link detections over time.

    Frame by frame, the tracks under way and the detections are matched so that the sum of their
    distances is least (the Hungarian method). The distance of two boxes is that of their centres in
    units of their size, plus the difference of their sizes on a logarithmic scale; how far two may be
    apart grows with the length of a gap.

    Args:
        detections: Per frame ``(n, 5)`` boxes: left, top, right, bottom and confidence in [0, 1].
        start_confidence: Least confidence of a detection that begins a track; any may continue one.
        max_gap: Most frames in a row that a track goes unseen before it ends.

    Returns:
        The tracks, in order of their beginnings.
    """
    tracks: list[Track] = []
    for time, boxes in enumerate(detections):
        # A bar behind a rack is gone for some frames: its track waits before it ends.
        active = [track for track in tracks if time - track.times[-1] <= max_gap + 1]
        taken: set[int] = set()
        if active and len(boxes):
            cost = np.array([_distances(track.boxes[-1], boxes, time - track.times[-1]) for track in active])
            for row, column in zip(*linear_sum_assignment(cost), strict=True):
                # The assignment pairs all it can, also what lies too far apart.
                if cost[row, column] < _WORST:
                    active[row].add(time, boxes[column])
                    taken.add(int(column))
        for number, box in enumerate(boxes):
            if number not in taken and box[4] >= start_confidence:
                tracks.append(Track([time], [box]))
    return tracks


def lifter_track(tracks: Sequence[Track], frames: int) -> Track | None:
    """The track of the lifter's bar: large, moving up and down, seen often and surely.

    The product of size, travel, share of frames and mean confidence decides; a bar that hangs still
    keeps a small share of its size as travel.

    Args:
        tracks: Tracks of one clip.
        frames: Number of frames of the clip.

    Returns:
        The track, or None where there is none.
    """

    def weight(track: Track) -> float:
        # A product is 0 for a bar at rest, and all bars of such a clip would tie.
        travel = track.travel + _STILL * track.side
        return track.side * travel * len(track.times) / frames * float(track.array[:, 4].mean())

    return max(tracks, key=weight, default=None)


def join_fragments(main: Track, others: Sequence[Track], *, max_speed: float = 0.25) -> Track:
    """Add to a track the fragments of the same bar before, after and between its sightings.

    A fragment belongs to it where they share at most 2 frames (one of the two was then lured away),
    their sizes differ by less than half, and the way between their nearest ends, each the median of 3
    sightings, is short for the time between them.

    Args:
        main: The track to complete; its sightings stay.
        others: Tracks of the same clip.
        max_speed: Most movement of the centre per frame, in units of the box size.

    Returns:
        A new track.
    """
    sightings = dict(zip(main.times, main.boxes, strict=True))
    # Long fragments first: they fix the course by which short ones are judged.
    for other in sorted((o for o in others if o is not main), key=lambda o: -len(o.times)):
        joined = Track(sorted(sightings), [sightings[time] for time in sorted(sightings)])
        shared = len(set(other.times) & set(joined.times))
        if shared > _SHARED or abs(np.log(other.side / joined.side)) > np.log(1.5):
            continue
        gaps = np.abs(np.subtract.outer(joined.times, other.times))
        near, far = np.unravel_index(int(gaps.argmin()), gaps.shape)
        way = np.linalg.norm(_centre(_around(joined, int(near))) - _centre(_around(other, int(far))))
        if way <= joined.side * (_SLACK + max_speed * max(1, gaps[near, far])):
            # On frames that both have, the sightings of the main track stay.
            sightings = dict(zip(other.times, other.boxes, strict=True)) | sightings
    return Track(sorted(sightings), [sightings[time] for time in sorted(sightings)])


def settle(track: Track, detections: Sequence[FloatArray], *, passes: int = 2) -> Track:
    """Choose every frame's detection again, now that the course of the whole track is known.

    The course is the running median over 5 sightings. In each frame the detection nearest to it is
    taken, or none where all are far from it: a track that was lured away by another box comes back.

    Args:
        track: The track.
        detections: What it was linked from.
        passes: How often to choose.

    Returns:
        A new track; the given one where nothing is near its course.
    """
    for _ in range(passes):
        # A median ignores a frame or two on a wrong box, which a mean would follow.
        steady = median_filter(track.array[:, :4].astype(np.float64), size=(_COURSE, 1), mode="nearest")
        times = np.arange(len(detections))
        course = np.stack([np.interp(times, track.times, steady[:, side]) for side in range(4)], axis=1)
        chosen = Track()
        for time, boxes in enumerate(detections):
            if len(boxes):
                distances = _distances(course[time], boxes, 1)
                nearest = int(distances.argmin())
                if distances[nearest] < _NEAR:
                    chosen.add(time, boxes[nearest])
        if not chosen.times:
            return track
        track = chosen
    return track


def _distances(box: FloatArray, others: FloatArray, elapsed: int) -> npt.NDArray[np.float64]:
    size, sizes = _size(box[None])[0], _size(others)
    centres = (others[:, :2] + others[:, 2:4]) / 2 - _centre(box)
    # In units of the box: a near bar may move more pixels than a far one.
    way = np.linalg.norm(centres, axis=1) / np.sqrt(size * sizes)
    distance = way + 0.5 * np.abs(np.log(sizes / size))
    # The square root, as of a random walk: after a long gap almost any box would
    # pass a gate that grows with time.
    return np.where(distance < _GATE * np.sqrt(elapsed), distance, _WORST)


def _around(track: Track, index: int) -> FloatArray:
    first = max(0, min(index - 1, len(track.times) - 3))
    middle: FloatArray = np.median(np.stack(track.boxes[first : first + 3]), axis=0)
    return middle


def _centre(box: FloatArray) -> FloatArray:
    return (box[:2] + box[2:4]) / 2


def _size(boxes: FloatArray) -> npt.NDArray[np.float64]:
    """Square roots of the areas, at least a pixel."""
    sides = np.clip(boxes[:, 2:4] - boxes[:, :2], 0, None).astype(np.float64)
    return np.maximum(np.sqrt(sides[:, 0] * sides[:, 1]), 1.0)
