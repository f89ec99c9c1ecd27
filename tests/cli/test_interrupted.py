"""Ctrl-C: what was kept is said, and the same command continues from there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.schemes import folds
from aqa_bench.datasets.stick_figures import adapter
from aqa_bench.protocol.worker.hand import Hand

DATASET = "stick-figures/shoulder-press"


def test_a_run_keeps_its_fits(
    cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "_RULES", adapter._RULES | {"folds": lambda *a: folds(*a)[:3]})
    fit, calls = Hand.fit, []

    def stopped(self: Hand, *args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return fit(self, *args, **options)

    monkeypatch.setattr(Hand, "fit", stopped)
    command = ("run", "--method", "prior", "--dataset", DATASET, "--out", tmp_path / "runs")
    answer = cli(*command)
    assert (answer.code, answer.out) == (130, "")
    assert "interrupted" in answer.err.splitlines()
    assert "1 of 3 fits are kept in " in answer.err
    assert "The same command continues from there." in answer.err
    assert cli(*command).code == 0
    assert len(calls) == 4, "the fit that was kept is not made again"


def test_prepare_says_where_its_files_are(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(adapter.FAMILY), "prepare", stopped)
    answer = cli("dataset", "prepare", "stick-figures")
    assert answer.code == 130
    assert "interrupted" in answer.err
    assert "stick-figures; the same command continues from there." in answer.err


def test_any_other_verb_says_that_too(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("aqa_bench.core.registry.dataset_cards", stopped)
    answer = cli("list", "datasets")
    assert (answer.code, "interrupted" in answer.err) == (130, True)
    assert "continues from there" in answer.err
