"""The site's plots beside libraries': ``python tools/plot_libraries.py SITE AXE_MIN_JS [CHROMIUM]``.

It needs altair and vl-convert-python. The board with the most rows that has a plot of costs is drawn in every
way, on a page with SITE's style; rounds of drawing take turns in CPU seconds. Printed as a Markdown table.
"""

from __future__ import annotations

import gzip
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import altair as alt
import vl_convert
from playwright.sync_api import Browser, sync_playwright

from aqa_bench.boards.model import Board
from aqa_bench.boards.pages.overall import read_version
from aqa_bench.boards.site import plots
from aqa_bench.boards.site.engine import make_engine
from aqa_bench.boards.site.forest import forest_of
from aqa_bench.boards.site.story import parts_of
from aqa_bench.boards.site.words import entry_name

ROOT = Path(__file__).parents[1]
ROUNDS, VERSION = 5, "v2"
_FOREST = '{% from "forest.html" import draw_forest %}{{ draw_forest(forest, "", "Values and intervals") }}'
#: Words, and their least contrast with what lies behind them (W3C's ratio).
_WORDS = """() => {
  const light = (colour) => {
    const [r, g, b, a] = (colour.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return a === 0 ? null : .2126 * x + .7152 * y + .0722 * z;
  };
  const of = (element, property) => element && light(getComputedStyle(element)[property]);
  const own = document.querySelector("svg.marks > rect, svg #patch_1 path");
  const ground = own ? of(own, "fill") : of(document.body, "backgroundColor");
  const all = [...document.querySelectorAll("text, .forest .who, .forest .val")];
  const words = all.filter((element) => element.textContent.trim());
  const fills = words.map((element) => of(element, element.tagName === "text" ? "fill" : "color"));
  return [words.length, ground, fills];
}"""


