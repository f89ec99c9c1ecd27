"""Triplets of frames by the phase of the barbell (Parmar et al., ECCV 2022, section 3.1)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import Field
from torch import Tensor, nn

from aqa_bench.core.errors import DataError, RecipeError
from aqa_bench.core.recipe import ADDED_LATER
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.image_features import PooledBackbone, Pooling
from aqa_bench.learn.heads.build import Projection
from aqa_bench.learn.losses.distance_ratio import TripletLoss

__all__ = [
    "CrossClipTriplets",
    "EmbeddingNetwork",
    "FrameBatch",
    "FrameTriplets",
    "Phases",
    "TripletSampler",
    "Triplets",
]

Indices: TypeAlias = npt.NDArray[np.int64]
PhaseArray: TypeAlias = npt.NDArray[np.float64]

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
    phases: PhaseArray

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


class Phases:
    """The phase of the bar in every frame of a pool's clips, and which clips can be used.

    Phase is elevation on a scale of 360. It does not wrap, and the way down and the way up pass through
    the same phases. A clip is used if its bar goes to the other end and comes back by more than the
    gap, and if it has frames beyond the gap from any phase it passes through.

    Args:
        elevations: ``(T,)`` elevation in [0, 1] of the frames of each clip.
        gap: Smallest difference in phase that makes another pose, exclusive; 30 in the paper.
        needed: Clips that must be usable.

    Attributes:
        usable: Numbers of the clips that are used.
        dropped: How many clips are not, by reason.
        turns: Frame in which the bar of each clip turns.

    Raises:
        DataError: Too few clips are usable.
        RecipeError: The gap is out of range.
    """

    def __init__(
        self, elevations: Sequence[npt.NDArray[np.floating[Any]]], *, gap: float = 30.0, needed: int = 2
    ) -> None:
        if not 0 <= gap < 180:
            raise RecipeError("The gap is out of range.", where="gap", expected="0 <= gap < 180", found=gap)
        self.gap = gap
        # On the paper's scale of 360, on which its gaps of 30 are stated. Phase is no angle: 0 and 360 are
        # the two ends of the bar's way.
        self._phases = [np.asarray(e, dtype=np.float64) * 360 for e in elevations]
        reasons = [_unusable(phases, gap) for phases in self._phases]
        self.turns = [
            # The turn is where the bar is farthest from both ends of the clip: a squat's lowest point, a
            # press's highest, without knowing which exercise it is.
            0 if reason else int(_excursion(phases).argmax())
            for phases, reason in zip(self._phases, reasons, strict=True)
        ]
        self.usable: Indices = np.array([i for i, reason in enumerate(reasons) if reason is None], np.int64)
        self.dropped: Mapping[str, int] = dict(Counter(reason for reason in reasons if reason is not None))
        if len(self.usable) < needed:
            listed = (
                ", ".join(f"{count} {reason}" for reason, count in self.dropped.items()) or "none dropped"
            )
            raise DataError(
                "The pool has too few clips for triplets.",
                expected=f"at least {needed} clips in which the bar turns around",
                found=f"{len(self.usable)} usable of {len(reasons)} ({listed})",
                remedy="Use a larger pool, or check the clips' trajectories (aqa-bench dataset verify).",
            )

    def of(self, clip: int) -> PhaseArray:
        """Phases ``(T,)`` of a clip's frames."""
        return self._phases[clip]

    def beyond(self, clip: int, phase: float, rng: np.random.Generator) -> int:
        """A frame of a clip, drawn evenly from those beyond the gap from a phase."""
        # Never empty: a clip that spans at most twice the gap is not usable, so
        # every phase has frames beyond it.
        frames = np.flatnonzero(np.abs(self._phases[clip] - phase) > self.gap)
        return int(frames[rng.integers(len(frames))])

    def near(self, clip: int, phase: float, rng: np.random.Generator) -> int:
        """The frame of a clip nearest to a phase, in a random one of its two half-cycles."""
        phases, turn = self._phases[clip], self.turns[clip]
        # Way down and way up pass through the same phase. Without the coin most frames would come from the
        # slower half, where they lie denser.
        start, stop = (0, turn + 1) if rng.random() < 0.5 else (turn, len(phases))
        # The nearest frame stands for the phase: pixels between two frames cannot be interpolated.
        return start + int(np.abs(phases[start:stop] - phase).argmin())

    def frames(self, clips: Indices, frames: Indices) -> FrameBatch:
        """Frames of clips, with their phases."""
        phases = [self._phases[c][f] for c, f in zip(clips.tolist(), frames.tolist(), strict=True)]
        return FrameBatch(clips, frames, np.array(phases, np.float64))


