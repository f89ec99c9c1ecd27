from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.protocol.plan import Request, ResolvedRun, resolve
from aqa_bench.stats import scoring

DATASET = "stick-figures/shoulder-press"


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested with the statistics; here they only have to be there."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)


@pytest.fixture
def resolved(plugins: Path):
    def make(method: str = "noise", *overrides: str, scheme: str = "one-class", **request) -> ResolvedRun:
        return resolve(Request(DATASET, method, scheme=scheme, overrides=overrides, **request))

    return make
