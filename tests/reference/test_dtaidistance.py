"""Dynamic time warping beside dtaidistance: no band, no penalty, the root of summed squared distances."""

from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.methods.pose_trainer_dtw.dtw import dtw_distance, dtw_distances

_REASON = "dtaidistance is not installed (extra test or reference)"
dtw = pytest.importorskip("dtaidistance.dtw", reason=_REASON)
dtw_ndim = pytest.importorskip("dtaidistance.dtw_ndim", reason=_REASON)

LENGTHS = (1, 2, 7, 30, 31, 55)


def _walks(channels: int, seed: int) -> list[np.ndarray]:
    """Series that wander, as angles of joints do, of every length."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(length, channels)).cumsum(axis=0) for length in LENGTHS]


@pytest.mark.parametrize("seed", range(3))
def test_series_of_any_two_lengths_are_as_far_apart_as_in_dtaidistance(seed: int) -> None:
    series = [walk[:, 0].copy() for walk in _walks(1, seed)]
    theirs = [[dtw.distance(query, other) for other in series] for query in series]
    np.testing.assert_allclose([dtw_distances(query, series) for query in series], theirs, rtol=1e-12)


@pytest.mark.parametrize("channels", [2, 5])
def test_series_of_several_channels_are_as_far_apart_as_in_dtaidistance(channels: int) -> None:
    series = _walks(channels, seed=channels)
    theirs = [[dtw_ndim.distance(query, other) for other in series] for query in series]
    np.testing.assert_allclose([dtw_distances(query, series) for query in series], theirs, rtol=1e-12)


def test_ties_between_paths_change_no_distance() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        first, second = (rng.integers(0, 3, size=rng.integers(1, 15)).astype(float) for _ in range(2))
        assert dtw_distance(first, second) == pytest.approx(dtw.distance(first, second), rel=1e-12)
