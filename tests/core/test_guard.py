from __future__ import annotations

import pytest

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import MethodError
from aqa_bench.core.guard import method_running, refused_to_methods


@refused_to_methods
def secret(value: int) -> int:
    return value


def test_answers_while_no_method_runs() -> None:
    assert secret(3) == 3


def test_refuses_while_a_method_runs_and_answers_again_after_it() -> None:
    with method_running("cheat"):
        with pytest.raises(MethodError, match="'cheat'") as caught:
            secret(3)
        assert caught.value.where == "secret"
        with method_running("inner"), pytest.raises(MethodError, match="'inner'"):
            secret(3)
        with pytest.raises(MethodError, match="'cheat'"):
            secret(3)
    assert secret(3) == 3


def test_answers_again_after_a_method_failed() -> None:
    with pytest.raises(ZeroDivisionError), method_running("cheat"):
        raise ZeroDivisionError
    assert secret(3) == 3


@pytest.mark.parametrize("question", ["samples", "targets", "splits", "unlabeled"])
def test_every_dataset_refuses_what_leads_to_labels(question: str) -> None:
    class Mine(Dataset):
        def fingerprint(self) -> str:
            return ""

        def samples(self, task: str):
            return {}

        def targets(self, task: str):
            return {}

        def splits(self, task: str, scheme: str):
            return ()

        def unlabeled(self, task: str, held_out: frozenset[str]):
            return ()

        def audit(self, progress=None):
            raise AssertionError

    arguments = {"splits": ("t", "folds"), "unlabeled": ("t", frozenset())}.get(question, ("t",))
    ask = getattr(Mine(), question)
    assert len(ask(*arguments)) == 0
    with method_running("cheat"), pytest.raises(MethodError, match="custody"):
        ask(*arguments)
