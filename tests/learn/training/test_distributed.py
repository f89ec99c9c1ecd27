from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from aqa_bench.core.errors import UsageError
from aqa_bench.learn.training.distributed import World, bare, data_parallel, distributed

CPU = torch.device("cpu")

_TRAINING = """
import sys, torch
from torch import nn
from aqa_bench.learn.training.distributed import bare, data_parallel, distributed
with distributed(torch.device("cpu")) as world:
    torch.manual_seed(world.rank)
    model = data_parallel(nn.Linear(3, 1), world, torch.device("cpu"))
    start = bare(model).weight.detach().clone()
    x = torch.arange(24.0).view(4, 2, 3) / 24
    for batch in world.share(x):
        model.zero_grad()
        model(batch).square().mean().backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
    torch.save([start, bare(model).weight.detach()], f"{sys.argv[1]}/{world.rank}.pt")
"""


def test_nothing_happens_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    model = nn.Linear(2, 2)
    with distributed(CPU) as world:
        assert world == World()
        assert world.is_main
        assert data_parallel(model, world, CPU) is model
        assert bare(model) is model
        assert list(world.share(range(3))) == [0, 1, 2]
    assert not torch.distributed.is_initialized()


def test_incomplete_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(UsageError, match="torchrun"), distributed(CPU):
        pass


def test_two_processes_train_one_model(tmp_path: Path) -> None:
    """Averaged gradients equal those of one process with both batches."""
    script = tmp_path / "train.py"
    script.write_text(_TRAINING)
    command = [sys.executable, str(script), str(tmp_path)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {
        **os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
        "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    running = [subprocess.Popen(command, env={**environment, "RANK": str(rank)}) for rank in range(2)]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    (start, first), (_, second) = (torch.load(tmp_path / f"{r}.pt", weights_only=True) for r in range(2))
    assert torch.equal(first, second)
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    assert torch.equal(model.weight, start)
    for batch in torch.arange(24.0).view(2, 4, 3) / 24:
        model.zero_grad()
        model(batch).square().mean().backward()
        with torch.no_grad():
            for p in model.parameters():
                assert p.grad is not None
                p -= 0.1 * p.grad
    torch.testing.assert_close(first, model.weight.detach())
