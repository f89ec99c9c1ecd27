from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import MethodError
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import TaskKind
from aqa_bench.learn.supervised.targets import TargetCoding


def labelled(*targets: float) -> LabeledSet:
    samples = tuple(Sample(str(i), str(i), Media()) for i in range(len(targets)))
    return LabeledSet(samples, np.array(targets))


def context(kind: TaskKind) -> Any:
    return SimpleNamespace(task=SimpleNamespace(kind=kind, id="t"), dataset="d", split="s")


def test_scores_come_back_as_they_went_in() -> None:
    train = labelled(10, 30, 80)
    coding = TargetCoding.of(train, context(TaskKind.SCORE), "m")
    encoded = coding.encode(train.targets)
    assert float(encoded.mean()) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(coding.decode(encoded[:, None]), train.targets, rtol=1e-5)


def test_logits_become_probabilities_of_error() -> None:
    coding = TargetCoding.of(labelled(0, 1), context(TaskKind.BINARY), "m")
    assert coding.num_outputs == 2
    np.testing.assert_allclose(coding.decode(torch.tensor([[0.0, 0.0], [0.0, np.log(3)]])), [0.5, 0.75])


@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.SCORE])
def test_too_few_are_refused(kind: TaskKind) -> None:
    with pytest.raises(MethodError, match="one class"):
        TargetCoding.of(labelled(1.0), context(kind), "m")
