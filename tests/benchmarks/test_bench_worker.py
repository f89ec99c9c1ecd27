"""What a process of its own costs per fold: 25 folds by workers, and the same in this process."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.core import registry
from aqa_bench.core.recipe import build_recipe
from aqa_bench.protocol.custody import Custodian, checked_scores
from aqa_bench.protocol.fitting import prepare_fit
from aqa_bench.protocol.plan import Request, ResolvedRun, resolve
from aqa_bench.protocol.worker.hand import Hand

DATASET = "stick-figures/shoulder-press"
# One that imports nothing but NumPy, and one that imports PyTorch and trains for an epoch.
METHODS = {"noise": (), "pose-tdm": ("epochs=1",)}


@pytest.fixture(scope="module", autouse=True)
def _plugins() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1] / "plugins")
        registry.refresh()
        yield
    registry.refresh()


def resolved(method: str) -> ResolvedRun:
    run = resolve(Request(DATASET, method, scheme="folds", overrides=METHODS[method]))
    assert len(run.splits["form"]) == 25
    return run


def parts(run: ResolvedRun) -> Iterator[tuple]:
    task = run.tasks[0]
    custodian = Custodian(run.dataset, task.id, secrets.token_bytes(16))
    for split in run.splits[task.id]:
        ids = (*custodian.available(split.val), *custodian.available(split.test))
        yield prepare_fit(run, task, split, custodian, "cpu"), custodian.bare(ids), task.kind


def by_workers(run: ResolvedRun) -> list[list[float]]:
    hand = Hand(run.plugin, run.told)
    return [
        checked_scores(hand.fit(given, bare).scores, len(bare), kind, "m", given.where).tolist()
        for given, bare, kind in parts(run)
    ]


def in_this_process(run: ResolvedRun) -> list[list[float]]:
    kind = run.plugin.load()
    method = kind(build_recipe(kind.recipe_type(), run.recipe.model_dump(mode="json"), "here"))
    scores = []
    for given, bare, task in parts(run):
        raw = method.fit(given.train, given.val, given.pool, given.ctx).predict(bare)
        scores.append(checked_scores(raw, len(bare), task, "m", given.where).tolist())
    return scores


@pytest.mark.benchmark(group="25 folds (goal: a worker costs less than 1 s per fold)")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("how", [in_this_process, by_workers])
def test_folds(benchmark: BenchmarkFixture, method: str, how) -> None:
    run = resolved(method)
    if how is by_workers:
        # The first worker waits for the process that the others are forked off.
        Hand(run.plugin, run.told).fit(*next(parts(run))[:2])
    found = benchmark.pedantic(how, args=(run,), rounds=2, iterations=1)
    assert found == (in_this_process if how is by_workers else by_workers)(run)
