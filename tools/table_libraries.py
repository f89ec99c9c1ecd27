"""The site's tables beside libraries': ``python tools/table_libraries.py SITE NPM AXE_MIN_JS [CHROMIUM]``.

NPM is a folder of packages (``npm pack tabulator-tables datatables.net datatables.net-dt``), each unpacked
under its own name. great-tables is measured where it can be imported. The largest board is opened from
disk with each; rounds take turns, so that a busy machine is unfair to none. Printed as a Markdown table.
"""

from __future__ import annotations

import gzip
import os
import re
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

ROUNDS = 11
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n')
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL)
_TABLE = re.compile(r'<table id="[^"]*".*?</table>', re.DOTALL)
#: First paint, and when the scripts are done; milliseconds since the page was asked for.
_TIMES = """() => new Promise((done) => {
  const paint = new Promise((seen) => new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "first-contentful-paint") seen(entry.startTime);
  }).observe({ type: "paint", buffered: true }));
  const loaded = new Promise((seen) => {
    if (document.readyState === "complete") seen(); else addEventListener("load", seen);
  });
  const ready = loaded.then(() => window.built).then((at) =>
    at ?? performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd);
  Promise.all([paint, ready]).then(done);
})"""


@dataclass(frozen=True)
class Way:
    """A way to show the tables.

    Attributes:
        files: What it adds to the site's style, by name.
        page: The page.
    """

    files: Mapping[str, bytes]
    page: str


def main(site: Path, npm: Path, axe: Path, chromium: str | None) -> None:
    """Measure and print."""
    board = max(site.glob("boards/*.html"), key=lambda file: file.stat().st_size)
    ways = _ways(board.read_text(encoding="utf-8"), (site / "site.js").read_bytes(), npm)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder)
        for name, way in ways.items():
            for file, content in {**way.files, "page.html": way.page.encode()}.items():
                (root / name).mkdir(exist_ok=True)
                (root / name / file).write_bytes(content)
            (root / name / "site.css").write_bytes((site / "site.css").read_bytes())
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        times: dict[str, list[list[float]]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name in ways:
                times[name].append(
                    _asked(browser, root / name / "page.html", lambda page: page.evaluate(_TIMES))
                )
        script = axe.read_text(encoding="utf-8")
        broken = {name: _broken(browser, root / name / "page.html", script) for name in ways}
        shown = {name: _rows(browser, root / name / "page.html") for name in ways}
        browser.close()
    print(f"{board.name}, {board.stat().st_size:,} bytes; median of {ROUNDS}; load {os.getloadavg()[0]:.1f}")
    print("| tables by | added kB (gzip) | page kB | first paint, ms | ready, ms | axe | rows without JS |")
    print("|---|--:|--:|--:|--:|---|--:|")
    for name, way in ways.items():
        raw = sum(map(len, way.files.values()))
        packed = sum(len(gzip.compress(each)) for each in way.files.values())
        paint, done = (statistics.median(t[i] for t in times[name]) for i in (0, 1))
        size = f"{raw / 1000:.0f} ({packed / 1000:.0f})"
        page = f"{len(way.page.encode()) / 1000:.0f}"
        print(f"| {name} | {size} | {page} | {paint:.0f} | {done:.0f} | {broken[name]} | {shown[name]} |")


def _ways(page: str, own: bytes, npm: Path) -> dict[str, Way]:
    """The page as it is, without any script, and with each library."""
    page = _POLICY.sub("", page).replace("../site.", "site.")
    bare = _SCRIPT.sub("", page)
    tabulator, tables = (
        npm / "tabulator-tables" / "package" / "dist",
        npm / "datatables.net" / "package" / "js",
    )
    style = npm / "datatables.net-dt" / "package" / "css" / "dataTables.dataTables.min.css"
    ways = {
        "this site": Way({"site.js": own}, page),
        "no script": Way({}, bare),
        "DataTables": _scripted(
            bare,
            {"library.js": (tables / "dataTables.min.js").read_bytes(), "library.css": style.read_bytes()},
            "new DataTable(table, { paging: false, order: [] })",
        ),
        "Tabulator": _scripted(
            bare,
            {
                "library.js": (tabulator / "js" / "tabulator.min.js").read_bytes(),
                "library.css": (tabulator / "css" / "tabulator.min.css").read_bytes(),
            },
            "made.push(new Promise((seen) => new Tabulator(table, {}).on('tableBuilt', seen)))",
        ),
    }
    try:
        from great_tables import GT
    except ImportError:
        return ways
    return {**ways, "great-tables": Way({}, _TABLE.sub(lambda found: _great(GT, found.group()), bare))}


def _scripted(page: str, files: Mapping[str, bytes], make: str) -> Way:
    start = (
        "addEventListener('DOMContentLoaded', () => { const made = [];"
        f" document.querySelectorAll('main table').forEach((table) => {{ {make}; }});"
        " window.built = Promise.all(made).then(() => performance.now()); });"
    )
    library = '<link rel="stylesheet" href="library.css"><script src="library.js"></script>'
    head = f"{library}<script>{start}</script>"
    return Way(files, page.replace("</head>", f"{head}</head>"))


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def _great(make: Callable[..., Any], table: str) -> str:
    """The table as great-tables writes it; its style comes with every table."""
    import pandas as pd

    cells = _Cells()
    cells.feed(table)
    heads, *rows = cells.rows
    return str(make(pd.DataFrame(rows, columns=heads)).as_raw_html())


def _asked(browser: Browser, file: Path, ask: Callable[[Any], Any], **options: Any) -> Any:
    context = browser.new_context(viewport={"width": 1312, "height": 1000}, bypass_csp=True, **options)
    page = context.new_page()
    page.goto(file.as_uri(), wait_until="commit")
    try:
        return ask(page)
    finally:
        context.close()


def _broken(browser: Browser, file: Path, script: str) -> str:
    def ask(page: Any) -> list[str]:
        page.wait_for_load_state("load")
        page.evaluate(script)
        rule = "v => `${v.id} (${v.nodes.length})`"
        return list(page.evaluate(f"async () => (await axe.run()).violations.map({rule})"))

    return ", ".join(_asked(browser, file, ask)) or "none"


def _rows(browser: Browser, file: Path) -> int:
    def ask(page: Any) -> int:
        page.wait_for_load_state("load")
        return int(page.locator("main table tbody tr").count())

    return int(_asked(browser, file, ask, java_script_enabled=False))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), sys.argv[4] if len(sys.argv) > 4 else None)
