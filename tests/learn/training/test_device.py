from __future__ import annotations

import pytest
import torch

from aqa_bench.core.errors import UsageError
from aqa_bench.learn.training.device import (
    Precision,
    autocast,
    deterministic,
    device_name,
    resolve_device,
)

CPU = torch.device("cpu")


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> int:
    count: int = request.param
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    return count


@pytest.mark.parametrize("gpus", [0], indirect=True)
def test_without_a_gpu(gpus: int) -> None:
    assert resolve_device("auto") == resolve_device("cpu") == CPU
    for name in ("cuda", "cuda:1"):
        with pytest.raises(UsageError, match="this machine has none") as caught:
            resolve_device(name)
        assert "--device auto" in str(caught.value)


@pytest.mark.parametrize("gpus", [2], indirect=True)
def test_with_two_gpus(gpus: int) -> None:
    assert resolve_device() == resolve_device("cuda") == torch.device("cuda:0")
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    assert resolve_device("cpu") == CPU
    with pytest.raises(UsageError, match="cuda:0, cuda:1"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:", "cuda:x", "cuda:-1", "CPU", "cuda:²", "mps"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(UsageError, match="unknown"):
        resolve_device(name)


def test_precision_on_the_cpu() -> None:
    assert Precision.default(CPU) is Precision.FP32
    a = torch.ones(2, 2)
    with autocast(CPU, Precision.FP32):
        assert (a @ a).dtype == torch.float32
    with autocast(CPU, Precision.BF16):
        assert (a @ a).dtype == torch.bfloat16
    assert "cpu" in device_name(CPU)


@pytest.mark.parametrize("precision", Precision)
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_environment_chooses_the_precision(
    monkeypatch: pytest.MonkeyPatch, device: str, precision: Precision
) -> None:
    monkeypatch.setenv("AQA_BENCH_PRECISION", precision.dtype)
    assert Precision.default(torch.device(device)) is precision
    assert Precision.native(CPU) is Precision.FP32
    monkeypatch.setenv("AQA_BENCH_PRECISION", "")
    assert Precision.default(CPU) is Precision.FP32


@pytest.mark.parametrize("name", ["fp32", "half", "BFLOAT16"])
def test_an_unknown_precision_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("AQA_BENCH_PRECISION", name)
    with pytest.raises(UsageError, match="float32 or bfloat16") as caught:
        Precision.default(CPU)
    assert caught.value.where == "AQA_BENCH_PRECISION"


def test_deterministic_repeats_and_gives_back_the_state() -> None:
    torch.manual_seed(1)
    expected = torch.rand(4)
    torch.manual_seed(1)
    flags = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    with deterministic(2**63 - 1):
        first = torch.rand(4)
        assert torch.backends.cudnn.deterministic
        assert not torch.backends.cudnn.benchmark
    draws = []

    def failing() -> None:
        with deterministic(2**63 - 1):
            draws.append(torch.rand(4))
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert torch.equal(first, draws[0])
    assert torch.equal(torch.rand(4), expected)
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark) == flags
