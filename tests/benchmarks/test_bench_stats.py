"""Speed of the statistics; run with ``pytest --benchmark-only tests/benchmarks/test_bench_stats.py``."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.stats.bootstrap import bootstrap
from aqa_bench.stats.metrics import METRICS, MetricKind
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


def test_threshold_of_100_000_scores(benchmark: BenchmarkFixture) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(100_000) < 0.15) * 1.0
    tuned = benchmark(tune_threshold, y, np.clip(0.2 * y + 0.8 * rng.random(100_000), 0, 1))
    assert 0 < tuned.value < 1
    assert benchmark.stats.stats.min < 0.2
