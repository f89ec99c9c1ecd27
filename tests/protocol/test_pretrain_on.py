from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import UsageError
from aqa_bench.datasets.stick_figures.adapter import StickFigures
from aqa_bench.protocol import plan
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.runner import run

DATASET = "stick-figures/shoulder-press"
OTHER = "stick-figures/elsewhere"


class Elsewhere(StickFigures):
    """The same figures under another name."""

    card = StickFigures.card.model_copy(update={"id": OTHER})


@pytest.fixture
def elsewhere(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find, open_ = plan.find_dataset, plan.open_dataset

    def find_dataset(name: str) -> DatasetCard:
        return Elsewhere.card if name == OTHER else find(name)

    monkeypatch.setattr(plan, "find_dataset", find_dataset)
    monkeypatch.setattr(plan, "open_dataset", lambda name: Elsewhere() if name == OTHER else open_(name))


def test_the_pool_is_the_one_a_run_over_there_would_get(elsewhere: None, tmp_path: Path) -> None:
    here = run(resolve(Request(DATASET, "pooler", scheme="one-class")), tmp_path).record
    there = run(resolve(Request(DATASET, "pooler", scheme="one-class", pretrain_on=OTHER)), tmp_path).record
    assert (here.pool_dataset, here.pool_fingerprint) == (None, None)
    assert there.pool_dataset == OTHER
    assert there.pool_fingerprint == StickFigures().fingerprint()
    assert there.facts["pool_dataset"] == OTHER
    assert here.facts["pool_dataset"] == DATASET
    dataset = Elsewhere()
    split = dataset.splits("form", dataset.card.schemes[0].id)[0]
    free = dataset.unlabeled("form", frozenset((*split.val, *split.test)))
    assert there.pool_size == {"form": len(free)}
    assert len(there.facts["pool"]) == len(free)


def test_the_run_id_knows_the_pool(elsewhere: None) -> None:
    own = resolve(Request(DATASET, "pooler"))
    assert resolve(Request(DATASET, "pooler", pretrain_on=OTHER)).run_id != own.run_id
    assert resolve(Request(DATASET, "pooler", pretrain_on=DATASET)).run_id == own.run_id


def test_the_pool_may_be_that_of_another_preset(plugins: Path, tmp_path: Path) -> None:
    dataset = "synthetic-gym/diving@tiny"
    own = run(resolve(Request(dataset, "pooler")), tmp_path).record
    other = run(resolve(Request(dataset, "pooler", pretrain_on="synthetic-gym/diving")), tmp_path).record
    assert (other.dataset, other.pool_dataset) == (dataset, "synthetic-gym/diving")
    assert own.run_id != other.run_id
    assert not set(own.facts["pool"]) & set(other.facts["pool"])
    # The default, spelled out or not, is the dataset's own pool.
    for same in ("synthetic-gym/diving", "synthetic-gym/diving@demo"):
        assert resolve(Request("synthetic-gym/diving", "pooler", pretrain_on=same)).foreign is None


def test_a_method_that_does_not_pretrain_is_refused(elsewhere: None) -> None:
    with pytest.raises(UsageError, match="does not pre-train"):
        resolve(Request(DATASET, "noise", pretrain_on=OTHER))


def test_an_unknown_pool_is_refused(plugins: Path) -> None:
    with pytest.raises(UsageError, match="There is no dataset"):
        resolve(Request(DATASET, "pooler", pretrain_on="stick-figures/elsewhere"))
