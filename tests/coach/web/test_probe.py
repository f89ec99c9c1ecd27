"""What uploads are, by their content, in a process of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from aqa_bench.coach.web import probe as asking
from aqa_bench.coach.web.probe import check_video
from aqa_bench.coach.web.settings import Limits
from aqa_bench.core.errors import DataError
from aqa_bench.media.video import encode


def test_a_video_is_described_whatever_its_name(clip: Path, tmp_path: Path) -> None:
    file = tmp_path / "holiday.txt"
    file.write_bytes(clip.read_bytes())
    found = check_video(file, Limits())
    assert (found.width, found.height, found.frames) == (128, 96, 30)
    assert found.seconds == pytest.approx(1.0, abs=0.05)


@pytest.fixture
def looked_at_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The same program in this process: starting one costs half a second."""

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        code = asking.main(command[-1])
        return subprocess.CompletedProcess(command, code, capsys.readouterr().out, "")

    monkeypatch.setattr(asking, "_limit_this_process", lambda: None)
    monkeypatch.setattr(asking.subprocess, "run", run)


def text(tmp_path: Path, clip: Path) -> bytes:
    return b"This is a text file named .mp4.\n" * 100


def playlist(tmp_path: Path, clip: Path) -> bytes:
    return f"#EXTM3U\n#EXTINF:1,\nfile://{clip}\n#EXT-X-ENDLIST\n".encode()


def half(tmp_path: Path, clip: Path) -> bytes:
    content = clip.read_bytes()
    return content[: len(content) // 2]


def audio(tmp_path: Path, clip: Path) -> bytes:
    file = tmp_path / "sound.wav"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000), dtype=np.int16), layout="mono")
        sound.rate = 8000
        container.mux(stream.encode(sound))
    return file.read_bytes()


@pytest.mark.usefixtures("looked_at_here")
@pytest.mark.parametrize("made", [text, playlist, half, audio])
def test_what_is_no_video_is_said(made: Callable[[Path, Path], bytes], clip: Path, tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(made(tmp_path, clip))
    with pytest.raises(DataError, match="not a readable video") as caught:
        check_video(file, Limits())
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.usefixtures("looked_at_here")
@pytest.mark.parametrize(
    ("limits", "said"),
    [(Limits(seconds=0.5), "too long"), (Limits(pixels=1000), "too large")],
)
def test_limits_are_of_what_is_in_it(limits: Limits, said: str, clip: Path) -> None:
    with pytest.raises(DataError, match=said):
        check_video(clip, limits)


@pytest.mark.usefixtures("looked_at_here")
def test_one_frame_is_no_clip(tmp_path: Path) -> None:
    file = encode(tmp_path / "one.mp4", np.zeros((1, 16, 16, 3), dtype=np.uint8))
    with pytest.raises(DataError, match="a picture, not a clip"):
        check_video(file, Limits())


def test_a_decoder_that_hangs_or_crashes_is_survived(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = subprocess.run

    def instead(script: str) -> None:
        def other(command: list[str], **options: object) -> object:
            return run([command[0], "-c", script], **options)

        monkeypatch.setattr(asking.subprocess, "run", other)

    monkeypatch.setattr(asking, "_WAIT_S", 0.5)
    for script in ("import time; time.sleep(60)", "import os; os.abort()", "print('{}')", "print('[1]')"):
        instead(script)
        with pytest.raises(DataError, match="not a readable video"):
            check_video(clip, Limits())


def test_the_process_is_bounded(clip: Path) -> None:
    import resource

    code = (
        "from aqa_bench.coach.web.probe import _limit_this_process as limit; import resource as r; limit();"
        "print(r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_CPU)[0])"
    )
    done = subprocess.run([os.sys.executable, "-c", code], capture_output=True, text=True, check=True)
    memory, seconds = map(int, done.stdout.split())
    assert 0 < memory < 4 << 30
    assert 0 < seconds < 60
    assert resource.getrlimit(resource.RLIMIT_CPU)[0] != seconds
