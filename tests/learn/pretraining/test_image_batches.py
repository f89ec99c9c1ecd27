from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from aqa_bench.core.errors import DataError, RecipeError
from aqa_bench.core.sample import Sample
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.augment.transform import Compose
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss
from aqa_bench.learn.pretraining.image_batches import (
    ImageBatch,
    single_frame_batches,
    triplet_batches,
)
from aqa_bench.learn.pretraining.triplets import CrossClipTriplets
from aqa_bench.learn.training.distributed import World
from aqa_bench.learn.training.loop import fit


@pytest.fixture
def pool(clips: list[Sample]) -> FrameIndex:
    return FrameIndex(clips, FrameSpec(None, 16, None))


def _same(a: ImageBatch, b: ImageBatch) -> bool:
    return torch.equal(a.images, b.images) and torch.equal(a.phases, b.phases) and a.seed == b.seed


def test_triplets(pool: FrameIndex) -> None:
    sampler = CrossClipTriplets(pool.elevations())
    batches = triplet_batches(pool, sampler, 2, seed=1)
    first = list(batches(0))
    assert [len(b.images) for b in first] == [6, 6]
    for batch in first:
        anchors, positives, negatives = batch.clips.view(3, 2)
        assert bool((anchors != positives).all())
        assert torch.equal(positives, negatives)
        phases = batch.phases.view(3, 2)
        assert bool(((phases[0] - phases[2]).abs() > 30).all())
        assert batch.generator().initial_seed() == batch.seed
    assert all(_same(a, b) for a, b in zip(first, batches(0), strict=True))
    assert not _same(first[0], next(iter(batches(1))))
    assert len({batch.seed for epoch in range(3) for batch in batches(epoch)}) == 6
    assert [len(b.images) for b in triplet_batches(pool, sampler, 25, seed=1)(0)] == [15]


def test_single_frames(pool: FrameIndex) -> None:
    single = list(single_frame_batches(pool, 4, seed=0, repeats=2)(0))
    assert [len(b.clips) for b in single] == [4, 4]
    assert torch.bincount(torch.cat([b.clips for b in single])).max() <= 2


def test_processes_share_the_batches(pool: FrameIndex) -> None:
    sampler = CrossClipTriplets(pool.elevations())
    whole = list(triplet_batches(pool, sampler, 1, seed=0)(0))
    shares = [list(triplet_batches(pool, sampler, 1, seed=0, world=World(r, 2))(0)) for r in range(2)]
    assert [len(share) for share in shares] == [2, 2]
    for number in range(4):
        assert torch.equal(whole[number].images, shares[number % 2][number // 2].images)
    assert len({batch.seed for share in shares for batch in share}) == 4
    assert list(World(2, 3).share([7])) == [7]


def test_training_is_deterministic(pool: FrameIndex) -> None:
    def run() -> tuple[float, ...]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
        augment: Compose = augmentation("strong")

        def loss(network: nn.Module, batch: ImageBatch) -> Tensor:
            a, p, n = network(augment(batch.images, batch.generator())).chunk(3)
            return distance_ratio_loss(a, p, n)

        batches = triplet_batches(pool, CrossClipTriplets(pool.elevations()), 2, seed=5)
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)
        return fit(model, batches, loss, optimizer=optimizer, epochs=2, device=torch.device("cpu")).losses

    assert run() == run()


def test_errors(pool: FrameIndex, clips: list[Sample]) -> None:
    sampler = CrossClipTriplets(pool.elevations())
    with pytest.raises(RecipeError):
        list(triplet_batches(pool, sampler, 0, seed=0)(0))
    with pytest.raises(DataError, match="too few clips"):
        single_frame_batches(FrameIndex(clips[:1], pool.spec), 2, seed=0)
    with pytest.raises(DataError, match="too few clips"):
        CrossClipTriplets(FrameIndex(clips[:1], pool.spec).elevations())
    clips[0].media.broken = True  # type: ignore[attr-defined]
    with pytest.raises(DataError, match="damaged"):
        list(triplet_batches(pool, sampler, 5, seed=0)(0))
