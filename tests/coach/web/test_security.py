"""What strangers, other pages and hostile files get."""

from __future__ import annotations

import errno
import re
import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra coach is not installed")

from starlette.testclient import TestClient

from aqa_bench.coach.web import intake, uploads
from aqa_bench.coach.web.app import create_app
from aqa_bench.coach.web.doors import BROWSER, Doors
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.media.video import probe


@pytest.fixture(autouse=True)
def _probed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "check_video", lambda file, limits: probe(file))


@pytest.fixture
def own_app(
    own_settings: Callable[..., Any], fake: ModuleType, browser_at: type
) -> Iterator[Callable[..., Any]]:
    """Makes a browser at an app of its own."""
    clients: list[TestClient] = []

    def made(limits: dict[str, Any] | None = None, **settings: Any) -> Any:
        told = replace(own_settings(**(limits or {})), **settings)
        client = TestClient(create_app(told, exercises=fake.EXERCISES), base_url="http://localhost")
        client.__enter__()
        clients.append(client)
        return browser_at(client)

    yield made
    for client in clients:
        client.__exit__(None, None, None)


def kept(settings: Any) -> list[str]:
    """Files of clips, and of uploads that were not finished."""
    found = [*(settings.data / "clips").rglob("*"), *(settings.data / "incoming").rglob("*")]
    return [file.name for file in found if file.is_file()]


def test_a_form_of_many_fields_is_not_understood(me: Any) -> None:
    assert me.post("/history/delete", **{f"field{i}": "1" for i in range(30)}).status_code == 400


def test_with_the_link_one_may_look_and_only_look(visitors: Callable[[], Any], clip: Path) -> None:
    me, other = visitors(), visitors()
    key = me.key(clip)
    page = other.client.get(f"/clips/{key}")
    assert page.status_code == 200
    assert "Delete" not in page.text
    assert key not in other.client.get("/history").text
    for path in (f"/clips/{key}/delete", f"/clips/{key}/person"):
        assert other.post(path, person="1").status_code == 403
    assert me.client.get(f"/clips/{key}").status_code == 200


