from __future__ import annotations

import numpy as np

from aqa_bench.learn.features.half_cycle import half_cycle_difference


def elevations(count: int = 21) -> np.ndarray:
    return np.abs(np.linspace(-1, 1, count))


def test_what_both_ways_share_cancels() -> None:
    e = elevations()
    features = np.stack([np.sin(3 * e), np.full_like(e, 7)], axis=1).astype(np.float32)
    difference = half_cycle_difference(features, e, 10, bandwidth=0.01)
    # The turning point has no frame of its own elevation in the second half.
    np.testing.assert_allclose(np.delete(difference, 10, axis=0), 0, atol=1e-5)


def test_what_one_way_adds_stays_with_opposite_signs() -> None:
    e = elevations()
    added = (np.arange(21) > 10).astype(np.float32)[:, None]
    difference = half_cycle_difference(added, e, 10, bandwidth=0.02)
    np.testing.assert_allclose(difference[:11], -1)
    np.testing.assert_allclose(difference[11:], 1)


def test_a_wide_band_takes_the_mean_of_the_other_half() -> None:
    features = np.random.default_rng(0).normal(size=(21, 3)).astype(np.float32)
    difference = half_cycle_difference(features, elevations(), 10, bandwidth=1e6)
    np.testing.assert_allclose(difference[:11], features[:11] - features[11:].mean(axis=0), atol=1e-5)


def test_a_clip_that_never_turns_has_no_differences() -> None:
    features = np.ones((5, 2), np.float32)
    assert not half_cycle_difference(features, np.linspace(0, 1, 5), 4, bandwidth=0.1).any()
