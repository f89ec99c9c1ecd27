from __future__ import annotations

import pytest
import torch

from aqa_bench.protocol.doctor.speed import Size, finetuning_speed, pretraining_speed
from aqa_bench.protocol.doctor.timing import fastest

CPU = torch.device("cpu")


def test_pre_training_is_set_beside_the_bare_and_the_straightforward_step() -> None:
    figures = pretraining_speed(CPU, Size(32, 2, 1, 1))
    assert figures["augmentations"].keys() == {"none", "simsiam", "strong"}
    for timed in figures["augmentations"].values():
        assert timed["ratio"] == pytest.approx(timed["ms"] / figures["bare_ms"], rel=0.01)
    ours = figures["augmentations"]["none"]["ms"]
    assert figures["times_faster_than_straightforward"] == pytest.approx(
        figures["straightforward_ms"] / ours, rel=0.02, abs=0.01
    )
    assert figures["images_per_second"] == pytest.approx(6000 / figures["bare_ms"], rel=0.01)


def test_fine_tuning_is_set_beside_the_bare_network() -> None:
    figures = finetuning_speed(CPU, Size(16, 2, 1, 1, frames=4))
    assert figures["bare_clips_per_second"] > 0
    assert figures["clips_per_second"] > 0
    assert figures["dtype"] == "float32"


def test_the_first_call_is_not_timed_and_works_take_turns() -> None:
    calls: list[str] = []
    works = {name: lambda name=name: calls.append(name) for name in ("a", "b")}
    best = fastest(works, CPU, rounds=2)
    assert calls == ["a", "b", "a", "b", "a", "b"]
    assert all(0 <= s < 1 for s in best.values())
