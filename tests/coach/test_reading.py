from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from aqa_bench.coach import reading
from aqa_bench.coach.reading import read
from aqa_bench.core.errors import DataError
from aqa_bench.media.video import encode


def shades(count: int) -> np.ndarray:
    """Frames that tell their number by their brightness."""
    values = np.linspace(20, 230, count).astype(np.uint8)
    return np.broadcast_to(values[:, None, None, None], (count, 64, 96, 3)).copy()


def write(path: Path, times: list[int], **options: object) -> Path:
    """A clip whose frames come at the given milliseconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"g": "1", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for time, frame in zip(times, shades(len(times)), strict=True):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def brightness(footage: reading.Footage) -> list[float]:
    return [float(frame.mean()) for frame in footage.frames()]


def test_a_steady_clip_is_read_as_it_is(tmp_path: Path) -> None:
    footage = read(encode(tmp_path / "a.mp4", shades(12), 12.0))
    clip = footage.clip
    assert (clip.frames, clip.fps, clip.width, clip.height, clip.seconds, clip.notes) == (
        12,
        12,
        96,
        64,
        1,
        [],
    )
    assert footage.shows == tuple(range(12))
    assert np.diff(brightness(footage)).min() > 5


def test_a_clip_on_its_side_is_shown_upright(tmp_path: Path) -> None:
    footage = read(encode(tmp_path / "a.mp4", shades(4), 10.0, rotation=90))
    assert (footage.clip.width, footage.clip.height) == (64, 96)
    assert next(footage.frames()).shape == (96, 64, 3)
    assert "Turned by 90 degrees" in footage.clip.notes[0]


def test_a_variable_rate_becomes_a_steady_one(tmp_path: Path) -> None:
    # Ten frames in the first second, then a gap of a second, then ten more.
    times = [*range(0, 1000, 100), *range(2000, 3000, 100)]
    footage = read(write(tmp_path / "a.mkv", times))
    assert "varies" in footage.clip.notes[0]
    assert footage.clip.seconds == pytest.approx(2.9, abs=0.3)
    shown = np.array(footage.shows)
    seconds = np.array(times)[shown] / 1000
    own = np.arange(len(shown)) / footage.clip.fps
    # Every moment shows the latest frame: never one of the future, in the gap the one before it.
    assert (seconds <= own + 0.5 / footage.clip.fps + 1e-6).all()
    assert (np.diff(shown) >= 0).all()
    assert len(brightness(footage)) == len(shown)


def test_fast_clips_are_thinned(tmp_path: Path) -> None:
    footage = read(encode(tmp_path / "a.mp4", shades(60), 120.0))
    assert footage.clip.fps == 30
    assert footage.clip.frames == pytest.approx(15, abs=1)
    assert "reduced" in footage.clip.notes[0]


def test_of_a_long_clip_the_start_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST", 0.5)
    footage = read(encode(tmp_path / "a.mp4", shades(20), 10.0))
    assert footage.clip.frames == 6
    assert footage.clip.notes == ["Only the first 0.5 s were read."]


def test_large_clips_are_shown_smaller(tmp_path: Path) -> None:
    footage = read(encode(tmp_path / "a.mp4", shades(3), 10.0))
    assert footage.shape(48) == (32, 48)
    assert {frame.shape for frame in footage.frames(48)} == {(32, 48, 3)}


def test_of_a_corrupt_file_what_can_be_read_is_read(tmp_path: Path) -> None:
    file = write(tmp_path / "a.mkv", list(range(0, 4000, 100)))
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    footage = read(file)
    assert 2 < footage.clip.frames < 40
    assert len(brightness(footage)) == footage.clip.frames


def sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("text.mp4", "unknown kind of video"),
        ("playlist.mp4", "unknown kind of video"),
        ("empty.mp4", "unknown kind of video"),
        ("sound.mp4", "only sound"),
        ("one.mp4", "one frame"),
        ("tiny.mp4", "32 x 32"),
        ("absent.mp4", "no such file"),
        ("folder.mp4", "a folder"),
        ("pipe.mp4", "not a plain file"),
    ],
)
def test_what_is_no_clip_is_refused_and_said(tmp_path: Path, name: str, found: str) -> None:
    file = tmp_path / name
    if name == "text.mp4":
        file.write_text("Not a video.\n" * 100)
    elif name == "playlist.mp4":
        encode(tmp_path / "secret.mp4", shades(3), 10.0)
        file.write_text(f"#EXTM3U\n#EXTINF:1,\n{tmp_path / 'secret.mp4'}\n#EXT-X-ENDLIST\n")
    elif name == "empty.mp4":
        file.write_bytes(b"")
    elif name == "sound.mp4":
        sound(file)
    elif name == "folder.mp4":
        file.mkdir()
    elif name == "pipe.mp4":
        os.mkfifo(file)
    elif name == "one.mp4":
        encode(file, shades(1), 10.0)
    elif name == "tiny.mp4":
        encode(file, np.zeros((3, 32, 32, 3), np.uint8), 10.0)
    with pytest.raises(DataError, match=found):
        read(file)
