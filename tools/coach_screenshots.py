"""Pictures of the coach under docs/img: ``coach_screenshots.py OUT EXERCISE=CLIP EXERCISE=CLIP``.

Serves the app with the real engine, uploads two clips, waits, and looks at every page. Pictures under
docs/img are of gym clips: nobody's clip is published by this project.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

PORT = 8765
ADDRESS = f"http://127.0.0.1:{PORT}"
DESKTOP, PHONE = (1280, 900), (390, 844)
PATIENCE_MS = 1_200_000
COLOURS = 160


def _wait_for_port(process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        time.sleep(0.2)
    raise SystemExit("the app did not start")


def _upload(page: Page, exercise: str, clip: Path) -> None:
    page.goto(ADDRESS)
    page.locator(f"input[value={exercise}]").check(force=True)
    page.set_input_files("#clip", clip)


def _shot(page: Page, file: Path, *, at: str | None = None) -> None:
    if at is not None:
        page.locator(at).scroll_into_view_if_needed()
        page.locator(at).evaluate("part => window.scrollBy(0, part.getBoundingClientRect().top - 16)")
    page.wait_for_timeout(1500 if page.locator("#video").count() else 200)
    page.screenshot(path=file)
    # Few colours are enough, and a third of the bytes.
    Image.open(file).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    print(file.name, file.stat().st_size)


def _show_moment(page: Page) -> None:
    """Stop the video in the middle of its second repetition."""
    page.evaluate(
        """async () => {
          const video = document.getElementById("video");
          const band = [...document.querySelectorAll(".band")][1] || document.querySelector(".band");
          video.currentTime = band ? Number(band.dataset.seek) + 0.8 : video.duration / 2;
          await new Promise((done) => video.addEventListener("seeked", done, { once: true }));
        }"""
    )


def _context(browser: Browser, size: tuple[int, int], scheme: Any, state: Any = None) -> Any:
    return browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        storage_state=state,
        has_touch=size == PHONE,
        is_mobile=size == PHONE,
    )


def _shoot(browser: Browser, out: Path, clips: Sequence[tuple[str, Path]]) -> None:
    context = _context(browser, DESKTOP, "light")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    first, second = clips
    _upload(page, *first)
    _shot(page, out / "coach-upload-desktop.png")
    page.click("#send")
    results = []
    for clip in clips:
        if clip is second:
            _upload(page, *second)
            page.click("#send")
        page.wait_for_selector(".verdict, .problem")
        results.append(page.url)
    state = context.storage_state()
    for name, size, scheme, url, at in (
        ("coach-verdict-desktop", DESKTOP, "light", results[0], None),
        ("coach-verdict-dark", DESKTOP, "dark", results[1], None),
        ("coach-verdict-phone", PHONE, "light", results[0], None),
        ("coach-verdict-phone-dark", PHONE, "dark", results[1], None),
        ("coach-evidence-phone", PHONE, "light", results[0], "#evidence"),
        ("coach-upload-phone", PHONE, "light", ADDRESS, None),
        ("coach-history-desktop", DESKTOP, "light", f"{ADDRESS}/history", None),
    ):
        looking = _context(browser, size, scheme, state)
        page = looking.new_page()
        page.goto(url)
        if page.locator("#video").count():
            _show_moment(page)
        _shot(page, out / f"{name}.png", at=at)
        looking.close()


def main(out: Path, clips: Sequence[tuple[str, Path]]) -> None:
    """Write every picture."""
    command = [sys.executable, "-m", "aqa_bench", "serve", "--port", str(PORT)]
    chromium = os.environ.get("AQA_BENCH_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        process = subprocess.Popen([*command, "--data", data])
        try:
            _wait_for_port(process)
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            _shoot(browser, out, clips)
            browser.close()
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    given = [argument.partition("=") for argument in sys.argv[2:]]
    main(Path(sys.argv[1]), [(exercise, Path(clip)) for exercise, _, clip in given])
