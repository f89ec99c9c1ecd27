from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aqa_bench.core.errors import DataError
from aqa_bench.media.frame_folders import scan_frames


def write(folder: Path, numbers: range | list[int], name: Callable[[int], str], base: int = 1) -> Path:
    """Frames whose grey level is their number, counted from 1."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        level = np.full((6, 8, 3), number, np.uint8)
        Image.fromarray(level).save(folder / name(number - 1 + base))
    return folder


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize(
    "name",
    ["{:06d}.png", "{:08d}.png", "img_{:05d}.png", "{}.png", "frame{}.PNG"],
)
def test_frames_are_found_by_number_however_they_are_named(tmp_path: Path, name: str, base: int) -> None:
    folder = scan_frames(write(tmp_path / "f", range(1, 13), name.format, base))
    assert folder.numbers.tolist() == list(range(1, 13))
    frames = folder.names.read([12, 2, 2, 10])
    assert frames.shape == (4, 6, 8, 3)
    assert frames[:, 0, 0, 0].tolist() == [12, 2, 2, 10]
    assert folder.names.read([3], size=4).shape == (1, 4, 4, 3)


def test_a_gap_shifts_nothing(tmp_path: Path) -> None:
    folder = scan_frames(write(tmp_path / "f", [1, 2, 5, 6], "{:06d}.png".format))
    assert folder.last == 6
    assert folder.missing(np.arange(1, 7)).tolist() == [3, 4]
    assert folder.names.read([5, 6])[:, 0, 0, 0].tolist() == [5, 6]
    with pytest.raises(DataError, match=r"000003\.png"):
        folder.names.read([3])


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    folder = write(tmp_path / "f", range(1, 4), "{:06d}.png".format)
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "readme.txt").write_text("x")
    assert len(scan_frames(folder).numbers) == 3


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("{:06d}.png", "{:06d}.jpg", "NUMBER"),
        ("{:06d}.png", "{:04d}.png", "two files with number"),
        ("{:06d}.png", "a{:06d}.png", "NUMBER"),
    ],
)
def test_folders_named_in_two_ways_are_refused(tmp_path: Path, first: str, second: str, found: str) -> None:
    folder = write(tmp_path / "f", range(1, 4), first.format)
    write(folder, range(3, 5), second.format)
    with pytest.raises(DataError, match=found):
        scan_frames(folder)


def test_two_paddings_without_a_double_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "f", range(1, 4), "{:06d}.png".format)
    write(folder, range(7, 9), "{:04d}.png".format)
    with pytest.raises(DataError, match="inconsistent zero-padding"):
        scan_frames(folder)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no numbered image"):
        scan_frames(tmp_path)


def test_frames_of_two_sizes_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "f", range(1, 3), "{:06d}.png".format)
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder / "000003.png")
    with pytest.raises(DataError, match="8 x 6"):
        scan_frames(folder).names.read([1, 2, 3])
    with pytest.raises(DataError, match="none"):
        scan_frames(folder).names.read([])
