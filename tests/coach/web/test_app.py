"""Pages, with a client in the same process and a worker that is stepped by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra coach is not installed")

from aqa_bench.coach.web import intake
from aqa_bench.coach.web.worker import Worker
from aqa_bench.media.video import probe

# One app and one warm worker for all of them.
pytestmark = pytest.mark.xdist_group("coach-app")


@pytest.fixture(autouse=True)
def _probed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """test_probe.py asks the process that looks at uploads; here that would cost half a second each time."""
    monkeypatch.setattr(intake, "check_video", lambda file, limits: probe(file))


def work(worker: Worker) -> None:
    """Judge all that waits, also what other tests left."""
    while worker.step():
        pass


def test_a_clip_goes_through(me: Any, worker: Worker, clip: Path, settings: Any) -> None:
    key = me.key(clip, blur="on")
    page = me.client.get(f"/clips/{key}").text
    assert "In the queue" in page
    work(worker)
    page = me.client.get(f"/clips/{key}").text
    assert "1 of 2 repetitions with an error" in page
    assert "1 repetition was not complete" in page
    assert "The &lt;knees&gt; move inward." in page
    assert "Trained on synthetic lifters" in page
    assert "Blind guessing reaches 0.50." in page
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
    work(worker)
    assert me.post(f"/clips/{key}/person", person="1").status_code == 303
    assert "In the queue" in me.client.get(f"/clips/{key}").text
    work(worker)
    assert me.client.get(f"/clips/{key}/files/assessment.json").json()["lifter"] == 1
    for nobody in ("-1", "2", "one", ""):
        assert me.post(f"/clips/{key}/person", person=nobody).status_code == 400


def test_a_result_of_another_version_is_said(me: Any, worker: Worker, clip: Path, settings: Any) -> None:
    key = me.key(clip)
    work(worker)
    (settings.data / "clips" / key / "assessment.json").write_text('{"version": "0.0.1"}')
    page = me.client.get(f"/clips/{key}")
    assert page.status_code == 200
    assert "another version" in page.text


def test_deleting_removes_every_file(me: Any, worker: Worker, clip: Path, settings: Any) -> None:
    key = me.key(clip)
    work(worker)
    assert list((settings.data / "clips" / key).iterdir())
    assert me.post(f"/clips/{key}/delete").status_code == 303
    assert me.client.get(f"/clips/{key}").status_code == 404
    assert not [path for path in settings.data.rglob("*") if key in path.name]
    assert not list((settings.data / "incoming").iterdir())


def test_all_of_ones_own_are_deleted_and_no_others(
    visitors: Callable[[], Any], worker: Worker, clip: Path
) -> None:
    me, other = visitors(), visitors()
    mine, theirs = [me.key(clip), me.key(clip)], other.key(clip)
    assert me.post("/history/delete").status_code == 303
    assert [me.client.get(f"/clips/{key}").status_code for key in (*mine, theirs)] == [404, 404, 200]


def test_events_say_where_a_clip_stands_and_end_with_it(me: Any, worker: Worker, clip: Path) -> None:
    key = me.key(clip, exercise="overhead-press")
    work(worker)
    events = me.client.get(f"/clips/{key}/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert json.loads(events.text.removeprefix("data: "))["state"] == "failed"


def test_a_refused_clip_says_why_without_paths_of_this_machine(
    me: Any, worker: Worker, clip: Path, settings: Any
) -> None:
    key = me.key(clip, exercise="overhead-press")
    work(worker)
    page = me.client.get(f"/clips/{key}").text
    assert "The clip shows no exercise." in page
    assert "Move." in page
    assert str(settings.data) not in page


def test_what_cannot_be_judged_says_what_to_change(me: Any, worker: Worker, clip: Path) -> None:
    key = me.key(clip, exercise="front-raise")
    work(worker)
    page = me.client.get(f"/clips/{key}").text
    assert "This clip cannot be judged" in page
    assert "Film from the side." in page


def test_the_keys_are_long_and_new(me: Any, clip: Path) -> None:
    keys = {me.key(clip) for _ in range(3)}
    assert len(keys) == 3
    assert all(len(key) == 32 for key in keys)


@pytest.mark.parametrize(
    "path", ["/nothing", "/clips/" + "A" * 32, "/clips/x/files/judged.mp4", "/clips/x/events"]
)
def test_what_is_not_there_is_said(me: Any, path: str) -> None:
    answer = me.client.get(path)
    assert answer.status_code == 404
    assert "This page does not exist." in answer.text