class TripletSampler(ABC):
    """Draws one triplet for an anchor clip.

    Args:
        phases: Of the pool.
    """

    def __init__(self, phases: Phases) -> None:
        self.phases = phases

    @property
    def usable(self) -> Indices:
        """Numbers of the clips that can be anchors."""
        return self.phases.usable

    @abstractmethod
    def triplet(self, clip: int, rng: np.random.Generator) -> tuple[int, ...]:
        """Clip and frame of an anchor in ``clip``, of its positive, and of its negative."""

    def draw(self, anchor_clips: npt.ArrayLike, rng: np.random.Generator) -> Triplets:
        """Triplets of the given anchor clips.

        Args:
            anchor_clips: ``(N,)`` numbers of usable clips.
            rng: Source of all draws.
        """
        clips = np.atleast_1d(np.asarray(anchor_clips))
        # One by one, in the order of anchors: the draws are part of the seed,
        # so this order is never changed.
        rows = np.array([self.triplet(int(clip), rng) for clip in clips], np.int64).reshape(-1, 6)
        return Triplets(*(self.phases.frames(rows[:, i], rows[:, i + 1]) for i in (0, 2, 4)))

    def epoch(self, rng: np.random.Generator) -> Triplets:
        """One triplet for each usable clip as anchor, in random order."""
        return self.draw(rng.permutation(self.usable), rng)

    def sample(self, count: int, rng: np.random.Generator) -> Triplets:
        """Triplets of anchor clips drawn with replacement."""
        return self.draw(rng.choice(self.usable, count), rng)


class CrossClipTriplets(TripletSampler):
    """Anchor of one clip, positive of another at the same phase: other view, other subject, same pose.

    The anchor is the frame nearest to a phase drawn evenly from those that both clips pass through; the
    positive is the other clip's frame nearest to the anchor; the negative is drawn evenly from the
    frames beyond the gap from the anchor.

    Args:
        elevations: ``(T,)`` elevation in [0, 1] of the frames of each clip.
        gap: As for :class:`Phases`.
        negatives: Where the negative comes from: ``positive-clip`` (released code) or ``third-clip``
            (across videos, as the paper's text has it).

    Raises:
        DataError: Too few clips are usable.
        RecipeError: The gap is out of range, or there are no such negatives.
    """

    NEEDED: ClassVar[Mapping[str, int]] = {"positive-clip": 2, "third-clip": 3}

    def __init__(
        self,
        elevations: Sequence[npt.NDArray[np.floating[Any]]],
        *,
        gap: float = 30.0,
        negatives: Literal["positive-clip", "third-clip"] = "positive-clip",
    ) -> None:
        if negatives not in self.NEEDED:
            raise RecipeError(
                "This source of negatives does not exist.",
                where="negatives",
                expected=", ".join(self.NEEDED),
                found=negatives,
            )
        super().__init__(Phases(elevations, gap=gap, needed=self.NEEDED[negatives]))
        self.negatives = negatives

    def triplet(self, clip: int, rng: np.random.Generator) -> tuple[int, ...]:
        """Clip and frame of an anchor in ``clip``, of its positive, and of its negative.

        Raises:
            DataError: No other clip passes through the phases of this one.
        """
        own = self.phases.of(clip)
        for _ in range(_TRIES):
            second = self._other(rng, clip)
            third = self._other(rng, clip, second) if self.negatives == "third-clip" else second
            other = self.phases.of(second)
            # Only phases that both clips reach have a true positive; kept frames need not touch 0 and 360.
            low, high = max(own.min(), other.min()), min(own.max(), other.max())
            # Then the kept frames of the two clips share no phase, and another partner is drawn.
            if low > high:
                continue
            anchor = self.phases.near(clip, rng.uniform(low, high), rng)
            # The gap counts from the anchor's true phase, not from the one that
            # was drawn and rounded to a frame.
            negative = self.phases.beyond(third, own[anchor], rng)
            # Whichever half-cycle is nearest: the positive may move in the other direction.
            positive = int(np.abs(other - own[anchor]).argmin())
            return clip, anchor, second, positive, third, negative
        raise DataError(
            "No other clip covers the phases of an anchor clip.",
            where=f"clip {clip} of the pool",
            expected="trajectories normalised to [0, 1]",
            found=f"phases {own.min():.0f}..{own.max():.0f}",
        )

    def _other(self, rng: np.random.Generator, *taken: int) -> int:
        while True:
            clip = int(self.usable[rng.integers(len(self.usable))])
            if clip not in taken:
                return clip


