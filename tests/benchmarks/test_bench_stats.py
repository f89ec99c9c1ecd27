"""Speed of the statistics; run with ``pytest --benchmark-only tests/benchmarks/test_bench_stats.py``."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.stats.bootstrap import bootstrap
from aqa_bench.stats.evidence import evidence
from aqa_bench.stats.metrics import METRICS, MetricKind
from aqa_bench.stats.ranks import Rank, ranks_of
from aqa_bench.stats.separation import separation
from aqa_bench.stats.thresholds import tune_threshold


@pytest.mark.parametrize(
    ("metric_id", "limit_s"),
    [("f1", 2.0), ("accuracy", 2.0), ("auroc", 2.0), ("ap", 2.0), ("spearman", 3.0), ("mae", 2.0)],
)
def test_group_bootstrap_of_20_methods(benchmark: BenchmarkFixture, metric_id: str, limit_s: float) -> None:
    """10,000 resamples of 100 groups of 4 samples, 20 columns."""
    rng = np.random.default_rng(0)
    kind = METRICS[metric_id].kind
    y = rng.normal(size=400) if kind is MetricKind.REGRESSION else (rng.random(400) < 0.15) * 1.0
    scores = y[:, None] + rng.normal(size=(400, 20))
    values = (scores > 0.5) * 1.0 if kind is MetricKind.DECISION else scores
    groups = np.repeat(np.arange(100), 4)
    interval = benchmark.pedantic(
        bootstrap, (metric_id, y, values), {"groups": groups}, rounds=3, warmup_rounds=1
    )
    assert interval.low < interval.value < interval.high
    assert benchmark.stats.stats.min < limit_s


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("metric_id", ["f1", "accuracy", "auroc", "spearman"])
def test_ranks_of_a_board(benchmark: BenchmarkFixture, metric_id: str) -> None:
    """20 methods on 240 samples of 145 groups, from their scores to their ranks."""
    rng = np.random.default_rng(0)
    kind = METRICS[metric_id].kind
    y = rng.normal(size=240) if kind is MetricKind.REGRESSION else (rng.random(240) < 0.35) * 1.0
    scores = y[:, None] + rng.normal(size=(240, 20))
    values = (scores > 0.5) * 1.0 if kind is MetricKind.DECISION else scores
    groups = np.unique(rng.integers(0, 145, 240), return_inverse=True)[1].astype(np.int64)

    def ranks() -> list[Rank]:
        rows = [evidence(metric_id, y, column[:, None], groups=groups) for column in values.T]
        return ranks_of([row.value for row in rows], separation(rows))

    found = benchmark.pedantic(ranks, rounds=10, warmup_rounds=1)
    assert all(rank.low <= rank.high for rank in found)
    assert benchmark.stats.stats.min < 0.05


def test_threshold_of_100_000_scores(benchmark: BenchmarkFixture) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(100_000) < 0.15) * 1.0
    tuned = benchmark(tune_threshold, y, np.clip(0.2 * y + 0.8 * rng.random(100_000), 0, 1))
    assert 0 < tuned.value < 1
    assert benchmark.stats.stats.min < 0.2
