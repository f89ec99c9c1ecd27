"""Triplets of frames by the phase of the barbell (Parmar et al., ECCV 2022, section 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError, RecipeError

__all__ = ["FrameBatch", "Negatives", "TripletSampler", "Triplets"]

Indices: TypeAlias = npt.NDArray[np.int64]
Phases: TypeAlias = npt.NDArray[np.float64]
Negatives: TypeAlias = Literal["positive-clip", "third-clip", "same-clip"]

_NEEDED_CLIPS = {"positive-clip": 2, "third-clip": 3, "same-clip": 1}
_TRIES = 100


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Frames of clips.

    Attributes:
        clips: ``(N,)`` clip numbers.
        frames: ``(N,)`` frame numbers within their clips.
        phases: ``(N,)`` phases in [0, 360].
    """

    clips: Indices
    frames: Indices
    phases: Phases

    def __len__(self) -> int:
        return len(self.clips)


@dataclass(frozen=True, slots=True)
class Triplets:
    """Anchors, frames of the same pose, and frames of another; row by row."""

    anchor: FrameBatch
    positive: FrameBatch
    negative: FrameBatch

    def __len__(self) -> int:
        return len(self.anchor)

    def stacked(self) -> FrameBatch:
        """Anchors, then positives, then negatives, as one batch of ``3 N`` frames."""
        parts = (self.anchor, self.positive, self.negative)
        return FrameBatch(
            np.concatenate([part.clips for part in parts]),
            np.concatenate([part.frames for part in parts]),
            np.concatenate([part.phases for part in parts]),
        )


