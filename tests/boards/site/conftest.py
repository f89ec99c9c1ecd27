from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="the extra site is not installed")
pytest.importorskip("matplotlib", reason="the extra site is not installed")
pytest.importorskip("markdown_it", reason="the extra site is not installed")

from aqa_bench.boards.claims.pages import claims_files
from aqa_bench.boards.claims.report import judge_claims
from aqa_bench.boards.papers.tables import paper_files
from aqa_bench.boards.site import build_site

HOSTILE = "<script>alert(1)</script>\"&amp;'$x_{1}$"


PRETEXT = {"task": "triplets", "before": 0.52, "after": 0.81, "chance": 0.5}


def row(method: str, value: float, rank: int | None, **changes: Any) -> dict[str, Any]:
    reported = changes.get("kind") == "reported"
    return {
        "rank": rank,
        "rank_low": rank,
        "rank_high": None if rank is None else rank + 1,
        "why_unranked": "printed, not re-scored" if reported else "",
        "method": method,
        "recipe": "" if reported else "quick",
        "variant": "",
        "kind": "measured",
        "control": False,
        "modality": "2D pose",
        "regime": "frozen",
        "pretrained_on": "nothing",
        "value": value,
        "low": None if reported else value - 0.05,
        "high": None if reported else value + 0.05,
        "skill": None if reported else 2 * value - 1,
        "secondary": {"auroc": value, "mcc": None},
        "seeds": 1,
        "splits": 1,
        "scored": 40,
        "parameters": 1200,
        "source": "A Paper, 2020." if reported else "",
        "runs": [] if reported else [f"{len(method):016x}"],
    } | changes


def board(dataset: str, scheme: str, rows: list[dict[str, Any]], *, honest: bool = True) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "task": "form",
        "scheme": scheme,
        "question": "Is the form bad?",
        "rule": "Five folds",
        "honest": honest,
        "primary": "f1",
        "higher_is_better": True,
        "samples": 40,
        "positive": 20,
        "groups": 10,
        "floor": 0.5,
        "rows": rows,
    }


def outcome(dataset: str) -> dict[str, Any]:
    """A claim that one comparison refutes."""
    common = {"dataset": dataset, "recipe": "quick", "seeds": 1, "runs": ["0" * 16], "standing": None}
    sides = {
        side: {**common, "name": method, "method": method, "value": value}
        for side, method, value in (("better", "method-8", 0.72), ("worse", "method-0", 0.8))
    }
    numbers = {"effect": -0.08, "low": -0.11, "high": -0.05, "p": 0.004, "holds": False, "samples": 40}
    return {
        "dataset": dataset,
        "verdict": "refuted",
        "comparisons": 1,
        "decides": 0,
        "p_claim": 0.004,
        "p": 0.012,
        "measured": [{"task": "kie", **sides, **numbers}],
    }


def write_tables(root: Path, dataset: str, boards: list[dict[str, Any]]) -> None:
    folder = root / "v2" / dataset.replace("/", "-")
    folder.mkdir(parents=True)
    document = {"version": "v2", "dataset": dataset, "fingerprint": "f" * 64, "boards": boards}
    (folder / "table.json").write_text(json.dumps(document))
    (folder / "table.csv").write_text("method\n")


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Submissions, leaderboards and docs made by hand."""
    root = tmp_path_factory.mktemp("inputs")
    rows = [
        row("pose-tdm", 0.9, 1, backbone="resnet18", gflops=1.5, latency_ms=2.25, device="NVIDIA H200"),
        row("no-such-method", 0.7, 2, pretext=[PRETEXT]),
        row(HOSTILE, 0.65, 2),
        row("constant", 0.5, 3, control=True, regime="control"),
        row("Printed net", 0.8, None, kind="reported"),
    ]
    leaky = [row("pose-tdm", 0.95, None, why_unranked="its protocol shows test labels")]
    dataset = "pose-trainer/shoulder-press"
    write_tables(
        root / "leaderboards",
        dataset,
        [board(dataset, "leaky", leaky, honest=False), board(dataset, "folds", rows)],
    )
    write_tables(root / "leaderboards", "else/where", [board("else/where", "folds", rows[1:2])])
    wild = "synthetic-gym/backsquat@wild"
    tied = [row(f"method-{i}", 0.8 - i / 100, 1 + (i > 4), gflops=0.1 * i, latency_ms=1.0) for i in range(9)]
    control = row("constant", 0.5, 3, control=True, regime="control")
    exact = row("rocket", 0.95, None, oracle=["keypoints"], why_unranked="an oracle")
    squats = board(wild, "official", [*tied, control, exact]) | {"task": "kie", "question": "Knees inward"}
    write_tables(root / "leaderboards", wild, [squats])
    record = root / "submissions" / dataset / "pose-tdm" / f"{len('pose-tdm'):016x}" / "run.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}\n")
    papers = root / "leaderboards" / "papers"
    papers.mkdir()
    files = paper_files(["2"], {}, [])
    for name, text in files.items():
        (papers / name).write_text(text)
    claims = claims_files(judge_claims([], lambda name, runs: "none"))
    judged = json.loads(claims["claims.json"])
    judged["claims"][0]["twin"] = outcome(wild)
    (root / "leaderboards" / "v2" / "claims.json").write_text(json.dumps(judged))
    docs = root / "docs"
    docs.mkdir()
    (docs / "protocol.md").write_text(
        "# The protocol\n\nSee [elsewhere](faq.md).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    (docs / "errata.md").write_text("# Errata of the field\n\n## One\n\n```\naqa-bench table 1\n```\n")
    return root / "submissions", root / "leaderboards", docs


@pytest.fixture(scope="session")
def site(inputs: tuple[Path, Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of :func:`inputs`."""
    submissions, leaderboards, docs = inputs
    out = tmp_path_factory.mktemp("out") / "site"
    build_site(submissions, leaderboards, out, docs=docs)
    return out


@pytest.fixture
def open_page(browser: Any, site: Path) -> Iterator[Any]:
    """Opens a page of the site; at the end nothing may have been complained of or fetched from elsewhere."""
    heard: list[str] = []
    contexts: list[Any] = []

    def opened(path: str, **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("requestfailed", lambda request: heard.extend(_failed(request)))
        own = (site.as_uri(), "data:")
        page.on("request", lambda r: None if r.url.startswith(own) else heard.append(f"asked: {r.url}"))
        file, mark, anchor = path.partition("#")
        page.goto((site / file).as_uri() + mark + anchor)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert heard == []


def _failed(request: Any) -> list[str]:
    """Requests that failed, save for pictures that a reload or the end of a test gave up."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"failed: {request.url}: {request.failure}"]
