from __future__ import annotations

from pathlib import Path

import numpy as np

from aqa_bench.protocol.custody import Custodian
from aqa_bench.protocol.fitting import prepare_fit
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.runner import run

DATASET = "stick-figures/shoulder-press"


def given(seed: int = 0, *, shuffled: bool):
    resolved = resolve(Request(DATASET, "noise", seed=seed, shuffle_labels=shuffled))
    task = resolved.tasks[0]
    custodian = Custodian(resolved.dataset, task.id, b"the same")
    return prepare_fit(resolved, task, resolved.splits[task.id][0], custodian, "cpu")


def test_labels_are_permuted_over_the_same_samples(plugins: Path) -> None:
    true, other = given(shuffled=False), given(shuffled=True)
    for part in ("train", "val"):
        a, b = getattr(true, part), getattr(other, part)
        assert [s.id for s in a.samples] == [s.id for s in b.samples]
        assert sorted(a.targets) == sorted(b.targets)
    assert (true.train.targets != other.train.targets).any()


def test_each_seed_has_a_permutation_of_its_own(plugins: Path) -> None:
    first, again, second = (given(seed, shuffled=True).train.targets for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)


def test_the_run_is_a_control_with_an_id_of_its_own(plugins: Path, tmp_path: Path) -> None:
    true = run(resolve(Request(DATASET, "noise")), tmp_path).record
    shuffled = run(resolve(Request(DATASET, "noise", shuffle_labels=True)), tmp_path).record
    assert true.run_id != shuffled.run_id
    assert (true.control, true.shuffled_labels) == (False, False)
    assert (shuffled.control, shuffled.shuffled_labels) == (True, True)
