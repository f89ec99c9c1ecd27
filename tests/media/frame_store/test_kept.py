from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.media.frame_store.kept import WholeVideo, kept_frames
from aqa_bench.media.frame_store.store import FrameStore, StoredFrames
from aqa_bench.media.source import MediaFile
from aqa_bench.media.video import decode, encode

from .drawn import SIDE, Drawn, pictures

STORED = StoredFrames(SIDE)


def test_a_clip_is_kept_and_no_other_one(tmp_path: Path) -> None:
    reader = Drawn()
    for indices in ([3], None, [4, 0, 0], []):
        frames = kept_frames(tmp_path, STORED, "a", reader, indices)
        np.testing.assert_array_equal(frames, pictures(0, 5) if indices is None else pictures(0, 5)[indices])
        assert frames.shape[1:] == (SIDE, SIDE, 3)
    assert reader.decoded == 1
    assert len(list(FrameStore(tmp_path, STORED).folder.glob("*.frames"))) == 1


def test_what_was_read_cannot_change_the_store(tmp_path: Path) -> None:
    for indices in (None, [0]):
        kept_frames(tmp_path, STORED, "a", Drawn(), indices)[:] = 0
        np.testing.assert_array_equal(kept_frames(tmp_path, STORED, "a", Drawn()), pictures(0, 5))


def test_frames_outside_a_clip(tmp_path: Path) -> None:
    for index in (-1, 5):
        with pytest.raises(DataError, match="does not have this frame"):
            kept_frames(tmp_path, STORED, "a", Drawn(), [0, index])


@pytest.mark.parametrize("harm", ["removed", "cut"])
def test_a_clip_that_is_gone_is_decoded_again(tmp_path: Path, harm: str) -> None:
    reader = Drawn()
    kept_frames(tmp_path, STORED, "a", reader)
    path = FrameStore(tmp_path, STORED).path("a")
    os.truncate(path, 70) if harm == "cut" else path.unlink()
    for _ in range(2):
        np.testing.assert_array_equal(kept_frames(tmp_path, STORED, "a", reader, [2]), pictures(0, 5)[[2]])
    assert reader.decoded == 2


def test_where_nothing_can_be_kept_frames_come_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AQA_BENCH_FRAMES_LIMIT", "0.001MB")
    reader = Drawn()
    for _ in range(3):
        np.testing.assert_array_equal(kept_frames(tmp_path, STORED, "a", reader), pictures(0, 5))
    assert reader.decoded == 3
    assert caplog.text.count("decoded again each time") == 1


def test_damaged_clips_say_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="damaged"):
        kept_frames(tmp_path, STORED, "a", Drawn(broken=True))
    with pytest.raises(DataError, match="unexpected frames"):
        kept_frames(tmp_path, STORED, "a", Drawn(claimed=9), [7])


def test_videos(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (6, 4, 6, 3), np.uint8).repeat(8, 1).repeat(8, 2)
    file = MediaFile(encode(tmp_path / "v.mp4", frames))
    video = WholeVideo(file, 6, SIDE)
    for _ in range(2):
        found = kept_frames(tmp_path / "stores", STORED, "v", video, [5, 1])
        np.testing.assert_array_equal(found, decode(file, [5, 1], SIDE, threads=1))