class TripletSampler:
    """Draws triplets across clips: anchor of one, positive of another, at the same elevation of the bar.

    Phase is elevation on a scale of 360. It does not wrap, and the way down and the way up pass through
    the same phases. A clip is used if its bar goes to the other end and comes back by more than the
    gap, and if it has frames beyond the gap from any phase it passes through.

    Args:
        elevations: ``(T,)`` elevation in [0, 1] of the frames of each clip.
        gap: Smallest difference in phase between anchor and negative, exclusive; 30 in the paper.
        negatives: Where the negative comes from: ``positive-clip`` (released code), ``third-clip``
            (across videos, as the paper's text has it) or ``same-clip`` (the single-view control: all
            three frames of one clip, the positive from the other half-cycle where that has one near).
        near: With ``same-clip``, how far in phase the other half-cycle's nearest frame may be.

    Attributes:
        usable: Numbers of the clips that are used.
        dropped: How many clips are not, by reason.

    Raises:
        DataError: Too few clips are usable.
        RecipeError: The gap is out of range.
    """

    def __init__(
        self,
        elevations: Sequence[npt.NDArray[np.floating[Any]]],
        *,
        gap: float = 30.0,
        negatives: Negatives = "positive-clip",
        near: float = 12.0,
    ) -> None:
        if not 0 <= gap < 180:
            raise RecipeError("The gap is out of range.", where="gap", expected="0 <= gap < 180", found=gap)
        if negatives not in _NEEDED_CLIPS:
            raise RecipeError(
                "There is no such source of negatives.",
                where="negatives",
                expected=", ".join(_NEEDED_CLIPS),
                found=negatives,
            )
        self.gap = gap
        self.negatives = negatives
        self.near = near
        self._phases = [np.asarray(e, dtype=np.float64) * 360 for e in elevations]
        reasons = [_unusable(phases, gap) for phases in self._phases]
        self._turns = [
            0 if reason else int(_excursion(phases).argmax())
            for phases, reason in zip(self._phases, reasons, strict=True)
        ]
        self.usable: Indices = np.array([i for i, reason in enumerate(reasons) if reason is None], np.int64)
        self.dropped: Mapping[str, int] = dict(Counter(reason for reason in reasons if reason is not None))
        if len(self.usable) < _NEEDED_CLIPS[negatives]:
            listed = (
                ", ".join(f"{count} {reason}" for reason, count in self.dropped.items()) or "none dropped"
            )
            raise DataError(
                "The pool has too few clips to draw triplets from.",
                expected=f"at least {_NEEDED_CLIPS[negatives]} clips whose bar turns",
                found=f"{len(self.usable)} usable of {len(reasons)} ({listed})",
                remedy="Give a larger pool, or check the clips' trajectories (aqa-bench dataset verify).",
            )

    def epoch(self, rng: np.random.Generator) -> Triplets:
        """One triplet for each usable clip as anchor, in random order."""
        return self.draw(rng.permutation(self.usable), rng)

    def sample(self, count: int, rng: np.random.Generator) -> Triplets:
        """Triplets of anchor clips drawn with replacement."""
        return self.draw(rng.choice(self.usable, count), rng)

    def draw(self, anchor_clips: npt.ArrayLike, rng: np.random.Generator) -> Triplets:
        """Triplets of the given anchor clips.

        The anchor is the frame nearest to a phase drawn evenly from those that both clips pass
        through; the positive is the other clip's frame nearest to the anchor; the negative is drawn
        evenly from the frames beyond the gap from the anchor.

        Args:
            anchor_clips: ``(N,)`` numbers of usable clips.
            rng: Source of all draws.
        """
        draw = self._within if self.negatives == "same-clip" else self._across
        rows = np.array([draw(int(clip), rng) for clip in np.atleast_1d(np.asarray(anchor_clips))], np.int64)
        rows = rows.reshape(-1, 6)
        return Triplets(*(self._batch(rows[:, i], rows[:, i + 1]) for i in (0, 2, 4)))

    def elevation_grid(self, elevations: int, videos: int, rng: np.random.Generator) -> FrameBatch:
        """Frames of several clips at the same phases, for the loss over all triplets of a batch.

        Phases are drawn one from each of ``elevations`` equal parts of the scale.

        Args:
            elevations: Phases a batch.
            videos: Clips a batch; no more than are usable.
            rng: Source of all draws.

        Returns:
            ``elevations * videos`` frames, clip by clip; those of one clip are distinct where it can be.

        Raises:
            RecipeError: The counts are out of range.
        """
        if elevations < 2 or not 2 <= videos <= len(self.usable):
            raise RecipeError(
                "The grid of elevations and videos is out of range.",
                expected=f"at least 2 elevations and 2..{len(self.usable)} videos",
                found=f"{elevations} elevations, {videos} videos",
                remedy="Lower the videos a batch, or give a larger pool.",
            )
        targets = (np.arange(elevations) + rng.random(elevations)) * (360 / elevations)
        clips = rng.choice(self.usable, videos, replace=False)
        frames = [self._nearest_randomly(int(clip), target, rng) for clip in clips for target in targets]
        return self._batch(np.repeat(clips, elevations), np.array(frames, np.int64))

    def _across(self, clip: int, rng: np.random.Generator) -> tuple[int, ...]:
        phases = self._phases[clip]
        for _ in range(_TRIES):
            second = self._other(rng, clip)
            third = self._other(rng, clip, second) if self.negatives == "third-clip" else second
            low = max(phases.min(), self._phases[second].min())
            high = min(phases.max(), self._phases[second].max())
            if low > high:
                continue
            anchor = self._nearest_randomly(clip, rng.uniform(low, high), rng)
            negative = self._beyond(third, phases[anchor], rng)
            positive = int(np.abs(self._phases[second] - phases[anchor]).argmin())
            return clip, anchor, second, positive, third, negative
        raise DataError(
            "No other clip passes through the phases of an anchor clip.",
            where=f"clip {clip} of the pool",
            expected="trajectories normalised to [0, 1]",
            found=f"phases {phases.min():.0f}..{phases.max():.0f}",
        )

    def _within(self, clip: int, rng: np.random.Generator) -> tuple[int, ...]:
        phases = self._phases[clip]
        anchor = self._nearest_randomly(clip, rng.uniform(phases.min(), phases.max()), rng)
        turn = self._turns[clip]
        times = np.arange(len(phases))
        apart = np.abs(phases - phases[anchor])
        other_half = (times > turn) if anchor <= turn else (times <= turn)
        candidates = other_half & (apart <= self.near)
        if not candidates.any():
            candidates = times != anchor
        positive = int(np.where(candidates, apart, np.inf).argmin())
        return clip, anchor, clip, positive, clip, self._beyond(clip, phases[anchor], rng)

    def _other(self, rng: np.random.Generator, *taken: int) -> int:
        while True:
            clip = int(self.usable[rng.integers(len(self.usable))])
            if clip not in taken:
                return clip

    def _beyond(self, clip: int, phase: float, rng: np.random.Generator) -> int:
        beyond = np.flatnonzero(np.abs(self._phases[clip] - phase) > self.gap)
        return int(beyond[rng.integers(len(beyond))])

    def _nearest_randomly(self, clip: int, phase: float, rng: np.random.Generator) -> int:
        """The frame nearest in phase, in a random one of the two half-cycles."""
        phases = self._phases[clip]
        turn = self._turns[clip]
        start, stop = (0, turn + 1) if rng.random() < 0.5 else (turn, len(phases))
        return start + int(np.abs(phases[start:stop] - phase).argmin())

    def _batch(self, clips: Indices, frames: Indices) -> FrameBatch:
        phases = [self._phases[c][f] for c, f in zip(clips.tolist(), frames.tolist(), strict=True)]
        return FrameBatch(clips, frames, np.array(phases, np.float64))


def _unusable(phases: Phases, gap: float) -> str | None:
    if phases.ndim != 1 or len(phases) == 0 or not np.isfinite(phases).all():
        return "without a trajectory"
    if np.ptp(phases) <= 2 * gap:
        return "without frames beyond the gap"
    return None if _excursion(phases).max() > gap else "whose bar never turns"


def _excursion(phases: Phases) -> Phases:
    """How far each frame lies beyond both ends of the clip, on the same side of them; else below 0."""
    ends = phases[[0, -1], None]
    excursion: Phases = np.maximum((phases - ends).min(axis=0), (ends - phases).min(axis=0))
    return excursion
