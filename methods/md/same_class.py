"""Triplets of dives of one class and event (Parmar et al., ECCV 2022, section 3.2 and Table 6)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np
import torch

from aqa_bench.core.files import canonical_json
from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.dive_classes import dive_class, dive_event
from aqa_bench.learn.pretraining.video_batches import ClipDraw, temporal_shift
from aqa_bench.media.clips import Indices, uniform

__all__ = ["SameClassTriplets", "class_and_event"]


def class_and_event(sample: Sample) -> str | None:
    """Name of the dives that a dive is told apart from; None where class or event is not told.

    Args:
        sample: A dive whose media may have attributes.
    """
    kind, event = dive_class(sample), dive_event(sample)
    return None if kind is None or event is None else canonical_json([*kind, event])


class SameClassTriplets:
    """Anchor and positive are one dive, the negative is another of the same class at the same event.

    What the diver announced, the place and the camera are the same, so only how it was done tells the
    dives apart. All three are whole dives; each is shifted in time by a draw of its own, held at the
    clip's ends.

    Args:
        pool: Dives whose media tell class and event.
        frames: Frames of a clip, spread evenly over the dive.
        max_shift: Largest shift either way, in frames of the pool; half of the clips are shifted.

    Attributes:
        usable: Dives that have another of their class and event in the pool.
        dropped: How many have not, by reason.
    """

    def __init__(self, pool: FrameIndex, *, frames: int = 16, max_shift: int = 3) -> None:
        self.frames = frames
        self.max_shift = max_shift
        self._lengths = pool.lengths
        # Same class and same event: place, camera and announced dive agree, so that
        # they cannot tell two dives apart.
        members: defaultdict[str, list[int]] = defaultdict(list)
        reasons: Counter[str] = Counter()
        for number, sample in enumerate(pool.samples):
            name = class_and_event(sample)
            if name is None:
                reasons["without class and event of a dive"] += 1
            else:
                members[name].append(number)
        self._others: dict[int, Indices] = {}
        for numbers in members.values():
            if len(numbers) == 1:
                reasons["alone in their class and event"] += 1
                continue
            for number in numbers:
                self._others[number] = np.array([n for n in numbers if n != number], np.int64)
        self.usable: Indices = np.array(sorted(self._others), np.int64)
        self.dropped: Mapping[str, int] = dict(reasons)

    def others(self, clip: int) -> Indices:
        """Numbers of the other dives of a usable dive's class and event."""
        return self._others[clip]

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        """Anchors, then positives, then negatives of the given dives; labels are 0, 1 and 2.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.
        """
        negatives = np.array([rng.choice(self._others[int(clip)]) for clip in clips], np.int64)
        own, other = self._whole(clips), self._whole(negatives)
        # The positive is the anchor, shifted: two views of one dive, against a dive that only looks alike.
        stacked = ClipDraw.stacked((clips, own), (clips, own), (negatives, other))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        lengths = torch.from_numpy(self._lengths[stacked.clips])
        shifted = temporal_shift(torch.from_numpy(stacked.frames), lengths, self.max_shift, generator)
        return ClipDraw(stacked.clips, shifted.numpy(), stacked.labels)

    def _whole(self, clips: Indices) -> Indices:
        return np.stack([uniform(int(self._lengths[clip]), self.frames) for clip in clips])
