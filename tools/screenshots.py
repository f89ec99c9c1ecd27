"""Pictures of the site under docs/img: ``python tools/screenshots.py SITE [CHROMIUM]``."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

OUT = Path(__file__).parents[1] / "docs" / "img"
SQUATS, PRESSES = "boards/synthetic-gym-backsquat.html", "boards/pose-trainer-shoulder-press.html"
#: Name, width, height, scheme and page of every picture.
SHOTS = (
    ("site-desktop", 1280, 900, "light", "index.html"),
    ("site-board-desktop", 1280, 1000, "light", SQUATS),
    ("site-board-dark", 1280, 1000, "dark", PRESSES),
    ("site-board-phone", 390, 844, "light", SQUATS),
    ("site-table-phone", 390, 844, "dark", SQUATS),
)
TABLE = "#kie-official-table"


def _show_table(page: Page) -> None:
    page.locator(".scroll", has=page.locator(TABLE)).evaluate(
        "e => { e.scrollLeft = 620; e.scrollIntoView({block: 'end'}) }"
    )


def main(site: Path, chromium: str | None) -> None:
    """Write every picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, width, height, scheme, file in SHOTS:
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            page.goto((site / file).resolve().as_uri())
            if "table" in name:
                _show_table(page)
            page.wait_for_timeout(300)
            page.screenshot(path=OUT / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
