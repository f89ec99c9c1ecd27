from __future__ import annotations

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.methods.pose_tdm.tdm import temporal_distance_matrix


def test_a_clip_of_200_frames_takes_less_than_a_millisecond(benchmark: BenchmarkFixture) -> None:
    keypoints = np.random.default_rng(0).normal(size=(200, 18, 2)).astype(np.float32)
    distances = benchmark(temporal_distance_matrix, keypoints)
    assert distances.shape == (200, 153)
    if benchmark.stats is not None:
        assert benchmark.stats.stats.median < 1e-3
