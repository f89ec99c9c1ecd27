"""docs/own-data.md, done as it is printed, on twenty drawn clips."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _module(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"own_data_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_twenty_clips_to_intervals_as_the_page_shows(tmp_path: Path) -> None:
    squats = _module(ROOT / "tests" / "datasets" / "local" / "squats.py")
    walkthroughs = _module(ROOT / "tests" / "docs" / "test_walkthroughs.py")
    squats.write(tmp_path / "work")
    program = tmp_path / "bin" / "aqa-bench"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aqa_bench "$@"\n')
    program.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "benchmark"),
        "AQA_BENCH_DATA": str(tmp_path / "data"),
        "AQA_BENCH_CACHE": str(tmp_path / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    commands = 0
    for body in _BLOCK.findall((ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            done = subprocess.run(
                command,
                shell=True,
                cwd=tmp_path / "work",
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
            assert walkthroughs.matches(shown, done.stdout), f"$ {command}\n{shown}\n{done.stdout}"
            commands += 1
    assert commands == 7
