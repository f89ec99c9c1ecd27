"""The site in headless Chromium: answers in two clicks, sorting, colours, and no request elsewhere."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BOARD = "boards/pose-trainer-shoulder-press.html"
_ROWS = "#form-folds-table tbody tr:not([hidden]) th"


def names(page: Any) -> list[str]:
    return [text.split(" ")[0] for text in page.locator(_ROWS).all_inner_texts()]


def head(page: Any, name: str) -> Any:
    return page.locator("#form-folds-table thead th").filter(has_text=name).first


@pytest.fixture
def squats(site: Path) -> str:
    [page] = site.glob("boards/synthetic-gym-backsquat-wild-*.html")
    return page.relative_to(site).as_posix()


@pytest.mark.parametrize(
    ("clicks", "answer"),
    [
        (["How to read"], "The floor is the score of blind guessing"),
        (["Papers", "Table 2"], "at or below the floor"),
        (["Methods", "rocket"], "aqa-bench run --method rocket"),
        (["Errata"], "aqa-bench table 1"),
    ],
)
def test_other_pages_are_reached_within_two_clicks(open_page: Any, clicks: list[str], answer: str) -> None:
    page = open_page("index.html")
    for words in clicks:
        page.get_by_role("link", name=words).first.click()
        page.wait_for_load_state()
    assert answer in page.locator("main").inner_text()


def test_ties_wait_behind_one_line_that_opens(open_page: Any, squats: str) -> None:
    page = open_page(squats)
    rows = page.locator("#kie-official-table tbody tr:not(.ties):visible")
    assert [text.split()[0] for text in rows.locator("th").all_inner_texts()] == ["method-0", "method-5"]
    page.get_by_role("button", name="Show 4 more of rank 1").click()
    assert rows.count() == 6
    assert page.evaluate("document.activeElement.textContent") == "method-1"
    page.locator("#kie-official-table thead button", has_text="cost").click()
    assert rows.count() == 9
    box = page.get_by_label("Filter rows").first
    box.fill("METHOD-7")
    assert rows.count() == 1
    assert page.get_by_role("status").first.inner_text() == "1 of 9 rows shown"


def test_further_columns_show_on_request(open_page: Any) -> None:
    page = open_page(BOARD)
    column = head(page, "backbone")
    assert not column.is_visible()
    table = page.locator("[data-table]", has=page.locator("#form-folds-table"))
    table.get_by_text("More columns").click()
    table.get_by_label("backbone").check()
    assert column.is_visible()
    assert page.locator("#form-folds-table tbody").get_by_text("resnet18").is_visible()


def test_columns_sort_both_ways_with_missing_values_last(open_page: Any) -> None:
    page = open_page(BOARD)
    before = names(page)
    assert before == ["pose-tdm", "no-such-method", "<script>alert(1)</script>\"&amp;'$x_{1}$"]
    column = head(page, "skill")
    column.get_by_role("button").click()
    assert column.get_attribute("aria-sort") == "descending"
    assert names(page) == before
    column.get_by_role("button").press("Enter")
    assert column.get_attribute("aria-sort") == "ascending"
    assert names(page) == before[::-1]
    head(page, "method").get_by_role("button").click()
    assert column.get_attribute("aria-sort") is None
    assert names(page)[1:] == ["no-such-method", "pose-tdm"]
    assert page.locator("#form-folds-table th[aria-sort]").count() == 1


def test_the_error_moves_unless_a_reader_prefers_it_still(open_page: Any, squats: str) -> None:
    image = open_page(squats).locator("img[data-loop]")
    assert not image.get_attribute("src").endswith("-still.webp")
    page = open_page(squats, reduced_motion="reduce")
    image = page.locator("img[data-loop]")
    assert image.get_attribute("src").endswith("-still.webp")
    page.get_by_role("button", name="Play the two repetitions").click()
    assert not image.get_attribute("src").endswith("-still.webp")
    page.wait_for_function("document.querySelector('img[data-loop]').complete")
    assert image.evaluate("image => image.naturalWidth") > 300


def test_commands_are_copied(open_page: Any) -> None:
    page = open_page("yours.html", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for(timeout=2000)


def test_a_link_into_a_closed_protocol_opens_it(open_page: Any) -> None:
    page = open_page(f"{BOARD}#form-leaky")
    assert page.locator("#form-leaky").get_attribute("open") is not None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_then_the_button_which_is_remembered(open_page: Any, scheme: str) -> None:
    page = open_page(BOARD, color_scheme=scheme)
    other = {"light": "dark", "dark": "light"}[scheme]

    def shown() -> str:
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return {"rgb(255, 255, 255)": "light", "rgb(13, 17, 23)": "dark"}[ground]

    assert shown() == scheme
    page.get_by_role("button", name=f"Use {other} colours").click()
    assert shown() == other
    # The browser writes what it keeps a moment later than the page asks for it.
    for _ in range(20):
        page.reload()
        if shown() == other:
            return
        time.sleep(0.1)
    pytest.fail(f"the choice of {other} colours is not kept")


@pytest.mark.parametrize(("scheme", "letters"), [("light", (31, 35, 40)), ("dark", (230, 237, 243))])
def test_plots_are_drawn_in_the_page_s_colours(
    open_page: Any, squats: str, scheme: str, letters: tuple[int, int, int]
) -> None:
    page = open_page(squats, color_scheme=scheme)
    image = page.locator(f"img.on-{scheme}").first
    image.scroll_into_view_if_needed()
    page.wait_for_function(f"document.querySelector('img.on-{scheme}').complete")
    assert image.evaluate("image => image.naturalWidth") > 200
    shot = np.asarray(Image.open(io.BytesIO(image.screenshot())).convert("RGB"))
    assert (shot == letters).all(-1).sum() > 50


def test_on_a_phone_rows_are_cards_that_name_their_values(open_page: Any) -> None:
    page = open_page(BOARD, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    card = page.locator("#form-folds-table tbody tr").first
    place = card.bounding_box()
    assert place["width"] > 300
    assert place["height"] > 80
    told = page.evaluate(
        "getComputedStyle(document.querySelector('#form-folds-table td'), '::before').content"
    )
    assert told == '"rank "'
    assert page.locator("#form-folds-table [role=rowheader]").count() == 3


def test_a_paper_s_table_scrolls_below_its_names(open_page: Any) -> None:
    page = open_page("papers/table-2.html", viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".scroll").first.evaluate("box => { box.scrollLeft = 900; }")
    place = page.locator("#kie-table tbody th").first.bounding_box()
    assert 0 <= place["x"] < 40


def test_the_keyboard_reaches_the_content_first(open_page: Any) -> None:
    page = open_page(BOARD)
    page.keyboard.press("Tab")
    assert page.locator(".skip").evaluate("link => link === document.activeElement")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", [BOARD, "learned.html", "papers/table-2.html", "index.html", "methods/pose-tdm.html"]
)
def test_text_stands_out_from_its_ground(
    open_page: Any, access: Callable[[Any], dict[str, Any]], scheme: str, path: str
) -> None:
    page = open_page(path, color_scheme=scheme)
    found = access(page)
    assert found["texts"] > 20
    assert (found["low"], found["unnamed"]) == ([], [])


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's script: the file that AQA_BENCH_AXE names, else that of axe-playwright-python."""
    if named := os.environ.get("AQA_BENCH_AXE"):
        return Path(named).read_text(encoding="utf-8")
    package = find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        pytest.skip("no axe-core: axe-playwright-python is not installed, and AQA_BENCH_AXE names no file")
    return Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("scheme", "width", "paths"),
    [
        ("light", 390, ["index.html", BOARD, "methods/cvcspc.html", "learned.html"]),
        ("dark", 1312, [BOARD, "methods/constant.html", "papers/table-2.html", "protocol.html"]),
    ],
)
def test_axe_finds_nothing_on_any_kind_of_page(
    browser: Any, site: Path, axe: str, scheme: str, width: int, paths: list[str]
) -> None:
    # The pages' policy refuses scripts that are not theirs.
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
    )
    page = context.new_page()
    found = {}
    for path in paths:
        page.goto((site / path).as_uri())
        page.evaluate(axe)
        # Contrast is its slowest rule; tests above measure it, and tools/axe.py asks for it too.
        answer = page.evaluate("axe.run({ rules: { 'color-contrast': { enabled: false } } })")
        assert answer["passes"]
        found[path] = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in answer["violations"]]
    context.close()
    assert {path: violations for path, violations in found.items() if violations} == {}


def test_without_scripts_tables_are_plain(open_page: Any) -> None:
    page = open_page(BOARD, java_script_enabled=False)
    assert page.locator("#form-folds-table tbody tr").count() == 3
    assert page.locator("thead button").count() == 0
    assert page.locator("#form-folds-table thead th", has_text="backbone").is_visible()


@pytest.mark.parametrize(
    "path",
    [
        "index.html",
        "learned.html",
        "yours.html",
        "methods/pose-tdm.html",
        "datasets/pose-trainer.html",
        "protocol.html",
    ],
)
def test_other_pages_are_quiet_and_fit_a_phone(open_page: Any, path: str) -> None:
    page = open_page(path, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("h1").count() == 1