def main(site: Path, axe: Path, chromium: str | None) -> None:
    """Measure and print."""
    every = [board for each in read_version(ROOT / "leaderboards", VERSION) for board in each.boards]
    largest = sorted(every, key=lambda board: -len(board.rows))
    board = next(board for board in largest if plots.cost_plot(board) is not None)
    ways = _ways(board)
    drawn = {name: draw() for name, draw in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, draw in ways.items():
            start = time.process_time()
            draw()
            times[name].append(time.process_time() - start)
    load = os.getloadavg()[0]
    print(f"{board.dataset}, {board.task}: {len(board.rows)} rows; {ROUNDS} turns; load {load:.1f}")
    print(
        "| plot | kB (gzip) | time to draw | words as text | contrast, light / dark | axe | without scripts |"
    )
    print("|---|--:|--:|--:|---|---|---|")
    base = statistics.median(times["costs: ours"])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        (Path(folder) / "site.css").write_bytes((site / "site.css").read_bytes())
        for name, content in drawn.items():
            shown = _shown(browser, Path(folder), name, content, axe.read_text(encoding="utf-8"))
            size = f"{len(content) / 1000:.1f} ({len(gzip.compress(content)) / 1000:.1f})"
            print(f"| {name} | {size} | {statistics.median(times[name]) / base:.2g} | {shown} |")
        browser.close()


def _ways(board: Board) -> dict[str, Callable[[], bytes]]:
    template = make_engine(VERSION).environment.from_string(_FOREST)

    def inline() -> bytes:
        return template.render(forest=forest_of(board, ())).encode()

    def plain() -> bytes:
        with patch.object(plots, "svg", _as_it_is):
            return plots.cost_plot(board) or b""

    def static(chart: Callable[[Board], Any]) -> Callable[[], bytes]:
        return lambda: vl_convert.vegalite_to_svg(chart(board).to_dict()).encode()

    return {
        "dots: ours, inline": inline,
        "dots: Altair, SVG": static(_dots),
        "costs: ours": lambda: plots.cost_plot(board) or b"",
        "costs: matplotlib as it is": plain,
        "costs: Altair, SVG": static(_costs),
        "costs: Altair, scripts": lambda: _inside(_costs(board).to_html(inline=True)).encode(),
    }


def _inside(page: str) -> str:
    """Altair's page without its frame: style, scripts and the place of the plot."""
    return page[page.index("<style>") :].replace("</head>\n<body>", "").replace("</body>\n</html>", "")


def _as_it_is(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg")
    return buffer.getvalue()


def _dots(board: Board) -> Any:
    parts = parts_of(board)
    rows = [row for row in (*parts.entries, *parts.controls, *parts.oracles, *parts.reported) if row.value]
    known = [{"name": entry_name(r), "value": r.value, "low": r.low, "high": r.high} for r in rows]
    names = alt.Y("name:N", sort=None, title=None)
    whole = alt.Chart(alt.Data(values=known))
    floor = alt.Chart(alt.Data(values=[{"floor": board.floor}])).mark_rule(strokeDash=[4, 3])
    dots = whole.mark_point(filled=True).encode(x=alt.X("value:Q", title=board.primary), y=names)
    return floor.encode(x="floor:Q") + whole.mark_rule().encode(x="low:Q", x2="high:Q", y=names) + dots


def _costs(board: Board) -> Any:
    panels = []
    for cost in ("parameters", "gflops", "latency_ms"):
        rows = [r for r in parts_of(board).entries if r.value is not None and (getattr(r, cost) or 0) > 0]
        known = [{"name": entry_name(row), "x": getattr(row, cost), "y": row.value} for row in rows]
        front = [known[i] for i in plots.pareto([(each["x"], each["y"]) for each in known])]
        x = alt.X("x:Q", title=cost, scale=alt.Scale(type="log"))
        y = alt.Y("y:Q", title=board.primary, scale=alt.Scale(zero=False))
        best = alt.Chart(alt.Data(values=front)).encode(x=x, y=y)
        floor = alt.Chart(alt.Data(values=[{"y": board.floor}])).mark_rule(strokeDash=[4, 3]).encode(y="y:Q")
        dots = alt.Chart(alt.Data(values=known)).mark_point(filled=True).encode(x=x, y=y)
        line, label = best.mark_line(interpolate="step-after"), best.mark_text(dy=-8).encode(text="name:N")
        panels.append(floor + dots + line + label)
    return alt.hconcat(*panels)


def _shown(browser: Browser, folder: Path, name: str, content: bytes, script: str) -> str:
    """Words, their least contrast in both schemes, axe's answer, and whether it is there without scripts."""
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Plot</title><link rel="stylesheet" '
    head += 'href="site.css"><main id="main"><h1>Plot</h1><figure>'
    page, alone = folder / "page.html", folder / "plot.svg"
    alone.write_bytes(content)
    is_file = content.lstrip().startswith((b"<?xml", b"<svg"))
    inner = '<img src="plot.svg" alt="Value against cost">' if is_file else content.decode()
    page.write_text(f"{head}{inner}</figure></main>", encoding="utf-8")
    found = []
    for scheme in ("light", "dark"):
        target = f"{alone.as_uri()}#{scheme}" if is_file else page.as_uri()
        count, ground, fills = _asked(browser, target, lambda p: p.evaluate(_WORDS), color_scheme=scheme)
        # A picture without a ground of its own lies on the page's: white, or nearly black (#0d1117).
        ground = {"light": 1.0, "dark": 0.006}[scheme] if ground is None else ground
        found.append(min((max(f, ground) + 0.05) / (min(f, ground) + 0.05) for f in fills) if fills else 0.0)
    broken = _asked(
        browser,
        page.as_uri(),
        lambda p: (
            p.evaluate(script),
            p.evaluate("async () => (await axe.run()).violations.map((v) => `${v.id} (${v.nodes.length})`)"),
        )[1],
    )
    bare = _asked(
        browser,
        page.as_uri(),
        lambda p: p.locator("figure").inner_text(),
        java_script_enabled=False,
    )
    readable = "yes" if is_file or len(bare) > 20 else "no"
    contrast = " / ".join(f"{each:.1f}" for each in found)
    return f"{count} | {contrast} | {', '.join(broken) or 'none'} | {readable}"


def _asked(browser: Browser, address: str, ask: Callable[[Any], Any], **options: Any) -> Any:
    context = browser.new_context(viewport={"width": 1312, "height": 1000}, bypass_csp=True, **options)
    page = context.new_page()
    page.goto(address)
    try:
        return ask(page)
    finally:
        context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
