"""The session on a GPU: it survives its steps, and asks for what exists."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        import gpu_session

        return gpu_session


@pytest.mark.parametrize("device", ["cuda", "cpu"])
def test_the_steps_name_what_exists_and_fit_into_a_session(
    tool: ModuleType, tmp_path: Path, device: str
) -> None:
    found = tool.steps(tmp_path, tmp_path, device)
    assert len({step.name for step in found}) == len(found)
    for step in found:
        files = [part for part in step.command if part.startswith(("tools/", "tests/"))]
        assert all((ROOT / file).is_file() for file in files)
        assert device in step.command or files


def test_a_step_that_fails_or_takes_too_long_ends_nothing_else(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a step starts goes with it: nothing is written after its end.
    late = tmp_path / "late"
    child = f"import time; time.sleep(2); open({str(late)!r}, 'w')"
    lasting = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    made = [
        tool.Step("fails", ("-c", "import sys; print('before'); sys.exit(3)"), 30),
        tool.Step("lasts", ("-c", lasting), 1),
        tool.Step("works", ("-c", "print('{}')"), 30, keep="kept.json"),
    ]
    monkeypatch.setattr(tool, "steps", lambda *_: made)
    assert tool.main(["--out", str(tmp_path / "out")]) == 2
    document = json.loads((tmp_path / "out" / "session.json").read_text())
    statuses = {step["name"]: (step["status"], step["timed_out"]) for step in document["steps"]}
    assert statuses == {"fails": (3, False), "lasts": (-9, True), "works": (0, False)}
    assert document["steps"][0]["printed"] == "before\n"
    assert (tmp_path / "out" / "kept.json").read_text() == "{}\n"
    assert "error" in document["runs_compared"]
    time.sleep(2.5)
    assert not late.exists()


def test_runs_are_compared_by_their_scores(tool: ModuleType, tmp_path: Path) -> None:
    run = next(iter((ROOT / "submissions" / "synthetic-gym" / "backsquat" / "cvcspc").glob("*/run.json")))
    for graphs in ("0", "1"):
        shutil.copytree(run.parent, tmp_path / f"runs-{graphs}" / run.parent.name)
    found = tool.compared(tmp_path)
    assert found["largest_difference"] == 0
    assert found["graphs 1"] == found["graphs 0"]
    assert found["graphs 0"]["pretraining_batches"] > 0
    table = tmp_path / "runs-1" / run.parent.name / "predictions.csv"
    head, first, *rest = table.read_text().splitlines()
    start, _, score = first.rpartition(",")
    table.write_text("\n".join([head, f"{start},{float(score) + 0.25}", *rest]) + "\n")
    assert tool.compared(tmp_path)["largest_difference"] == pytest.approx(0.25)
