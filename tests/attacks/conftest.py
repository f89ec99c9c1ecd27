"""What the attacks share: the methods of ``tests/plugins`` and short intervals.

One test per attack, in ``test_<section>_<topic>.py``: A labels, B results on disk, C submissions,
D parsers. Its name says what the attacker tries; it asserts what they get, and the sentence that names it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aqa_bench.core import registry
from aqa_bench.protocol.plan import Request, ResolvedRun, resolve
from aqa_bench.stats import scoring

DATASET = "stick-figures/shoulder-press"
PLUGINS = Path(__file__).parents[1] / "plugins"


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested with the statistics; here they only have to be there."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)


@pytest.fixture
def resolved(plugins: Path) -> Callable[..., ResolvedRun]:
    def make(method: str = "noise", *overrides: str, scheme: str = "folds", **request) -> ResolvedRun:
        return resolve(Request(DATASET, method, scheme=scheme, overrides=overrides, **request))

    return make


@pytest.fixture
def my_idea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Installs a copy of the tests' methods; edits the source of it, as its author would between two runs."""
    home = tmp_path / "site"
    shutil.copytree(PLUGINS, home, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(home)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = home / "aqa_test_methods" / "method.py"

    def forget() -> None:
        registry.refresh()
        for name in [name for name in sys.modules if name.startswith("aqa_test_methods")]:
            del sys.modules[name]

    def edit(old: str, new: str) -> None:
        text = file.read_text()
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))
        forget()

    forget()
    yield edit
    forget()
