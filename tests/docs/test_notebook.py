"""The notebook of the docs prints what it shows."""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = _tool("notebook")


def notebook(*sources: str) -> dict[str, Any]:
    return {"cells": [{"cell_type": "code", "source": [source], "outputs": []} for source in sources]}


def test_the_notebook_is_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("MPLBACKEND", "agg")
    shown = json.loads(tool.NOTEBOOK.read_text(encoding="utf-8"))
    assert tool.texts(tool.execute(shown, tmp_path)) == tool.texts(shown), "run python tools/notebook.py"
    assert ["picture"] in tool.texts(shown)
    assert {file.name for file in tmp_path.iterdir()} == {"runs"}


def test_cells_share_names_and_show_prints_and_last_values(tmp_path: Path) -> None:
    done = tool.execute(notebook("x = 2\nprint('a')\nx", "x + 1;", "x * 2"), tmp_path)
    assert tool.texts(done) == [["a\n", "2"], [], ["4"]]
    assert [cell["execution_count"] for cell in done["cells"]] == [1, 2, 3]


def test_a_notebook_that_is_not_current_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "notebook.ipynb"
    file.write_text(json.dumps(notebook("1 + 1")))
    monkeypatch.setattr(tool, "NOTEBOOK", file)
    assert tool.main(["--check"]) == 1
    assert tool.main([]) == 0
    assert tool.main(["--check"]) == 0
    file.write_text(file.read_text().replace("1 + 1", "1 + 2"))
    assert tool.main(["--check"]) == 1


def test_the_site_shows_the_notebook_with_its_pictures() -> None:
    files = _tool("docs_site").notebook_files()
    page = files.pop("first-steps.md")
    assert isinstance(page, str)
    assert page.startswith("# First steps")
    assert page.count("```python") == sum(
        c["cell_type"] == "code" for c in json.loads(tool.NOTEBOOK.read_text())["cells"]
    )
    assert len(files) == 2
    for name, content in files.items():
        assert f"]({name})" in page
        assert isinstance(content, bytes)
        assert content.startswith(b"\x89PNG")


def test_pictures_and_texts_become_markdown() -> None:
    png = base64.b64encode(b"picture").decode()
    outputs = [
        {"output_type": "stream", "text": ["a\n", "b\n"]},
        {"output_type": "display_data", "data": {"image/png": png}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# A\n", "b"]},
        notebook("x")["cells"][0] | {"outputs": outputs},
    ]
    text, pictures = tool.as_markdown({"cells": cells}, "walk")
    assert text.startswith("# A\nb\n\n```python\nx\n```\n\n```text\na\nb\n```\n\n![")
    assert pictures == {"walk-1.png": b"picture"}
