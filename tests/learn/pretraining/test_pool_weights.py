from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from aqa_bench.learn.features.extractor import save_state
from aqa_bench.learn.pretraining.pool import TrainedWeights


class Line(nn.Module):
    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)


def training(line: Line, calls: list[int]) -> Any:
    def train() -> dict[str, float]:
        calls.append(1)
        nn.init.constant_(line.linear.weight, 3.0)
        nn.init.constant_(line.linear.bias, 1.0)
        return {"figure": 0.5}

    return train


def test_the_same_identity_is_trained_once(tmp_path: Path) -> None:
    calls: list[int] = []
    for _ in range(2):
        line = Line()
        assert TrainedWeights(tmp_path, {"a": 1}).once(line, training(line, calls)) == {"figure": 0.5}
        torch.testing.assert_close(line.linear.weight.detach(), torch.full((1, 2), 3.0))
    assert len(calls) == 1


def test_of_two_at_once_one_trains_and_the_other_waits(tmp_path: Path) -> None:
    calls: list[int] = []
    lines = [Line(), Line()]

    def once(line: Line) -> dict[str, float]:
        def train() -> dict[str, float]:
            time.sleep(0.3)
            return training(line, calls)()

        return TrainedWeights(tmp_path, {"a": 1}).once(line, train)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(once, lines)) == [{"figure": 0.5}] * 2
    assert len(calls) == 1
    for line in lines:
        torch.testing.assert_close(line.linear.weight.detach(), torch.full((1, 2), 3.0))


def test_the_processes_of_torchrun_train_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    calls: list[int] = []
    both = threading.Barrier(2, timeout=20)

    def once(line: Line) -> dict[str, float]:
        def train() -> dict[str, float]:
            both.wait()
            return training(line, calls)()

        return TrainedWeights(tmp_path, {"a": 1}).once(line, train)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(once, [Line(), Line()]))
    assert len(calls) == 2


def test_what_is_not_complete_is_trained_again(tmp_path: Path) -> None:
    weights, calls, line = TrainedWeights(tmp_path, {}), [], Line()
    weights.once(line, training(line, calls))
    weights.once(line, training(line, calls), lambda facts: facts == {"figure": 0.5})
    assert len(calls) == 1
    assert weights.once(line, training(line, calls), lambda _: weights.snapshot(0).is_file()) == {
        "figure": 0.5
    }
    assert len(calls) == 2


def test_another_identity_is_trained_anew(tmp_path: Path) -> None:
    calls: list[int] = []
    for value in (1, 2):
        line = Line()
        TrainedWeights(tmp_path, {"a": value}).once(line, training(line, calls))
    assert len(calls) == 2


@pytest.mark.parametrize("damaged", ["weights", "facts", "other network"])
def test_what_is_damaged_is_trained_again(tmp_path: Path, damaged: str) -> None:
    weights, calls = TrainedWeights(tmp_path, {}), []
    line = Line()
    weights.once(line, training(line, calls))
    if damaged == "weights":
        weights.path.write_bytes(b"nothing")
    elif damaged == "facts":
        weights.path.with_suffix(".json").unlink()
    else:
        save_state(Line(5), weights.path)
    weights.once(line, training(line, calls))
    assert len(calls) == 2
    assert weights.load(Line()) == {"figure": 0.5}


def test_the_checkpoint_goes_when_the_weights_are_there(tmp_path: Path) -> None:
    weights, line = TrainedWeights(tmp_path, {}), Line()
    weights.checkpoint.write_bytes(b"half-way")
    weights.once(line, training(line, []))
    assert not weights.checkpoint.exists()