class FrameTriplets(TripletLoss):
    """Part of a recipe: triplets of frames, and what their embeddings are made of.

    Attributes:
        triplets: ``sampled``: one triplet per anchor clip; ``batch-all``: every valid triplet of a batch of
            clips at the same elevations, for weak initial weights.
        negatives: Where the negative comes from: the clip of the positive, a third clip, or one clip for
            all three frames.
        gap: Smallest difference in phase between anchor and negative, of 360.
        tolerance: With ``batch-all``, largest difference in phase between anchor and positive.
        elevations: With ``batch-all``, elevations per batch; ``batch_size`` counts clips then.
        sphere: Whether embeddings have unit length. On the sphere distances are at most 2, and from random
            weights the loss stays near ln 2.
        projector: What the projection reads: ``gap`` (pooled features) or ``map`` (a coarse map, flattened,
            which keeps where something is).
        projector_stage: With ``map``, the backbone's stage that the map comes from.
        projector_grid: With ``map``, its positions along either axis.
    """

    triplets: Literal["sampled", "batch-all"] = "sampled"
    negatives: Literal["positive-clip", "third-clip", "same-clip"] = "positive-clip"
    gap: float = Field(default=30.0, ge=0, lt=180)
    tolerance: float = Field(default=8.0, ge=0)
    elevations: int = Field(default=8, ge=2)
    sphere: Annotated[bool, ADDED_LATER] = True
    projector: Literal["gap", "map"] = "gap"
    projector_stage: int = -1
    projector_grid: int = Field(default=4, ge=1)


class EmbeddingNetwork(nn.Module):
    """A backbone and a projection, onto the unit sphere unless the recipe says otherwise.

    Args:
        features: The network, and what is kept of an image.
        projection: Maps its features to embeddings.
    """

    def __init__(self, features: PooledBackbone, projection: Projection) -> None:
        super().__init__()
        self.features = features
        self.projection = projection

    @classmethod
    def of(cls, backbone: ImageBackbone, recipe: FrameTriplets, side: int) -> Self:
        """The network of a recipe, for images of ``side`` pixels."""
        pooling = Pooling(recipe.projector, (recipe.projector_stage,), recipe.projector_grid)
        features = PooledBackbone(backbone, pooling)
        projection = Projection(
            features.num_features(side), recipe.embedding, recipe.hidden, sphere=recipe.sphere
        )
        return cls(features, projection)

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings ``(N, D)`` of images."""
        y: Tensor = self.projection(self.features(images))
        return y


def _unusable(phases: PhaseArray, gap: float) -> str | None:
    if phases.ndim != 1 or len(phases) == 0 or not np.isfinite(phases).all():
        return "without a trajectory"
    # The middle of the range needs frames beyond the gap on one side at least.
    if np.ptp(phases) <= 2 * gap:
        return "without frames beyond the gap"
    return None if _excursion(phases).max() > gap else "whose bar never turns"


def _excursion(phases: PhaseArray) -> PhaseArray:
    """How far each frame lies beyond both ends of the clip, on the same side of them; else below 0."""
    # Beyond both ends: a bar that only rises stays between them, has no excursion and so no turn.
    ends = phases[[0, -1], None]
    excursion: PhaseArray = np.maximum((phases - ends).min(axis=0), (ends - phases).min(axis=0))
    return excursion
