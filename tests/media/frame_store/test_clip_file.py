from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.media.frame_store.clip_file import ClipFile, write_clip
from aqa_bench.media.frame_store.encoding import JPEG, RAW, Encoding

from .drawn import SIDE, pictures

FRAMES = pictures(1, 7)


def read(file: ClipFile, frames: list[int]) -> np.ndarray:
    out = np.empty((len(frames), SIDE, SIDE, 3), np.uint8)
    file.read(frames, out, range(len(frames)))
    return out


@pytest.mark.parametrize("encoding", [RAW, JPEG], ids=lambda e: e.name)
def test_what_is_written_is_read(tmp_path: Path, encoding: Encoding) -> None:
    path = tmp_path / "a.frames"
    reserved: list[int] = []
    size = write_clip(path, FRAMES, encoding, reserved.append)
    assert path.stat().st_size == size == reserved[0]
    file = ClipFile.open(path)
    assert (file.frames, file.side, file.encoding, file.nbytes) == (7, SIDE, encoding, FRAMES.nbytes)
    pick = [6, 0, 3, 3]
    difference = np.abs(read(file, pick).astype(int) - FRAMES[pick])
    assert difference.max() <= (0 if encoding.is_exact else 12)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.frames"]


def test_frames_go_to_the_rows_that_want_them(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.frames", FRAMES, RAW)
    out = np.zeros((4, SIDE, SIDE, 3), np.uint8)
    ClipFile.open(tmp_path / "a.frames").read([5, 2], out, [3, 1])
    np.testing.assert_array_equal(out[[3, 1]], FRAMES[[5, 2]])
    assert not out[[0, 2]].any()


@pytest.mark.parametrize("encoding", [RAW, JPEG], ids=lambda e: e.name)
def test_every_damaged_byte_is_found(tmp_path: Path, encoding: Encoding) -> None:
    path = tmp_path / "a.frames"
    write_clip(path, FRAMES[:2], encoding)
    whole = path.read_bytes()
    for place in [*range(32), *range(64, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(DataError, match="damaged"):
            ClipFile.open(path)
    for length in (0, 10, 63, 64, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="damaged"):
            ClipFile.open(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(DataError, match="damaged"):
        ClipFile.open(path)


@pytest.mark.parametrize("encoding", [RAW, JPEG], ids=lambda e: e.name)
def test_a_file_that_is_cut_or_removed_later_is_an_error_and_no_crash(
    tmp_path: Path, encoding: Encoding
) -> None:
    path = tmp_path / "a.frames"
    write_clip(path, FRAMES, encoding)
    file = ClipFile.open(path)
    os.truncate(path, 200)
    with pytest.raises(DataError, match="cut short"):
        read(file, [6])
    path.unlink()
    with pytest.raises(DataError, match="No such file"):
        read(file, [0])


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def refuse(_: int) -> None:
        raise DataError("full")

    with pytest.raises(DataError, match="full"):
        write_clip(tmp_path / "a.frames", FRAMES, RAW, refuse)
    (tmp_path / "b.frames").mkdir()
    with pytest.raises(OSError):
        write_clip(tmp_path / "b.frames", FRAMES, RAW)
    assert [entry.name for entry in tmp_path.iterdir()] == ["b.frames"]
