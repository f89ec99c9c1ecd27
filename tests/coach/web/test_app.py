"""Pages, with a client in the same process and a worker that is stepped by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra coach is not installed")

from aqa_bench.coach.web.worker import Worker


@pytest.fixture
def worker(settings: Any) -> Any:
    worker = Worker(settings, settings.data / "worker.log")
    yield worker
    worker._judge.end()


def test_a_clip_goes_through(me: Any, worker: Worker, clip: Path, settings: Any) -> None:
    key = me.key(clip, blur="on")
    page = me.client.get(f"/clips/{key}").text
    assert "In the queue" in page
    assert "Yours is next." in page
    assert worker.step()
    page = me.client.get(f"/clips/{key}").text
    assert "1 of 2 repetitions with an error" in page
    assert "1 was not done to the end" in page
    assert "The &lt;knees&gt; move inward." in page
    assert "Trained on synthetic lifters" in page
    assert "Answering without looking reaches 0.50." in page
    assert "faces blurred" in page
    video = me.client.get(f"/clips/{key}/files/judged.mp4", headers={"range": "bytes=0-99"})
    assert video.status_code == 206
    assert len(video.content) == 100
    assert video.headers["content-type"] == "video/mp4"
    assert me.client.get(f"/clips/{key}/files/cover.jpg").content[:2] == b"\xff\xd8"
    assert "my squat.mp4" in me.client.get("/history").text
    assert me.client.get(f"/clips/{key}/files/assessment.json").json()["lifter"] == 0


def test_another_person_is_judged_with_the_poses_that_are_there(
    me: Any, worker: Worker, clip: Path, settings: Any
) -> None:
    key = me.key(clip)
    worker.step()
    assert me.post(f"/clips/{key}/person", person="1").status_code == 303
    assert "In the queue" in me.client.get(f"/clips/{key}").text
    worker.step()
    assert me.client.get(f"/clips/{key}/files/assessment.json").json()["lifter"] == 1
    assert me.post(f"/clips/{key}/person", person="-1").status_code == 400


def test_deleting_removes_every_file(me: Any, worker: Worker, clip: Path, settings: Any) -> None:
    key = me.key(clip)
    worker.step()
    assert any(settings.data.rglob(f"*{key}*/*"))
    assert me.post(f"/clips/{key}/delete").status_code == 303
    assert me.client.get(f"/clips/{key}").status_code == 404
    assert not [file for file in settings.data.rglob("*") if file.suffix in {".mp4", ".jpg", ".npz", ".json"}]


def test_all_of_ones_own_are_deleted_and_no_others(
    visitors: Callable[[], Any], worker: Worker, clip: Path
) -> None:
    me, other = visitors(), visitors()
    mine, theirs = [me.key(clip), me.key(clip)], other.key(clip)
    assert me.post("/history/delete").status_code == 303
    assert [me.client.get(f"/clips/{key}").status_code for key in (*mine, theirs)] == [404, 404, 200]


def test_events_say_where_a_clip_stands_and_end_with_it(me: Any, worker: Worker, clip: Path) -> None:
    key = me.key(clip, exercise="overhead-press")
    worker.step()
    events = me.client.get(f"/clips/{key}/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert json.loads(events.text.removeprefix("data: "))["state"] == "failed"


def test_a_refused_clip_says_why_without_paths_of_this_machine(
    me: Any, worker: Worker, clip: Path, settings: Any
) -> None:
    key = me.key(clip, exercise="overhead-press")
    worker.step()
    page = me.client.get(f"/clips/{key}").text
    assert "The clip shows no exercise." in page
    assert "Move." in page
    assert str(settings.data) not in page


def test_what_cannot_be_judged_says_what_to_change(me: Any, worker: Worker, clip: Path) -> None:
    key = me.key(clip, exercise="front-raise")
    worker.step()
    page = me.client.get(f"/clips/{key}").text
    assert "This clip cannot be judged" in page
    assert "Film from the side." in page


def test_the_keys_are_long_and_new(me: Any, clip: Path) -> None:
    keys = {me.key(clip) for _ in range(3)}
    assert len(keys) == 3
    assert all(len(key) == 32 for key in keys)


@pytest.mark.parametrize("path", ["/nothing", "/clips/" + "A" * 32, "/clips/x/files/judged.mp4", "/clips/x/events"])
def test_what_is_not_there_is_said(me: Any, path: str) -> None:
    answer = me.client.get(path)
    assert answer.status_code == 404
    assert "There is nothing here." in answer.text
