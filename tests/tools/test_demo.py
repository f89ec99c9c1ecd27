"""What ``make demo`` prints and writes, on a preset of seconds."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.boards.building.problems import committed_boards
from aqa_bench.core.record import read_record
from aqa_bench.protocol.suite import plan_jobs, read_suite

ROOT = Path(__file__).resolve().parents[2]
TINY = "synthetic-gym/backsquat@tiny"
SUITE = f"""
[[block]]
datasets = ["{TINY}"]
methods = ["constant"]
tasks = ["kfe", "ss"]

[[block]]
datasets = ["{TINY}"]
methods = ["phase"]
tasks = ["ss"]

[[block]]
datasets = ["{TINY}"]
methods = ["pose-tdm"]
recipes = ["body"]
tasks = ["kfe"]
set = ["epochs=2"]
"""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        import demo

        return demo


def test_it_ends_in_tables_and_a_page_that_stands_alone(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "suite.toml"
    suite.write_text(SUITE)
    for name, value in (("SUITE", suite), ("DATASET", TINY), ("JOBS", 1)):
        monkeypatch.setattr(tool, name, value)
    assert tool.demo([str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    page = tmp_path / "out" / "report.html"
    assert printed.splitlines()[-1].endswith(str(page))
    built = committed_boards(tmp_path / "out/leaderboards/v2/synthetic-gym-backsquat-tiny")
    built = built or committed_boards(next((tmp_path / "out/leaderboards/v2").glob("*tiny*")))
    assert built is not None
    text = page.read_text()
    for board in built.boards:
        assert tool.report.__globals__["QUESTIONS"][board.task] in printed
        for row in board.rows:
            record = read_record(tmp_path / "out/submissions" / TINY / row.method / row.runs[0])
            found = record.metrics[board.task]["auroc"]
            shown = f"{found.value:.2f}", f"[{found.low:.2f}, {found.high:.2f}]", f"{row.value:.2f}"
            assert re.search(r"\s+".join(map(re.escape, shown)), printed)
            assert "</td><td>".join(shown) in text
    assert "always error (floor)" in printed
    assert "pose-tdm body (oracle)" in printed
    # Clips and plots are in the file; nothing is fetched.
    assert text.count("data:image/webp;base64,") == 4
    assert text.count("data:image/svg+xml;base64,") == 4
    assert all(address.startswith("data:") for address in re.findall(r'(?:src|href)="([^"]*)"', text))


def test_its_suite_is_planned_and_starts_with_the_longest_job() -> None:
    jobs = plan_jobs(read_suite(ROOT / "suites" / "demo.toml"))
    assert {job.dataset for job in jobs} == {"synthetic-gym/backsquat"}
    assert jobs[0].method == "cvcspc"
