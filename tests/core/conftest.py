from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str | None], str]]:
    """Makes a package with that text as its recipes; without a file where there is none."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def make(text: str | None) -> str:
        name = f"recipe_fixture_{len(made)}"
        made.append(name)
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        if text is not None:
            (tmp_path / name / "recipes.toml").write_text(text)
        return name

    yield make
    for name in made:
        sys.modules.pop(name, None)
