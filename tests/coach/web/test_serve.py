"""What is asked of ``serve``: addresses, passwords, durations, missing packages, one app per folder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aqa_bench.cli.main import main
from aqa_bench.coach.web import serve as serving
from aqa_bench.coach.web.serve import check_installed, guarded
from aqa_bench.coach.web.settings import Settings, duration_s, in_words
from aqa_bench.core.errors import UsageError


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.5"])
def test_this_machine_needs_no_password_and_knows_its_names(host: str) -> None:
    found = guarded(Settings(Path()), host, open_door=False)
    assert host in found.hosts
    assert "localhost" in found.hosts


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "gym.example"])
def test_another_address_needs_a_password_or_a_word(host: str) -> None:
    with pytest.raises(UsageError, match="it has no password"):
        guarded(Settings(Path()), host, open_door=False)
    assert guarded(Settings(Path()), host, open_door=True).hosts == ()
    assert guarded(Settings(Path(), password="x"), host, open_door=False).hosts == ()


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("12h", 43200), ("7d", 604800)])
def test_durations(text: str, seconds: int) -> None:
    assert duration_s(text) == seconds
    count, unit = in_words(seconds).split()
    assert text == count + unit[0]


@pytest.mark.parametrize("text", ["", "7", "0d", "-1h", "a week", "7dd", "9999999d"])
def test_no_durations(text: str) -> None:
    with pytest.raises(UsageError, match="time to keep clips"):
        duration_s(text)


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "find_spec", lambda name: None if name == "mediapipe" else object())
    with pytest.raises(UsageError, match="no mediapipe") as caught:
        check_installed()
    assert caught.value.remedy == 'pip install "aqa-bench[coach]"'


def test_the_command_refuses_an_open_door(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(serving, "find_spec", lambda name: object())
    monkeypatch.delenv("AQA_BENCH_PASSWORD", raising=False)
    assert main(["serve", "--host", "0.0.0.0", "--data", str(tmp_path / "coach")]) == 2
    assert "--no-password" in capsys.readouterr().err
    assert not (tmp_path / "coach").exists()
    assert main(["serve", "--keep", "soon"]) == 2


def test_two_apps_do_not_share_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("starlette", reason="the extra coach is not installed")
    from aqa_bench.core.lock import attempt

    with attempt(tmp_path / "serve.lock") as held:
        assert held
        with pytest.raises(UsageError, match="Another app"):
            serving.serve(Settings(tmp_path), "127.0.0.1", 1, lambda: None)


def test_an_address_that_is_taken_or_unknown_is_said(tmp_path: Path) -> None:
    pytest.importorskip("starlette", reason="the extra coach is not installed")

    def ready() -> None:
        raise AssertionError

    with serving.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"(?s)cannot listen.*--port {port}.*in use"):
            serving.serve(Settings(tmp_path), "127.0.0.1", port, ready)
    with pytest.raises(UsageError, match="cannot listen"):
        serving.serve(Settings(tmp_path), "192.0.2.1", 1, ready)


def test_the_verb_costs_start_up_nothing() -> None:
    code = "import sys, aqa_bench.cli.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"starlette", "uvicorn", "mediapipe", "jinja2"} & {*re.findall(r"^\w+|(?<= )\w+", done.stdout)}
