from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.features.video_features import read_clips
from aqa_bench.learn.pretraining.video_batches import ClipDraw, VideoBatch, clip_batches
from aqa_bench.learn.training.distributed import World
from aqa_bench.media.clips import Indices


class TwoFrames:
    """Each clip twice: its first two frames, and the same backwards."""

    dropped: Mapping[str, int] = {}

    def __init__(self, count: int) -> None:
        self.usable: Indices = np.arange(count)

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        forward = np.tile([0, 1], (len(clips), 1))
        return ClipDraw.stacked((clips, forward), (clips, forward[:, ::-1]))


@pytest.fixture
def pool(clips: list[Sample]) -> FrameIndex:
    return FrameIndex(clips, FrameSpec(None, 16, None))


def equal(a: VideoBatch, b: VideoBatch) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a[:3], b[:3], strict=True)) and a.seed == b.seed


def test_frames_of_clips_keep_their_order(pool: FrameIndex) -> None:
    read = read_clips(pool, np.array([3, 1]), np.array([[5, 0, 2], [1, 1, 4]]))
    assert read.shape == (2, 3, 16, 16, 3)
    for row, (clip, frames) in enumerate([(3, [5, 0, 2]), (1, [1, 1, 4])]):
        np.testing.assert_array_equal(read[row], pool.samples[clip].media.frames(frames, 16))


def test_an_epoch_has_every_clip_once_and_all_its_views(pool: FrameIndex) -> None:
    batches = list(clip_batches(pool, TwoFrames(5), 2, seed=3)(0))
    assert [len(batch.frames) for batch in batches] == [4, 4]
    firsts = torch.cat([batch.clips[:2] for batch in batches]).tolist()
    assert len(set(firsts)) == 4
    for batch in batches:
        assert batch.labels.tolist() == [0, 0, 1, 1]
        assert torch.equal(batch.frames[:2], batch.frames[2:].flip(1))


def test_epochs_differ_and_repeat_under_the_seed(pool: FrameIndex) -> None:
    draws = clip_batches(pool, TwoFrames(5), 5, seed=3)
    (first,), (again,), (second,) = (list(draws(epoch)) for epoch in (0, 0, 1))
    (other,) = clip_batches(pool, TwoFrames(5), 5, seed=4)(0)
    assert equal(first, again)
    assert not equal(first, second)
    assert not equal(first, other)


def test_processes_share_the_batches(pool: FrameIndex) -> None:
    def clips(world: World) -> list[list[int]]:
        return [b.clips.tolist() for b in clip_batches(pool, TwoFrames(5), 1, 0, world)(0)]

    alone = clips(World())
    assert [*clips(World(0, 2)), *clips(World(1, 2))] == [*alone[:4:2], *alone[1:4:2]]


def test_a_batch_of_nothing_is_refused(pool: FrameIndex) -> None:
    with pytest.raises(RecipeError):
        list(clip_batches(pool, TwoFrames(5), 0, 0)(0))
