from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def method_folder(tmp_path: Path) -> Callable[[str | None], Path]:
    """Makes a method's folder with that text as its recipes; without a file where there is none."""
    made = []

    def make(text: str | None) -> Path:
        folder = tmp_path / f"recipe_fixture_{len(made)}"
        made.append(folder)
        folder.mkdir()
        if text is not None:
            (folder / "recipes.toml").write_text(text)
        return folder

    return make
