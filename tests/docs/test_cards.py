from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def committed(kind: str) -> set[str]:
    """Folders of plug-ins that stand in the checkout's git index."""
    command = ["git", "-C", str(ROOT), "ls-files", "--", f"{kind}/*/card.toml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return {file.split("/")[1] for file in done.stdout.splitlines() if file.count("/") == 2}


def test_every_committed_method_has_a_readme_that_names_it() -> None:
    folders = committed("methods")
    assert len(folders) >= 29
    for folder in sorted(folders):
        readme = ROOT / "methods" / folder / "README.md"
        assert readme.is_file(), f"methods/{folder} has no README.md"
        assert folder.replace("_", "-") in readme.read_text(encoding="utf-8"), readme
