"""The tool that times augmentation beside the training step, on a few small frames."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[3] / "tools" / "bench_augment.py"
SMALL = (
    "--device",
    "cpu",
    "--triplets",
    "2",
    "--resize",
    "40",
    "--crop",
    "32",
    "--steps",
    "1",
    "--blocks",
    "1",
)


def test_every_preset_is_timed_beside_the_bare_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("bench_augment", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    # Its dataclass looks its own module up.
    monkeypatch.setitem(sys.modules, "bench_augment", tool)
    spec.loader.exec_module(tool)
    assert tool.main(SMALL) == 0
    head, columns, *lines = capsys.readouterr().out.splitlines()
    assert "6 frames, 40 to 32 px" in head
    assert columns.split() == ["step", "ms", "ratio", "alone", "ms", "waits"]
    assert [line.split()[0] for line in lines] == ["bare", *tool.PRESETS]
    for line in lines:
        assert all(float(number) > 0 for number in line.split()[1:])
    assert tool.main([*SMALL, "--graph"]) == 2
