from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.boards.costs import backbone_of, device_of, latency_ms, regime_of
from aqa_bench.core.record import RunRecord, read_record


def made(synthetic: ModuleType, root: Path, predict: float, **changes: object) -> RunRecord:
    times = {"fit": 1.0, "predict": predict, "total": 2.0}
    return read_record(synthetic.write_run(root, "a-method", 0.5, timings=times, scored=False, **changes))


def test_latency_is_the_median_over_runs_a_sample(synthetic: ModuleType, tmp_path: Path) -> None:
    records = [
        made(synthetic, tmp_path / str(i), seconds, seed=i) for i, seconds in enumerate([0.1, 0.4, 0.2])
    ]
    assert latency_ms(records, [100, 100, 100]) == pytest.approx(2.0)


def test_latency_needs_one_device_and_a_time(synthetic: ModuleType, tmp_path: Path) -> None:
    cpu = made(synthetic, tmp_path / "a", 0.1)
    gpu = made(synthetic, tmp_path / "b", 0.1, device="NVIDIA H200")
    assert latency_ms([cpu, gpu], [100, 100]) is None
    assert latency_ms([made(synthetic, tmp_path / "c", 0.0)], [100]) is None
    assert latency_ms([cpu], [0]) is None


def test_devices_have_names(synthetic: ModuleType, tmp_path: Path) -> None:
    assert device_of(made(synthetic, tmp_path / "a", 0.1)) == "any, 1 thread"
    assert device_of(made(synthetic, tmp_path / "b", 0.1, device="NVIDIA H200")) == "NVIDIA H200"


def test_backbone_is_what_the_recipe_names(synthetic: ModuleType, tmp_path: Path) -> None:
    assert backbone_of(made(synthetic, tmp_path / "a", 0.1)) == ""
    named = made(synthetic, tmp_path / "b", 0.1, hyperparameters={"backbone": "resnet18"})
    assert backbone_of(named) == "resnet18"


@pytest.mark.parametrize(
    ("regime", "facts", "shown"),
    [
        ("frozen", {}, "frozen"),
        ("frozen", {"regime": "finetune"}, "finetune"),
        ("frozen", {"regime": "<b>"}, "frozen"),
        ("frozen", {"regime": ["frozen", "finetune"]}, "frozen"),
        ("control", {"regime": "frozen"}, "control"),
    ],
)
def test_a_recipe_may_change_the_regime(
    synthetic: ModuleType, tmp_path: Path, regime: str, facts: dict[str, object], shown: str
) -> None:
    assert regime_of(made(synthetic, tmp_path, 0.1, regime=regime, facts=facts)) == shown
