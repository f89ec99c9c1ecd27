from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqa_bench.core import registry
from aqa_bench.protocol.plan import Request, ResolvedRun, resolve
from aqa_bench.stats import scoring

PLUGINS = Path(__file__).parents[1] / "plugins"
DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The methods of ``tests/plugins``, installed."""
    monkeypatch.syspath_prepend(PLUGINS)
    registry.refresh()
    yield PLUGINS
    registry.refresh()
    for name in [name for name in sys.modules if name.startswith("aqa_test_methods")]:
        del sys.modules[name]


@pytest.fixture
def fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the tests' methods have fitted so far: a line a split."""
    log = tmp_path / "fits.log"
    monkeypatch.setenv("AQA_TEST_LOG", str(log))
    return lambda: log.read_text().splitlines() if log.exists() else []


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested with the statistics; here they only have to be there."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)


@pytest.fixture
def resolved(plugins: Path):
    def make(method: str = "noise", *overrides: str, scheme: str = "one-class", **request) -> ResolvedRun:
        return resolve(Request(DATASET, method, scheme=scheme, overrides=overrides, **request))

    return make
