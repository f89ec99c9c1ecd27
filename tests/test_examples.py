"""What docstrings show is what happens."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "aqa_bench": ROOT / "benchmark" / "aqa_bench",
    "aqa_bench.methods": ROOT / "methods",
    "aqa_bench.datasets": ROOT / "datasets",
}
MODULES = [
    ".".join((room, *file.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
    for room, folder in ROOMS.items()
    for file in sorted(folder.rglob("*.py"))
    if ">>> " in file.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted
    assert not result.failed
