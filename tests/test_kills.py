"""A dozen of the kills of ``tools/kills.py``, and that the tool counts what it is to count."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"
CHEAP = ("run", "force", "submit", "build")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@pytest.fixture
def kills(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOOLS))
    import kills as tool

    return tool


def test_a_dozen_kills_lose_tear_and_leave_nothing() -> None:
    only = [word for name in CHEAP for word in ("--only", name)]
    done = subprocess.run(
        [sys.executable, TOOLS / "kills.py", "--kills", "12", "--seed", "4", *only],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found.pop("kills")) == set(CHEAP)
    assert found == {"lost": 0, "torn": 0, "believed": 0, "left": 0}


def in_place(file: Path) -> None:
    """Write as nobody should: under the final name, in two steps."""
    file.write_text("half")
    time.sleep(0.5)
    file.write_text("whole")


def emptied(file: Path) -> None:
    """Take away what was there, and be slow to bring it back."""
    file.unlink(missing_ok=True)
    time.sleep(0.5)
    file.write_text("whole")


def trusting(file: Path) -> None:
    """Believe what is there."""
    if not file.exists():
        in_place(file)


@pytest.mark.parametrize(
    ("work", "again", "faults"),
    [
        (in_place, in_place, ["torn"]),
        (trusting, trusting, ["torn", "believed"]),
        (emptied, lambda file: None, ["lost", "believed"]),
        (lambda file: os.fork() or time.sleep(60), in_place, ["left"]),
    ],
)
def test_what_is_torn_lost_believed_or_left_is_counted(
    kills: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    work: Callable[[Path], object],
    again: Callable[[Path], object],
    faults: list[str],
) -> None:
    def start(argv: list[str], cwd: Path) -> int:
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            (work if argv == ["work"] else again)(cwd / "place" / "file")
            os._exit(0)
        return child

    class Middle(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return (a + b) / 2

    monkeypatch.setattr(kills, "start", start)
    place = tmp_path / "place"
    place.mkdir()
    scenario = kills.Scenario(
        "x",
        ["work"],
        "place",
        lambda folder: {f.name: f.read_text() for f in folder.glob("*")},
        again=["again"],
        keep=True,
    )
    scenario.seconds, scenario.right = 0.5, {"file": "whole"}
    if work is emptied:
        (place / "file").write_text("whole")
    monkeypatch.setattr(kills, "PATIENCE_S", 0.3)
    assert scenario.kill(tmp_path, Middle()) == faults
