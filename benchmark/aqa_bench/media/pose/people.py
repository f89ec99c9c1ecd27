"""Which of several people is meant: everyone is followed from frame to frame, and one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import missing

__all__ = ["People", "Track", "choose_person", "follow", "person_size"]

_REACH = 0.5
"""How far a person's joints may move from one sight to the next, as a share of the person's size."""


class People(StrEnum):
    """Who is taken where a clip shows several people."""

    NEAREST = "nearest"
    """Everyone is followed to the nearest person of the next frame; of those the one that is seen most:
    the largest sum of sizes over the clip."""
    LARGEST = "largest"
    """The largest person of every frame, whoever that is."""


def choose_person(frames: Sequence[Sequence[FloatArray]], rule: People) -> list[int | None]:
    """Choose one person of a clip.

    Args:
        frames: For each frame in order of time the people in it, each ``(V, 3)``: x, y and confidence;
            everyone has a joint of positive confidence.
        rule: How to choose.

    Returns:
        For each frame the place of the chosen person in it, or None where that person is not there.

    Example:
        >>> left, right = np.full((2, 3), 10.0), np.full((2, 3), 90.0)
        >>> left[1] += 5; right[1] += 9
        >>> choose_person([[left, right], [right, left], [left]], People.NEAREST)
        [1, 0, None]
    """
    if rule is People.LARGEST:
        return [_largest(people) for people in frames]
    if all(len(people) <= 1 for people in frames):
        return [0 if people else None for people in frames]
    # The first of equals: it began first.
    chosen = max(follow(frames), key=lambda track: track.seen, default=None)
    places = {} if chosen is None else chosen.places
    return [places.get(time) for time in range(len(frames))]


def follow(frames: Sequence[Sequence[FloatArray]]) -> list[Track]:
    """Follow everyone from frame to frame, each to the nearest person of the next frame.

    Args:
        frames: As in :func:`choose_person`.

    Returns:
        Everyone, in the order of their first sights.
    """
    tracks: list[Track] = []
    for time, people in enumerate(frames):
        if not people:
            continue
        sizes = [person_size(person) for person in people]
        known = _match(tracks, np.stack(people), sizes)
        for place, (person, size) in enumerate(zip(people, sizes, strict=True)):
            track = known.get(place)
            if track is None:
                track = Track(person.copy())
                tracks.append(track)
            track.see(time, place, person, size)
    return tracks


def person_size(person: FloatArray) -> float:
    """Diagonal of the box around the joints that are seen; 0 where fewer than two are."""
    seen = person[~missing(person), :2]
    return float(np.linalg.norm(seen.max(axis=0) - seen.min(axis=0))) if len(seen) else 0.0


@dataclass
class Track:
    """One person so far.

    Attributes:
        last: ``(V, 3)``: every joint where it was seen last.
        places: Place in each frame that shows the person.
        seen: Sum of sizes.
        size: Largest size.
    """

    last: FloatArray
    places: dict[int, int] = field(default_factory=dict)
    seen: float = 0.0
    size: float = 0.0

    def see(self, time: int, place: int, person: FloatArray, size: float) -> None:
        """Note the person in a frame."""
        shown = ~missing(person)
        self.last[shown] = person[shown]
        self.places[time] = place
        self.seen += size
        self.size = max(self.size, size)


def _match(tracks: Sequence[Track], people: FloatArray, sizes: Sequence[float]) -> dict[int, Track]:
    """The track that each person continues, by place; people who continue none are left out."""
    if not tracks:
        return {}
    costs = _costs(
        np.stack([track.last for track in tracks]), [track.size for track in tracks], people, sizes
    )
    rows, columns = linear_sum_assignment(costs)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {column: tracks[row] for row, column in pairs if costs[row, column] < 1}


def _costs(
    known: FloatArray, known_sizes: Sequence[float], people: FloatArray, sizes: Sequence[float]
) -> npt.NDArray[np.float64]:
    """Mean distance of joints between everyone known and everyone seen, in reaches, each 1 at most.

    A joint that only one of the two has counts as 1, so that a scrap of a person does not pass for all of it.
    """
    mine, theirs = ~missing(known)[:, None], ~missing(people)[None]
    both, either = mine & theirs, mine | theirs
    reach = _REACH * np.maximum(np.maximum.outer(known_sizes, sizes), 1e-6)
    far = np.linalg.norm(known[:, None, :, :2] - people[None, :, :, :2], axis=3) / reach[..., None]
    costs: npt.NDArray[np.float64] = np.where(both, np.minimum(far, 1), either).sum(axis=2) / either.sum(
        axis=2
    )
    return costs


def _largest(people: Sequence[FloatArray]) -> int | None:
    if not people:
        return None
    return int(np.argmax([person_size(person) for person in people]))
