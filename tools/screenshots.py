"""Pictures of the site under docs/img: ``python tools/screenshots.py SITE [CHROMIUM]``."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

OUT = Path(__file__).parents[1] / "docs" / "img"
SQUATS = "boards/synthetic-gym-backsquat-study-*.html"
#: Pages of the site by the name of their pictures.
PAGES = {
    "index": "index.html",
    "board": SQUATS,
    "method": "methods/cvcspc.html",
    "paper": "papers/table-2.html",
    "learned": "learned.html",
}
#: Widths and heights of the window in pixels, and the scheme of the colours.
SIZES = {
    "desktop": (1312, 1000, "light"),
    "desktop-dark": (1312, 1000, "dark"),
    "phone-light": (390, 844, "light"),
    "phone": (390, 844, "dark"),
}
COLOURS, BYTES = 160, 150_000


def main(site: Path, chromium: str | None) -> None:
    """Write every picture."""
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, pattern in PAGES.items():
            [file] = site.glob(pattern)
            for size, (width, height, scheme) in SIZES.items():
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
                )
                page = context.new_page()
                page.goto(file.resolve().as_uri())
                _save(page, OUT / f"site-{name}-{size}.png")
                context.close()
        browser.close()


def _save(page: Page, file: Path) -> None:
    page.wait_for_timeout(300)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    if file.stat().st_size > BYTES:
        raise SystemExit(f"{file}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
