"""Labels of a plug-in's dataset are checked once, before anything is fitted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.targets import UnfitLabel, check_targets
from aqa_bench.protocol import plan

STICKS = "stick-figures/shoulder-press"


class Odd:
    """The stick figures with other labels."""

    def __init__(self, change: object) -> None:
        self._inner = open_dataset(STICKS)
        self._change = change

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def targets(self, task: str) -> Mapping[str, object]:
        return {n: self._change(i, v) for i, (n, v) in enumerate(self._inner.targets(task).items())}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda i, v: float("nan") if i == 3 else v, "nan"),
        (lambda i, v: 1.0 if v else -1.0, "-1 (the labels of the task: -1, 1)"),
        (lambda i, v: v + 1, "2 (the labels of the task: 1, 2)"),
        (lambda i, v: None if i == 3 else v, "None"),
        (lambda i, v: "bad" if i == 3 else v, "'bad'"),
        (lambda i, v: v / 2, "0.5 (the labels of the task: 0, 0.5)"),
    ],
)
def test_a_run_is_refused_before_it_begins(
    monkeypatch: pytest.MonkeyPatch, change: object, found: str
) -> None:
    dataset = Odd(change)
    monkeypatch.setattr(plan, "open_dataset", lambda name: dataset)
    with pytest.raises(UnfitLabel) as caught:
        plan.resolve(plan.Request(STICKS, "prior"))
    assert caught.value.found == found
    assert f"{STICKS} form, sample s" in str(caught.value.where)


@pytest.mark.parametrize("kind", [bool, np.bool_, np.int64, np.float32, float])
def test_every_way_to_write_0_and_1_in_python_is_one(kind: type) -> None:
    dataset = Odd(lambda i, v: kind(v))
    check_targets(dataset, dataset.card.tasks[0])  # type: ignore[arg-type]


def test_a_sample_without_a_label_is_named() -> None:
    class Bare(Odd):
        def targets(self, task: str) -> Mapping[str, object]:
            return dict(list(super().targets(task).items())[1:])

    dataset = Bare(lambda i, v: v)
    first = next(iter(dataset.samples("form")))
    with pytest.raises(DataError, match=first):
        check_targets(dataset, dataset.card.tasks[0])  # type: ignore[arg-type]
