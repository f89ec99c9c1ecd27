"""Accessibility of every page of a site by axe-core: ``python tools/axe.py SITE AXE_MIN_JS [CHROMIUM]``.

axe.min.js is axe-core's, from npm (``npm pack axe-core``). Every page is opened in both schemes, on a desk
and on a phone, and all rules are run that axe runs by itself. Exit 1 where one is broken.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTHS = {"desk": (1312, 1000), "phone": (390, 844)}
SCHEMES = ("light", "dark")
#: What of axe's answer is kept: the rule, how grave, how often, and the first element.
RUN = """async () => (await axe.run()).violations.map(
  (v) => `${v.id} (${v.impact}), ${v.nodes.length}: ${v.nodes[0].html.slice(0, 120)}`)"""


def main(site: Path, axe: Path, chromium: str | None) -> int:
    """Print every violation; the number of them."""
    script, found, pages = axe.read_text(encoding="utf-8"), 0, sorted(site.rglob("*.html"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (width, height) in WIDTHS.items():
            for scheme in SCHEMES:
                # The pages' policy refuses scripts that are not theirs.
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=True
                )
                page = context.new_page()
                for file in pages:
                    page.goto(file.resolve().as_uri())
                    page.evaluate(script)
                    for violation in page.evaluate(RUN):
                        found += 1
                        print(f"{file.relative_to(site)}, {name}, {scheme}: {violation}", flush=True)
                context.close()
        browser.close()
    print(f"{found} violations on {len(pages)} pages, {len(WIDTHS)} widths, {len(SCHEMES)} schemes")
    return found


if __name__ == "__main__":
    sys.exit(bool(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)))
