"""Methods that strangers wrote: each attack says what is done at fit, and what is answered at predict."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.task import Modality
from aqa_bench.datasets.stick_figures.adapter import StickFigures
from aqa_bench.protocol import plan
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.runner import run

DATASET = "stick-figures/shoulder-press"

_METHOD = """
import atexit, gc, os, sys, json, threading, time
from pathlib import Path
import numpy as np
from aqa_bench.core.method import Method
from aqa_bench.core.recipe import Recipe

KNOWN = {{}}

{anywhere}

class Stranger(Method[Recipe]):
    def __init__(self, recipe):
        super().__init__(recipe)
        self.known = {{}}
{init}

{methods}

    def fit(self, train, val, pool, ctx):
        known = self.known
{fit}
        return Predictor(self, known, ctx)

class Predictor:
    def __init__(self, method, known, ctx):
        self.method, self.known, self.ctx = method, known, ctx

    def predict(self, samples):
        known = self.known
{predict}
        return np.array([known.get(key(s), 0.25) for s in samples])

def key(sample):
    return {key}
"""


_LEVELS = {"anywhere": 0, "init": 2, "methods": 1, "fit": 2, "predict": 2}


class Stranger:
    """Installs and runs methods.

    Args:
        folder: Where to write.
        monkeypatch: Undoes it.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._count = 0
        find = plan.find_method
        self._plugins: dict[str, MethodPlugin] = {}
        monkeypatch.setattr(plan, "find_method", lambda name: self._plugins.get(name) or find(name))

    def write(
        self, *, key: str = "s.id", name: str = "stranger", uses_pool: bool = False, **parts: str
    ) -> str:
        """A method of that name with code at the named places."""
        self._count += 1
        package = f"strange_{os.getpid()}_{self._count}"
        folder = self.folder / "plugins" / package
        folder.mkdir(parents=True)
        code = {
            place: _indented(parts.get(place, "pass" if levels == 2 else ""), levels)
            for place, levels in _LEVELS.items()
        }
        (folder / "__init__.py").write_text("")
        (folder / "method.py").write_text(_METHOD.format(key=key.replace("s.", "sample."), **code))
        (folder / "recipes.toml").write_text("[quick]\n")
        card = MethodCard(
            id=name,
            name=name,
            version=1,
            paper="none",
            summary="Wants more than it is due.",
            modality="2D pose",
            needs=frozenset({Modality.KEYPOINTS}),
            regime=Regime.FROZEN,
            uses_pool=uses_pool,
        )
        self._monkeypatch.syspath_prepend(self.folder / "plugins")
        self._plugins[name] = MethodPlugin(card, f"{package}.method:Stranger", folder)
        return name

    def run(
        self,
        name: str,
        *,
        scheme: str = "folds",
        seed: int = 0,
        out: str = "runs",
        folds: int = 5,
        **how: Any,
    ) -> Path:
        """Run it, by default on folds that test every sample once; returns the run's folder."""
        wanted = resolve(Request(DATASET, name, scheme=scheme, seed=seed), **how)
        splits = {task: parts[:folds] for task, parts in wanted.splits.items()}
        return run(replace(wanted, splits=splits), self.folder / out, **how).path

    def accuracy(self, name: str, **how: Any) -> float:
        """Share of test scores on the right side of one half."""
        table = read_predictions(self.run(name, **how) / "predictions.csv")
        table = table[table["split"] == "test"]
        labels = StickFigures().targets("form")
        truth = np.array([labels[i] for i in table["sample_id"]])
        return float(np.mean((table["score"] > 0.5) == truth))


def _indented(code: str, levels: int) -> str:
    return textwrap.indent(textwrap.dedent(code), "    " * levels)


HONEST = float(1 - np.mean(list(StickFigures().targets("form").values())))
"""What saying "no error" of everything gets."""


def labels_by(name_of: Callable[[str], str]) -> dict[str, float]:
    """Every label of the dataset, by what is made of a sample's public id."""
    return {name_of(name): target for name, target in StickFigures().targets("form").items()}
