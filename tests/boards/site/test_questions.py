"""Five questions that a reader brings, asked by clicks from the index; each answer is that of the data."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aqa_bench.cli.main import app
from aqa_bench.core.registry import find_dataset

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Walk = Callable[..., Any]


@pytest.fixture
def walk(open_page: Any) -> Walk:
    """Clicks links from the index, at most two, and gives the page that they lead to."""

    def walked(*links: str, **options: Any) -> Any:
        assert len(links) <= 2
        page = open_page("index.html", **options)
        for name in links:
            page.get_by_role("link", name=name).first.click()
            page.wait_for_load_state()
        return page

    return walked


@pytest.fixture
def squats(inputs: tuple[Path, Path, Path]) -> dict[str, Any]:
    """The board of knees inward, as its file has it."""
    file = inputs[1] / "v2" / "synthetic-gym-backsquat@wild" / "table.json"
    [board] = json.loads(file.read_text())["boards"]
    return dict(board)


def entries(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in board["rows"] if not row["control"] and not row.get("oracle")]


def test_which_method_for_knees_inward(walk: Walk, squats: dict[str, Any]) -> None:
    best = max(entries(squats), key=lambda row: row["value"])
    page = walk("Knees inward")
    first = page.locator("#kie-official-table tbody tr").first.inner_text()
    assert best["method"] in first
    assert f"{best['value']:.2f}" in first
    assert f"the best, {best['method']}" in page.locator(".lead").first.inner_text()


def test_can_i_trust_that_it_beats_guessing(walk: Walk, squats: dict[str, Any]) -> None:
    over = [row for row in entries(squats) if row["low"] > squats["floor"]]
    assert len(over) > 0
    told = walk("Knees inward").locator(".lead").first.inner_text()
    found = re.search(r"(all|\d+ of) (\d+) entries beat always saying error \(([\d.]+)\)", told)
    assert found is not None
    share, number, floor = found.groups()
    assert int(number) == len(entries(squats))
    assert (int(number) if share == "all" else int(share.split()[0])) == len(over)
    assert float(floor) == squats["floor"]


def test_what_does_it_cost(walk: Walk, squats: dict[str, Any]) -> None:
    page = walk("Knees inward")
    heads = page.locator("#kie-official-table thead th").all_inner_texts()
    column = next(i for i, head in enumerate(heads) if head.startswith("cost"))
    for row in entries(squats):
        line = page.locator("#kie-official-table tbody tr:not(.ties)", has_text=row["method"])
        cell = line.locator("th, td").nth(column)
        assert float(cell.get_attribute("data-value")) == row["parameters"]
        parameters, time = cell.text_content().split(", ")
        assert float(parameters.split()[0]) * 1000 == row["parameters"]
        assert float(time.removesuffix(" ms")) == row["latency_ms"]
    assert page.get_by_role("heading", name="What it costs").is_visible()


def test_does_the_paper_s_claim_hold(walk: Walk, inputs: tuple[Path, Path, Path]) -> None:
    claims = json.loads((inputs[1] / "v2" / "claims.json").read_text())["claims"]
    [claim] = [each for each in claims if (each["twin"] or {}).get("verdict") == "refuted"]
    [compared], p = claim["twin"]["measured"], claim["twin"]["p"]
    page = walk("What we learned")
    assert f"Of {len(claims)} claims of two papers, 1 has been tested" in page.locator(".lead").inner_text()
    told = page.locator(f"section#refuted article#{claim['id']}").inner_text()
    assert claim["says"] in told
    assert f"{compared['effect']:+.2f} [{compared['low']:+.2f}, {compared['high']:+.2f}]" in told
    assert f"p = {p} (Holm)" in told
    for side in ("better", "worse"):
        assert f"{compared[side]['method']} quick ({compared[side]['value']:.2f})" in told


def test_how_would_mine_do(walk: Walk) -> None:
    page = walk("Try yours", permissions=["clipboard-read", "clipboard-write"])
    commands = [line for box in page.locator("pre").all_text_contents() for line in box.strip().splitlines()]
    words = [shlex.split(line) for line in commands]
    assert {each[1] for each in words} >= {"evaluate", "new", "run", "leaderboard", "submit"}
    for program, *rest in words:
        assert program == "aqa-bench"
        # Help stops the verb before any work, but not before an option that it does not know.
        assert CliRunner().invoke(app, [*rest, "--help"]).exit_code == 0, rest
    evaluate = next(each for each in words if each[1] == "evaluate")
    dataset, task = (evaluate[evaluate.index(option) + 1] for option in ("--dataset", "--task"))
    assert task in {each.id for each in find_dataset(dataset).tasks}
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for(timeout=2000)
    assert page.evaluate("navigator.clipboard.readText()") == commands[0]
