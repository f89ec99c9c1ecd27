from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.boards import row_scores
from aqa_bench.cli.main import main
from aqa_bench.core import registry
from aqa_bench.stats import scoring


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Answer(code, captured.out, captured.err)

    return call


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested with the statistics; here they only have to be there."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)
    monkeypatch.setattr(row_scores, "N_RESAMPLES", 50)


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The methods of ``tests/plugins``, installed."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "plugins")
    registry.refresh()
    yield
    registry.refresh()
    for name in [name for name in sys.modules if name.startswith("aqa_test_methods")]:
        del sys.modules[name]
