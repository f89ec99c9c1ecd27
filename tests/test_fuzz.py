"""A few hundred of the inputs of ``tools/fuzz.py``, and that the tool finds what it is to find."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"
CASES = 10
# Slow to import, or slow to make a valid input for.
LARGE = ("mp4", "pt: weights", "safetensors: weights", "pt: training checkpoint")


@pytest.fixture
def fuzz(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOOLS))
    import fuzz as tool

    return tool


def test_a_sample_of_every_parser_is_accepted_or_refused(fuzz: ModuleType, tmp_path: Path) -> None:
    found: dict[str, int] = {}
    for name in fuzz.TARGETS:
        if name in LARGE:
            continue
        seeds = list(fuzz.TARGETS[name].seeds())
        for content in seeds:
            assert fuzz.outcome_of(name, content, _empty(tmp_path)) == ("accepted", "")
        for number in range(CASES):
            content = fuzz.case(name, seeds, 99, number)
            kind, told = fuzz.outcome_of(name, content, _empty(tmp_path))
            assert kind in ("accepted", "refused"), f"{name}, input {number} of seed 99: {told}"
            found[kind] = found.get(kind, 0) + 1
    assert found["accepted"] > CASES
    assert found["refused"] > len(fuzz.TARGETS) * CASES / 2


def test_inputs_are_decided_by_seed_and_number(fuzz: ModuleType) -> None:
    for name in ("json: run", "npz, npy: keypoints", "pickle: split of dives"):
        seeds = list(fuzz.TARGETS[name].seeds())
        made = [[fuzz.case(name, seeds, seed, number) for number in range(9)] for seed in (1, 1, 2)]
        if name.startswith("json"):
            assert made[0] == made[1]
        assert made[0] != made[2]


def test_every_parser_gets_its_share(fuzz: ModuleType) -> None:
    counts = fuzz.cases_of(100_000, list(fuzz.TARGETS))
    assert sum(counts.values()) >= 100_000
    assert min(counts.values()) > 500


def test_children_read_what_they_are_asked_to(fuzz: ModuleType) -> None:
    found = fuzz.fuzz("toml: recipes", 20, 3)
    assert found.counts.total() == 20
    assert not found.bad


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux")
@pytest.mark.parametrize(
    ("parse", "kind"),
    [
        (lambda content, file: 1 / 0, "traceback"),
        (lambda content, file: sys.exit(3), "traceback"),
        (lambda content, file: _endless(), "time"),
        (lambda content, file: len(bytearray(700 << 20)), "memory"),
        (lambda content, file: bytearray(1 << 60), "memory"),
        (lambda content, file: os.kill(os.getpid(), signal.SIGKILL), "ended"),
    ],
)
def test_what_no_reader_of_a_readable_refusal_would_call_one_is_found(
    fuzz: ModuleType, monkeypatch: pytest.MonkeyPatch, parse: Callable[[bytes, Path], Any], kind: str
) -> None:
    # Valid inputs are read first; the first of the others is its victim.
    calls = iter(range(99))
    target = fuzz.TARGETS["json: run"].__class__(
        lambda: [b"{}"], lambda content, file: parse(content, file) if next(calls) else None
    )
    monkeypatch.setitem(fuzz.TARGETS, "bad", target)
    monkeypatch.setattr(fuzz, "SECONDS", 0.2)
    reading, writing = os.pipe()
    if os.fork() == 0:
        fuzz._serve(writing, "bad", 0, 1, 0)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.wait()
    assert (json.loads(said)[1] if said else "ended") == kind
    assert (os.WIFSIGNALED(status), bool(said)) == (kind == "ended", kind != "ended")


def _endless() -> None:
    while True:
        pass


def _empty(folder: Path) -> Path:
    for file in folder.iterdir():
        file.unlink()
    return folder
