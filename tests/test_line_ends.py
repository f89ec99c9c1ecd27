"""A checkout under git's default on Windows holds the same bytes as any other."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HASHED = (
    "submissions/*/run.json", "submissions/*.csv", "leaderboards/*.json", "leaderboards/*.csv",
    "methods/*/recipes.toml", "methods/*.py", "datasets/*.py", "datasets/*.json", "suites/*.toml",
    "tests/*.json",
)  # fmt: skip
FEW = 8


def git(*arguments: str) -> str:
    return subprocess.run(["git", "-C", ROOT, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="needs a git checkout"
)
def test_a_checkout_on_windows_changes_no_byte_of_what_is_hashed(tmp_path: Path) -> None:
    files = [name for pattern in HASHED for name in git("ls-files", pattern).splitlines()[:FEW]]
    assert {name.partition("/")[0] for name in files} >= {"submissions", "leaderboards", "methods", "suites"}
    windows = ("-c", "core.autocrlf=true", "-c", "core.eol=crlf")
    git(*windows, "checkout-index", f"--prefix={tmp_path.as_posix()}/", "--", *files)
    for name in files:
        checked_out = (tmp_path / name).read_bytes()
        assert checked_out == git_bytes(name), name
        assert b"\r\n" not in checked_out


def git_bytes(name: str) -> bytes:
    """A file as the index holds it."""
    return subprocess.run(["git", "-C", ROOT, "show", f":{name}"], check=True, capture_output=True).stdout
