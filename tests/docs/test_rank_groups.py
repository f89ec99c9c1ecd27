from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rank_simulation", ROOT / "tools" / "rank_simulation.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_was_measured(tool: ModuleType) -> None:
    document = json.loads(tool.MEASURED.read_text(encoding="utf-8"))
    below = tool.PAGE.read_text(encoding="utf-8").partition(tool.MARK)[2]
    assert below == tool.tables(document)
    named = {cell.name: cell for cell in tool.cells()}
    assert document.keys() <= named.keys()
    for name, cell in document.items():
        assert {key: cell[key] for key in vars(named[name])} == vars(named[name])


def test_a_cell_is_the_same_each_time_and_a_run_goes_on(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "measured.json"
    monkeypatch.setattr(tool, "MEASURED", file)
    cells = [
        tool.Cell("null", "f1", 36, 15, 3, 1),
        tool.Cell("power", "spearman", 36, 15, 3, 2, better=0.8),
        tool.Cell("cover", "auroc", 36, 15, 1, 1),
    ]
    monkeypatch.setattr(tool, "cells", lambda: iter(cells[:1]))
    tool.run(8, "")
    first = json.loads(file.read_text())
    monkeypatch.setattr(tool, "cells", lambda: iter(cells))
    monkeypatch.setattr(tool, "RESAMPLES", 50)
    tool.run(8, "")
    both = json.loads(file.read_text())
    assert both.keys() == {cell.name for cell in cells}
    assert both[cells[0].name] == first[cells[0].name] == tool.simulate(cells[0], 8)
    assert both[cells[1].name]["boards"] == 2
    assert 0 <= both[cells[2].name]["covered"] <= 1


def test_a_missed_limit_is_named(tool: ModuleType) -> None:
    cell = tool.Cell("null", "f1", 240, 145, 20, 1)
    shown = {}
    for false in (0.06, 0.07):
        values = {**vars(cell), "boards": 400, "false": false}
        shown[false] = tool.tables({cell.name: values})
    assert "- 20 methods x 1 seeds, F1, 240 / 145: 7.0 ± 1.3, limit 6.5." in shown[0.07]
    assert "**7.0**" in shown[0.07]
    assert "None." in shown[0.06]
    assert (
        "**" not in shown[0.06].partition("## Equal methods told apart")[2].partition("above the limit.")[2]
    )
