from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import MethodError, RecipeError
from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.pretraining.triplets import Phases
from aqa_bench.learn.training.distributed import World
from aqa_bench.methods.cvcspc.batch_all import batch_all_distance_ratio, elevation_batches, elevation_grid

from ...learn.conftest import make_clips


def _reference(a: np.ndarray, p: np.ndarray, n: np.ndarray, squared: bool) -> float:
    power = 2 if squared else 1
    near, far = np.linalg.norm(a - p) ** power, np.linalg.norm(a - n) ** power
    return -math.log(math.exp(-near) / (math.exp(-near) + math.exp(-far)))


def _lift(rng: np.random.Generator, length: int) -> np.ndarray:
    """A squat that begins high, at an uneven pace, with jitter; its amplitude spans 0 to 1."""
    turn = int(length * rng.uniform(0.3, 0.7))
    down, up = np.linspace(1, 0, turn + 1), np.linspace(0, rng.uniform(0.9, 1), length - turn)[1:]
    elevation = np.concatenate([down**1.5, up]) + rng.normal(0, 0.01, length)
    return ((elevation - elevation.min()) / np.ptp(elevation)).astype(np.float32)


def _pool(seed: int, clips: int = 6) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [_lift(rng, int(rng.integers(12, 60))) for _ in range(clips)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_batch_all_is_the_mean_over_an_enumeration(seed: int, squared: bool) -> None:
    rng = np.random.default_rng(seed)
    x, phases, clips = rng.normal(size=(9, 4)), rng.uniform(0, 90, 9), rng.integers(0, 3, 9)
    losses = [
        _reference(x[a], x[p], x[n], squared)
        for a, p, n in product(range(9), repeat=3)
        if clips[a] != clips[p] and abs(phases[a] - phases[p]) <= 8 and abs(phases[a] - phases[n]) > 30
    ]
    loss = batch_all_distance_ratio(*map(torch.from_numpy, (x, phases, clips)), squared=squared)
    assert loss.item() == pytest.approx(np.mean(losses) if losses else 0.0, rel=1e-9)


def test_batch_all_gradients_and_collapse() -> None:
    phases, clips = torch.tensor([0.0, 2, 100, 104, 250, 251]), torch.tensor([0, 1, 0, 1, 0, 1])
    x = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: batch_all_distance_ratio(y, phases, clips), x)
    same = torch.ones(6, 3)
    assert batch_all_distance_ratio(same, phases, clips).item() == pytest.approx(math.log(2))


def test_a_batch_without_valid_triplets_teaches_nothing() -> None:
    x = torch.randn(3, 4, requires_grad=True)
    loss = batch_all_distance_ratio(x, torch.tensor([0.0, 10, 20]), torch.tensor([0, 1, 2]))
    loss.backward()
    assert loss.item() == 0.0
    assert x.grad is not None
    assert bool((x.grad == 0).all())


def test_gradients_are_finite_at_collapse() -> None:
    x = torch.ones(4, 8, requires_grad=True)
    batch_all_distance_ratio(x, torch.tensor([0.0, 0, 90, 90]), torch.tensor([0, 1, 0, 1])).backward()
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())


def test_shapes_that_do_not_match_are_refused() -> None:
    with pytest.raises(MethodError):
        batch_all_distance_ratio(torch.randn(3, 4), torch.zeros(2), torch.zeros(3))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 6))
def test_elevation_grid(seed: int, elevations: int, videos: int) -> None:
    pool = _pool(seed)
    batch = elevation_grid(Phases(pool), elevations, videos, np.random.default_rng(seed))
    clips = batch.clips.reshape(videos, elevations)
    assert (clips == clips[:, :1]).all()
    assert len(set(clips[:, 0])) == videos
    phases = batch.phases.reshape(videos, elevations)
    # Frames come from one half-cycle, which may end at 0.9, and noise takes a little more.
    steps = max(0.15, *(np.abs(np.diff(clip)).max() for clip in pool)) * 360
    centres = (np.arange(elevations) + 0.5) * 360 / elevations
    assert np.abs(phases - centres).max() <= 180 / elevations + steps


def test_elevation_grid_out_of_range() -> None:
    phases = Phases(_pool(0))
    for elevations, videos in ((1, 3), (4, 7), (4, 1)):
        with pytest.raises(RecipeError):
            elevation_grid(phases, elevations, videos, np.random.default_rng(0))


def _frames() -> FrameIndex:
    clips: list[Sample] = make_clips(5)
    return FrameIndex(clips, FrameSpec(None, 16, None))


def test_batches_hold_several_clips_at_the_same_elevations() -> None:
    pool = _frames()
    grid = list(elevation_batches(pool, Phases(pool.elevations()), 4, 3, 0, World())(0))
    assert [b.images.shape for b in grid] == [(12, 16, 16, 3)]
    assert grid[0].clips.view(3, 4).unique(dim=1).shape == (3, 1)


def test_processes_share_the_batches() -> None:
    pool = _frames()
    phases = Phases(pool.elevations())
    whole = list(elevation_batches(pool, phases, 3, 2, 0, World())(0))
    shares = [list(elevation_batches(pool, phases, 3, 2, 0, World(r, 2))(0)) for r in range(2)]
    assert [len(share) for share in shares] == [1, 1]
    for number in range(2):
        assert torch.equal(whole[number].images, shares[number % 2][number // 2].images)
    assert len({batch.seed for share in shares for batch in share}) == 2
