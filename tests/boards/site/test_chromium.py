"""The site in headless Chromium: sorting, filters, colours, a quiet console, no request elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BOARD = "boards/pose-trainer-shoulder-press.html"
_ROWS = "#form-folds-table tbody tr:not([hidden]) th"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = os.environ.get("AQA_BENCH_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_api.sync_playwright() as driver:
        try:
            launched = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except sync_api.Error as error:
            if os.environ.get("AQA_BENCH_CHROMIUM"):
                raise
            pytest.skip(f"no Chromium: {str(error).splitlines()[0]}")
        yield launched
        launched.close()


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
        page.goto((site / path).as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert heard == []


def _failed(request: Any) -> list[str]:
    """Requests that failed, save for pictures that a reload or the end of a test gave up."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"failed: {request.url}: {request.failure}"]


def names(page: Any) -> list[str]:
    return [text.split(" ")[0] for text in page.locator(_ROWS).all_inner_texts()]


def head(page: Any, name: str) -> Any:
    return page.locator("#form-folds-table thead th").filter(has_text=name).first


def test_columns_sort_both_ways_with_missing_values_last(open_page: Any) -> None:
    page = open_page(BOARD)
    before = names(page)
    assert before == [
        "pose-tdm",
        "no-such-method",
        "<script>alert(1)</script>\"&amp;'$x_{1}$",
        "constant",
        "Printed",
    ]
    column = head(page, "skill")
    column.get_by_role("button").click()
    assert column.get_attribute("aria-sort") == "descending"
    assert names(page) == before
    column.get_by_role("button").press("Enter")
    assert column.get_attribute("aria-sort") == "ascending"
    assert names(page) == [*before[3::-1], "Printed"]
    head(page, "method").get_by_role("button").click()
    assert column.get_attribute("aria-sort") is None
    assert names(page)[1:3] == ["constant", "no-such-method"]
    assert page.locator("#form-folds-table th[aria-sort]").count() == 1


def test_rows_filter_by_word_and_by_kind(open_page: Any) -> None:
    page = open_page(BOARD)
    box = page.locator("[data-table]", has=page.locator("#form-folds-table"))
    status = box.get_by_role("status")
    assert status.inner_text() == "5 of 5 rows shown"
    box.get_by_label("Filter rows").fill("RESNET tdm")
    assert names(page) == ["pose-tdm"]
    assert status.inner_text() == "1 of 5 rows shown"
    box.get_by_label("Filter rows").fill("")
    box.get_by_label("Show").select_option("control")
    assert names(page) == ["constant"]
    box.get_by_label("Show").select_option("reported")
    assert names(page) == ["Printed"]
    box.get_by_label("Filter rows").fill("nothing like this")
    assert status.inner_text() == "0 of 5 rows shown"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_then_the_button_which_is_remembered(open_page: Any, scheme: str) -> None:
    page = open_page(BOARD, color_scheme=scheme)
    other = {"light": "dark", "dark": "light"}[scheme]

    def shown() -> str:
        display = page.locator("img.on-dark").first.evaluate("image => getComputedStyle(image).display")
        return "light" if display == "none" else "dark"

    assert shown() == scheme
    page.get_by_role("button", name=f"Use {other} colours").click()
    assert shown() == other
    page.reload()
    assert shown() == other


def test_plots_are_drawn(open_page: Any) -> None:
    page = open_page(BOARD)
    image = page.locator("img.on-light").first
    image.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('img.on-light').complete")
    assert image.evaluate("image => image.naturalWidth") > 200


def test_on_a_phone_the_page_stays_and_the_table_scrolls_below_its_names(open_page: Any) -> None:
    page = open_page(BOARD, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    region = page.locator(".scroll", has=page.locator("#form-folds-table"))
    region.evaluate("box => { box.scrollLeft = 900; }")
    place = page.locator(_ROWS).first.bounding_box()
    assert place["x"] >= 0
    assert place["x"] < 40


def test_the_keyboard_reaches_the_content_first(open_page: Any) -> None:
    page = open_page(BOARD)
    page.keyboard.press("Tab")
    assert page.locator(".skip").evaluate("link => link === document.activeElement")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(open_page: Any, scheme: str) -> None:
    page = open_page(BOARD, color_scheme=scheme)
    ratios = page.evaluate(_CONTRAST)
    assert len(ratios) > 20
    assert {text: ratio for text, ratio in ratios if ratio < 4.5} == {}


def test_without_scripts_tables_are_plain(open_page: Any) -> None:
    page = open_page(BOARD, java_script_enabled=False)
    assert page.locator("#form-folds-table tbody tr").count() == 5
    assert page.locator("thead button").count() == 0


@pytest.mark.parametrize(
    "path", ["index.html", "methods/pose-tdm.html", "datasets/pose-trainer.html", "protocol.html"]
)
def test_other_pages_are_quiet_and_fit_a_phone(open_page: Any, path: str) -> None:
    page = open_page(path, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("h1").count() == 1


_CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  return [...document.querySelectorAll("main *, header *, footer *")]
    .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => {
      const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground(e))];
      return [e.textContent.trim().slice(0, 40), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    });
}"""
