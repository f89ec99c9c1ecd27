"""A suite whose parent alone is interrupted: nothing goes on computing for nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SECONDS = 60
CARD = """
id = "sleeper"
name = "Sleeper"
version = 1
paper = "ours"
summary = "Never ends."
modality = "none"
needs = []
regime = "control"
control = true
factory = "method:Sleeper"
"""
METHOD = """
import os, pathlib, time
from aqa_bench.core.method import Method
from aqa_bench.core.recipe import Recipe

class Sleeper(Method[Recipe]):
    recipe_type = Recipe

    def fit(self, train, val, pool, ctx):
        pathlib.Path({folder!r}, str(os.getpid())).touch()
        time.sleep(600)
"""
SUITE = """
about = "Sleeps."
[[block]]
datasets = ["stick-figures/*"]
methods = ["sleeper"]
seeds = [0, 1, 2]
"""


@pytest.fixture
def suite(tmp_path: Path) -> list[str]:
    """A command that starts two processes at work that never ends, each leaving its id in ``at-work``."""
    package, distribution = tmp_path / "site/sleeper", tmp_path / "site/sleeper-0.1.dist-info"
    for folder in (package, distribution, tmp_path / "at-work"):
        folder.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "card.toml").write_text(CARD)
    (package / "recipes.toml").write_text("[quick]\n")
    (package / "method.py").write_text(METHOD.format(folder=str(tmp_path / "at-work")))
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: sleeper\nVersion: 0.1\n")
    (distribution / "entry_points.txt").write_text("[aqa_bench.methods]\nsleeper = sleeper\n")
    (distribution / "RECORD").write_text("sleeper/card.toml,,\nsleeper/__init__.py,,\nsleeper/method.py,,\n")
    (tmp_path / "suite.toml").write_text(SUITE)
    # A shell starts what it puts into the background with interrupts ignored.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from aqa_bench.cli.main import main; sys.exit(main(sys.argv[1:]))"
    out = str(tmp_path / "runs")
    return [sys.executable, "-c", code, "suite", str(tmp_path / "suite.toml"), "--jobs", "2", "--out", out]


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="needs Linux")
def test_an_interrupt_of_its_parent_alone_ends_all_processes_of_a_suite(
    tmp_path: Path, suite: list[str]
) -> None:
    path = os.pathsep.join(filter(None, [str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")]))
    with (tmp_path / "errors").open("w") as errors:
        parent = subprocess.Popen(suite, env=os.environ | {"PYTHONPATH": path}, stderr=errors)
    try:
        _until(lambda: len(list((tmp_path / "at-work").iterdir())) == 2 or parent.poll() is not None)
        assert parent.poll() is None, (tmp_path / "errors").read_text()
        family = _descendants(parent.pid)
        assert len(family) >= 4
        parent.send_signal(signal.SIGINT)
        assert parent.wait(SECONDS) != 0
        _until(lambda: not any(map(_lives, family)), 10)
    finally:
        parent.kill()
    assert "Traceback" not in (tmp_path / "errors").read_text()


def _descendants(process: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _status(int(folder.name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, level = set[int](), [process]
    while level:
        level = [child for parent in level for child in children.get(parent, [])]
        found.update(level)
    return found


def _lives(process: int) -> bool:
    return _status(process)[:1] not in ([], ["Z"])


def _status(process: int) -> list[str]:
    """State and parent of a process, and more; nothing where there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
