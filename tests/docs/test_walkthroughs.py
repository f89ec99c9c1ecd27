"""The walk-throughs of the docs, done as a stranger would do them, in a checkout of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_KEPT = ("stick_figures", "prior", "duration")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The benchmark with one dataset and two methods, and the programs that the docs call."""
    place = tmp_path_factory.mktemp("stranger")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "benchmark", place / "benchmark", ignore=ignored)
    for kind in ("methods", "datasets"):
        for folder in (ROOT / kind).iterdir():
            if folder.name in _KEPT:
                shutil.copytree(folder, place / kind / folder.name, ignore=ignored)
    (place / "tests").mkdir()
    for file in ("pyproject.toml", "tests/conftest.py", "tests/test_conformance.py"):
        shutil.copy(ROOT / file, place / file)
    programs = place / ".programs"
    programs.mkdir()
    for name, command in (("python", '"$@"'), ("aqa-bench", '-m aqa_bench.cli.main "$@"')):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {command}\n')
        (programs / name).chmod(0o755)
    return place


def act(checkout: Path, command: str) -> str:
    """Run a command as it is printed; its output."""
    environment = os.environ | {
        "PATH": f"{checkout / '.programs'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(checkout / "benchmark"),
        "AQA_BENCH_DATA": str(checkout / "data"),
        "AQA_BENCH_CACHE": str(checkout / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        command, shell=True, cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def write(checkout: Path, name: str, after: str | None, text: str) -> None:
    """Put a block into a file: after a line, in place of the function it defines, or as the whole."""
    file = checkout / name
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    if after is not None:
        assert old.count(f"{after}\n") == 1
        new = old.replace(f"{after}\n", f"{after}\n{text}")
    elif text.startswith("def "):
        start = old.index(text.partition("(")[0] + "(")
        end = re.compile(r"^\S", re.MULTILINE).search(old, old.index(":\n", start) + 2)
        new = old[:start] + text + (old[end.start() :] if end else "")
    else:
        new = text
    file.write_text(new, encoding="utf-8")


def matches(shown: str, output: str) -> bool:
    """Whether an output is what is shown, ``...`` standing for anything."""
    pattern = ".*".join(re.escape(part) for part in shown.strip().split("..."))
    return re.fullmatch(pattern, output.strip(), re.DOTALL) is not None


def walk(checkout: Path, page: Path) -> int:
    """Do what a page says, block by block; the number of commands."""
    commands = 0
    for language, options, body in _BLOCK.findall(page.read_text(encoding="utf-8")):
        values = dict(re.findall(r'(\w+)="([^"]*)"', options))
        if language in ("python", "markdown"):
            write(checkout, values["title"], values.get("after"), body)
            continue
        assert language == "console"
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            output = act(checkout, command)
            assert matches(shown, output), f"{page.name}: $ {command}\nshown:\n{shown}\nprinted:\n{output}"
            commands += 1
    return commands


@pytest.mark.parametrize(("page", "commands"), [("adding-a-method.md", 7), ("adding-a-dataset.md", 6)])
def test_a_stranger_gets_what_the_page_shows(checkout: Path, page: str, commands: int) -> None:
    assert walk(checkout, ROOT / "docs" / page) == commands


def test_an_output_that_differs_is_noticed() -> None:
    assert matches("a ...\nc\n", "a b\nc\n")
    assert not matches("a ...\nc\n", "a b\nd\n")
