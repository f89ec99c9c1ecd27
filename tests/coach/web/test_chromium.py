"""The app in headless Chromium: upload, progress, the video, another person, deletion; phone and keyboard."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqa_bench.media.video import decode, encode

pytest.importorskip("starlette", reason="the extra coach is not installed")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

# One app for all of them.
pytestmark = pytest.mark.xdist_group("coach-chromium")

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def address(settings: Any, serving: Callable[[Any], Any]) -> Iterator[str]:
    with serving(settings) as address:
        yield address


@pytest.fixture
def open_page(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens a page; at the end nothing may have been complained of or fetched from elsewhere."""
    heard: list[str] = []
    contexts: list[Any] = []

    def opened(path: str = "/", at: str = address, **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        own = (at, "data:", "blob:")
        page.on("request", lambda r: None if r.url.startswith(own) else heard.append(f"asked: {r.url}"))
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(at + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    # A refused form is an answer too.
    assert [text for text in heard if "status of 422" not in text] == []


def send(page: Any, clip: Path, exercise: str) -> None:
    page.locator(f"input[value={exercise}]").check(force=True)
    page.set_input_files("#clip", clip)
    page.click("#send")


def played(page: Any) -> float:
    """Seconds that the video has advanced by within one of playing."""
    return float(
        page.locator("#video").evaluate(
            """async (video) => {
              video.muted = true;
              video.currentTime = 0;
              await video.play();
              await new Promise((done) => setTimeout(done, 700));
              video.pause();
              return video.readyState >= 2 && video.videoWidth > 0 ? video.currentTime : -1;
            }"""
        )
    )


def test_a_clip_from_upload_to_deletion(open_page: Callable[..., Any], clip: Path) -> None:
    page = open_page()
    send(page, clip, "bicep-curl")
    page.wait_for_selector("#status-bar[value]")
    assert page.locator("#status-text").inner_text().startswith("Finding people: ")
    page.wait_for_selector(".verdict")
    assert page.locator("h1").inner_text() == "1 of 2 repetitions with an error"
    assert played(page) > 0.3
    page.locator(".band").nth(1).click()
    page.wait_for_function("() => document.querySelectorAll('.rep-card')[1].classList.contains('current')")
    page.locator("#video").evaluate("video => video.pause()")

    slider = page.locator(".slider input")
    told = page.locator(".told")
    assert "70% of its alarms were right, and it found 80% of the errors" in told.inner_text()
    assert told.inner_text().endswith("flag repetition 2.")
    slider.press("ArrowLeft")
    assert told.inner_text().endswith("flag repetition 1, 2.")
    slider.press("End")
    assert "called nothing an error" in told.inner_text()

    page.locator(".person-1").click()
    page.wait_for_selector(".waiting")
    page.wait_for_selector(".person-1[aria-current]")
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/history")
    assert "No clips" in page.locator("main").inner_text()


def test_a_file_that_is_no_clip_is_said_on_the_page(open_page: Callable[..., Any], tmp_path: Path) -> None:
    page = open_page()
    file = tmp_path / "holiday.mp4"
    file.write_text("This is a text file.")
    send(page, file, "squat")
    alert = page.get_by_role("alert")
    assert "not a readable video" in alert.inner_text()
    assert page.locator("input[value=squat]").is_checked()
    assert page.locator("#send").is_enabled()


def test_without_scripts_the_form_the_queue_and_the_verdict_work(
    open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(java_script_enabled=False)
    send(page, clip, "squat")
    # The page that waits loads itself anew.
    page.wait_for_selector(".verdict")
    assert page.locator(".rep-card").count() == 3
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/history")


def test_pages_fit_a_phone_and_can_be_read(
    open_page: Callable[..., Any], access: Callable[[Any], dict[str, Any]], clip: Path
) -> None:
    page = open_page(viewport={"width": 390, "height": 844})
    home = page.url
    send(page, clip, "squat")
    page.wait_for_selector(".verdict")
    page.locator(".facts summary").click()
    for url in ("", home + "history", home):
        if url:
            page.goto(url)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        assert page.locator("h1").count() == 1
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = access(page)
            assert (found["low"], found["unnamed"]) == ([], [])


def test_the_keyboard_reaches_everything(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.name || document.activeElement.id"))
    assert [name for name in reached if name][:4] == ["exercise", "clip", "blur", "send"]


REAL = find_spec("mediapipe") is not None
NEEDS = pytest.mark.skipif(not REAL, reason="the extra coach is not installed")


@NEEDS
def test_a_real_curl_with_the_real_engine(
    browser: Any, open_page: Callable[..., Any], shared_data: Path, tmp_path: Path
) -> None:
    clip = shared_data / "pose-trainer" / "sample_bicep_curl.mp4"
    if not clip.exists():
        pytest.skip(f"no real clip at {clip}")
    two = tmp_path / "two.mp4"
    frames = decode(clip)
    # A second person, who does the same half a clip later.
    encode(two, np.concatenate([frames, np.roll(frames[:, :, ::-1], len(frames) // 2, axis=0)], axis=2), 30.0)
    with _real_app(tmp_path / "coach") as at:
        page = open_page(at=at)
        page.set_default_timeout(10 * PATIENCE_MS)
        send(page, clip, "bicep-curl")
        page.wait_for_selector("#status-bar[value]")
        page.wait_for_selector(".verdict")
        assert played(page) > 0.3
        assert page.locator(".rep-card").count() == 1
        page.goto(at)
        send(page, two, "bicep-curl")
        page.wait_for_selector(".verdict")
        assert page.locator(".person").count() >= 2
        other = page.locator(".person:not([aria-current])").first
        number = other.get_attribute("value")
        other.click()
        page.wait_for_selector(".waiting")
        page.wait_for_selector(".verdict")
        assert page.locator(".person[aria-current]").get_attribute("value") == number
        page.goto(at + "/history")
        page.get_by_role("button", name="Delete all").click()
        page.wait_for_selector("text=No clips")
    assert not list((tmp_path / "coach" / "clips").iterdir())


@NEEDS
def test_a_squat_of_the_gym_is_no_curl(browser: Any, open_page: Callable[..., Any], tmp_path: Path) -> None:
    from aqa_bench.datasets.synthetic_gym.clip import make_clip, make_shot
    from aqa_bench.datasets.synthetic_gym.plan import plan_clips
    from aqa_bench.datasets.synthetic_gym.presets import PRESETS
    from aqa_bench.datasets.synthetic_gym.render import render_shot

    plan = plan_clips("demo", "backsquat", "labelled")[0]
    clip = tmp_path / f"{plan.id}.mp4"
    encode(clip, render_shot(make_shot(make_clip(plan)), 384, 1, "cpu").frames.numpy(), PRESETS["demo"].fps)
    with _real_app(tmp_path / "coach") as at:
        page = open_page(at=at)
        page.set_default_timeout(10 * PATIENCE_MS)
        send(page, clip, "bicep-curl")
        page.wait_for_selector(".verdict")
        assert page.locator("h1").inner_text() == "This clip cannot be judged"
        assert played(page) > 0.3
        page.get_by_role("button", name="Delete").click()
        page.wait_for_url("**/history")


@contextmanager
def _real_app(data: Path) -> Iterator[str]:
    """``aqa-bench serve`` itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "aqa_bench", "serve", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