@pytest.mark.parametrize("path", ["/clips/{key}/delete", "/clips/{key}/person", "/history/delete"])
def test_forms_from_elsewhere_change_nothing(me: Any, clip: Path, path: str) -> None:
    key = me.key(clip)
    path = path.format(key=key)
    client = me.client
    assert client.post(path, data={"person": "1"}).status_code == 403
    assert client.post(path, data={"token": "0" * 64, "person": "1"}).status_code == 403
    own = {"token": me.token(), "person": "1"}
    assert client.post(path, data=own, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get(f"/clips/{key}").status_code == 200


def test_an_upload_from_elsewhere_touches_no_disk(me: Any, clip: Path, settings: Any) -> None:
    before = kept(settings)
    me.token()
    files = {"clip": ("a.mp4", clip.read_bytes())}
    for token in ("", "0" * 64):
        data = {"token": token, "exercise": "squat"}
        assert me.client.post("/clips", data=data, files=files).status_code == 403
    # The token behind the file comes too late.
    body = (
        b'--X\r\nContent-Disposition: form-data; name="clip"; filename="a"\r\n\r\nxx\r\n'
        b'--X\r\nContent-Disposition: form-data; name="token"\r\n\r\n'
        + me.token().encode()
        + b"\r\n--X--\r\n"
    )
    kind = {"content-type": "multipart/form-data; boundary=X"}
    assert me.client.post("/clips", content=body, headers=kind).status_code == 403
    assert kept(settings) == before


def test_a_token_is_of_one_browser(visitors: Callable[[], Any], clip: Path) -> None:
    me, other = visitors(), visitors()
    me.token()
    data = {"token": other.token(), "exercise": "squat"}
    assert me.client.post("/clips", data=data, files={"clip": ("a.mp4", b"x")}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/history", "/nothing", "/static/coach.js"])
def test_every_answer_shuts_the_page_in(me: Any, path: str) -> None:
    answer = me.client.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    nonce = re.search(r"'nonce-([\w-]+)'", policy)
    assert nonce is not None
    assert nonce[1] not in me.client.get(path).headers["content-security-policy"]


def test_a_page_that_breaks_down_is_shut_in_too(
    own_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    me = own_app()
    monkeypatch.setattr("aqa_bench.coach.web.jobs.Jobs.of", lambda self, owner: 1 / 0)
    client = TestClient(me.client.app, base_url="http://localhost", raise_server_exceptions=False)
    answer = client.get("/history")
    assert answer.status_code == 500
    assert "unexpected error" in answer.text
    assert "ZeroDivision" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_pages_ask_nothing_of_any_other_server(me: Any) -> None:
    for path in ("/", "/history", "/static/coach.css", "/static/coach.js"):
        text = me.client.get(path).text
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//|url\((?!\s*['\"]?data:)|@import", text)
        assert not re.search(r"<script(?! (?:src|type=\"application/json\"))| on\w+=\"| style=\"", text)


@pytest.mark.parametrize(
    "name",
    ["clip.mp4", "poses.npz", "..%2f..%2fsecret", "../secret", "secret", "people-.jpg", ".clip.mp4.part"],
)
def test_only_what_was_made_is_served(me: Any, clip: Path, name: str) -> None:
    key = me.key(clip)
    assert me.client.get(f"/clips/{key}/files/{name}").status_code == 404


@pytest.mark.parametrize("key", ["%2e%2e", "..%2f..%2fetc", "a" * 500, "%00", "clips.sqlite"])
def test_keys_lead_nowhere(me: Any, key: str) -> None:
    for rest in ("", "/files/judged.mp4", "/events"):
        assert me.client.get(f"/clips/{key}{rest}").status_code == 404


def test_cookies_are_for_this_app_alone(me: Any) -> None:
    cookie = me.client.get("/").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    secure = TestClient(me.client.app, base_url="https://localhost").get("/").headers["set-cookie"].lower()
    assert "secure" in secure


def test_the_database_cannot_be_turned_into_cookies(me: Any, clip: Path, settings: Any) -> None:
    me.key(clip)
    cookie = me.client.cookies[BROWSER]
    assert not any(cookie.encode() in file.read_bytes() for file in settings.data.glob("jobs.sqlite*"))


def test_names_of_files_are_shown_as_text(me: Any, clip: Path) -> None:
    key = me.key(clip, name="../<script>alert(1)</script>\x07.mp4")
    page = me.client.get(f"/clips/{key}").text
    assert "<script>alert" not in page
    assert "\x07" not in page


def test_a_file_beyond_the_limit_is_refused_with_a_page(own_app: Callable[..., Any], tmp_path: Path) -> None:
    me = own_app(limits={"bytes": 100_000})
    for size in (100_001, 300_000):
        answer = me.upload(b"x" * size)
        assert answer.status_code == 413
        assert "The file is too large." in answer.text
    assert kept(type("S", (), {"data": tmp_path / "own"})) == []


def test_a_full_disk_is_said_and_nothing_is_kept(
    me: Any, clip: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(settings)

    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(uploads.os, "write", full)
    answer = me.upload(clip)
    monkeypatch.undo()
    assert answer.status_code == 507
    assert "could not be stored; nothing was kept" in answer.text
    assert kept(settings) == before
    assert "No clips have been uploaded" in me.client.get("/history").text


def test_an_upload_that_leaves_too_little_space_is_refused_at_once(
    me: Any, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(100, 99, 1))
    assert me.upload(clip).status_code == 507


def test_a_disk_that_fills_while_the_clip_is_stored_leaves_no_job(
    me: Any, clip: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(settings)

    def full(self: Any, key: str, name: str, file: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("aqa_bench.coach.web.storage.FolderStorage.put", full)
    assert me.upload(clip).status_code == 507
    assert kept(settings) == before
    assert "No clips have been uploaded" in me.client.get("/history").text


@pytest.mark.parametrize(
    ("content", "exercise", "said"),
    [(b"", "squat", "No clip was chosen."), (b"x", "juggling", "No exercise was chosen.")],
)
def test_half_a_form_is_said(me: Any, content: bytes, exercise: str, said: str) -> None:
    answer = me.upload(content, exercise=exercise)
    assert answer.status_code == 422
    assert said in answer.text


def test_nobody_fills_the_queue_alone(own_app: Callable[..., Any], clip: Path) -> None:
    me = own_app(limits={"waiting": 2})
    assert [me.upload(clip).status_code for _ in range(3)] == [303, 303, 429]


def test_the_password_opens_every_door_for_one_browser(
    own_app: Callable[..., Any], clip: Path, browser_at: type
) -> None:
    me = own_app(password="open sesame")
    answer = me.client.get("/history", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/history")
    answer = me.client.post("/history/delete", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/")
    assert me.client.post("/clips", data={}, follow_redirects=False).status_code == 303
    assert me.post("/login", password="wrong").status_code == 403
    entered = me.post("/login", password="open sesame", next="/history")
    assert (entered.status_code, entered.headers["location"]) == (303, "/history")
    assert me.upload(clip).status_code == 303
    stranger = browser_at(TestClient(me.client.app, base_url="http://localhost"))
    stranger.client.cookies.set("aqa_pass", me.client.cookies["aqa_pass"])
    assert stranger.client.get("/history", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("goal", ["https://evil.example", "//evil.example", "/\\evil.example", "/\n/evil"])
def test_the_password_leads_nowhere_else(own_app: Callable[..., Any], goal: str) -> None:
    me = own_app(password="open sesame")
    entered = me.post("/login", password="open sesame", next=goal)
    assert entered.headers["location"] == "/"


def test_another_password_voids_the_old_pass(tmp_path: Path) -> None:
    from starlette.requests import Request

    def asking(cookies: str) -> Request:
        return Request({"type": "http", "headers": [(b"cookie", cookies.encode())], "state": {}})

    browser = "b" * 43
    old, new = Doors(tmp_path, "old"), Doors(tmp_path, "new")
    cookies = f"{BROWSER}={browser}; aqa_pass={old._pass(asking(f'{BROWSER}={browser}'))}"
    assert old.is_open(asking(cookies))
    assert not new.is_open(asking(cookies))


def test_a_damaged_secret_is_said(tmp_path: Path) -> None:
    Doors(tmp_path, None)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(AqaBenchError, match="secret is damaged"):
        Doors(tmp_path, None)


def test_without_a_password_another_name_is_not_answered(own_app: Callable[..., Any]) -> None:
    me = own_app(hosts=("localhost", "::1"))
    assert me.client.get("/").status_code == 200
    assert me.client.get("/", headers={"host": "[::1]:8000"}).status_code == 200
    assert me.client.get("/", headers={"host": "evil.example"}).status_code == 421
