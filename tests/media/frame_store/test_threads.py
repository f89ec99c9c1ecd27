from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.media.frame_store.clip_file import ClipFile, write_clip
from aqa_bench.media.frame_store.encoding import JPEG, RAW, Encoding
from aqa_bench.media.frame_store.threads import read_rows, unordered

from .drawn import SIDE, pictures


@pytest.mark.parametrize("threads", [1, 3])
def test_answers_every_item(threads: int) -> None:
    assert sorted(unordered(abs, range(-50, 0), threads)) == list(range(1, 51))
    assert list(unordered(abs, [], threads)) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_error_ends_the_work(threads: int) -> None:
    done: list[str] = []

    def work(text: str) -> int:
        done.append(text)
        return int(text)

    with pytest.raises(ValueError, match="invalid literal"):
        list(unordered(work, ["1", "x", *["2"] * 100], threads))
    assert len(done) < 30


def test_several_items_are_under_way_and_few_are_taken_ahead() -> None:
    together = threading.Barrier(3, timeout=20)
    taken = 0

    def items() -> object:
        nonlocal taken
        for number in range(30):
            taken += 1
            yield number

    for done, _ in enumerate(unordered(lambda _: together.wait(), items(), 3), 1):  # type: ignore[arg-type]
        assert taken <= done + 6


@pytest.mark.parametrize("encoding", [RAW, JPEG], ids=lambda e: e.name)
@pytest.mark.parametrize("threads", [1, 4])
def test_rows_of_several_clips(tmp_path: Path, encoding: Encoding, threads: int) -> None:
    clips = [pictures(seed, 4 + seed) for seed in range(5)]
    files = []
    for seed, frames in enumerate(clips):
        write_clip(tmp_path / f"{seed}.frames", frames, encoding)
        files.append(ClipFile.open(tmp_path / f"{seed}.frames"))
    rng = np.random.default_rng(0)
    for count in (0, 1, 7, 61):
        numbers = rng.integers(0, 5, count)
        frames = rng.integers(4 + numbers)
        out = np.empty((count, SIDE, SIDE, 3), np.uint8)
        read_rows(files, numbers, frames, out, threads)
        for row, number, frame in zip(out, numbers, frames, strict=True):
            assert np.abs(row.astype(int) - clips[number][frame]).max() <= (0 if encoding.is_exact else 12)
