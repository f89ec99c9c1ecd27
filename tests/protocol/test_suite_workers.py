from __future__ import annotations

import os

import pytest

from aqa_bench.protocol.suite_workers import in_processes, visible_gpus, worker_gpus


@pytest.mark.parametrize(
    ("workers", "device", "gpus", "expected"),
    [
        (2, "auto", ("0", "1"), ("0", "1")),
        (3, "cuda", ("4", "7"), ("4", "7")),
        (3, "auto", ("4", "7"), ("4", "7", "")),
        (2, "auto", ("0", "1", "2"), ("0", "1")),
        (2, "auto", ("0",), ("0", "")),
        (2, "auto", (), (None, None)),
        (2, "cpu", ("0", "1"), (None, None)),
        (2, "cuda:1", ("0", "1"), (None, None)),
    ],
)
def test_each_gpu_has_one_process_and_the_others_see_none(
    workers: int, device: str, gpus: tuple[str, ...], expected: tuple[str | None, ...]
) -> None:
    assert worker_gpus(workers, device, gpus) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ("0", "1", "2")),
        ("", ()),
        ("-1", ()),
        ("2", ("2",)),
        ("3, 0", ("3", "0")),
        ("1,-1,2", ("1",)),
        ("GPU-aa,MIG-bb", ("GPU-aa", "MIG-bb")),
        ("NoDevFiles", ()),
    ],
)
def test_the_environment_says_which_gpus_are_ours(value: str | None, expected: tuple[str, ...]) -> None:
    environment = {} if value is None else {"CUDA_VISIBLE_DEVICES": value}
    assert visible_gpus(environment, lambda: 3) == expected


def test_each_process_sees_its_own_gpu_and_keeps_it_after_a_death(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    jobs = ["CUDA_VISIBLE_DEVICES"] * 4
    found = list(in_processes(jobs, ("0", "1"), os.getenv, lambda job, error: f"{job}: {error}"))
    assert set(found) == {"0", "1"}
    after = list(in_processes([3, 4], ("1",), os._exit, lambda code, error: f"{code}"))
    assert sorted(after) == ["3", "4"]
    (seen,) = in_processes(["CUDA_VISIBLE_DEVICES"], (None,), os.getenv, lambda job, error: str(error))
    assert seen == "0,1"
