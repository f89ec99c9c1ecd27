from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.frame_store.encoding import JPEG, RAW, Encoding
from aqa_bench.media.video import decode

from .drawn import pictures


def through(encoding: Encoding, frame: UInt8Array) -> UInt8Array:
    out = np.empty_like(frame)
    encoding.decode(encoding.encode(frame), out)
    return out


def test_raw_frames_are_exact() -> None:
    frame = pictures(0, 1)[0][:, ::-1]
    np.testing.assert_array_equal(through(RAW, frame), frame)
    assert (RAW.name, RAW.is_exact, JPEG.name, JPEG.is_exact) == ("raw", True, "jpeg q95", False)


def test_jpegs_of_a_real_video_are_a_tenth_and_close(shared_data: Path) -> None:
    frames = decode(shared_data / "pose-trainer" / "sample_bicep_curl.mp4", range(0, 67, 6), size=224)
    size = sum(len(JPEG.encode(frame)) for frame in frames)
    error = np.stack([through(JPEG, frame) for frame in frames]).astype(float) - frames
    assert frames.nbytes / size > 10
    assert np.abs(error).mean() < 0.8
    assert 10 * np.log10(255**2 / (error**2).mean()) > 46
    assert size < JPEG.expected_bytes(frames.nbytes, 224)


def test_coloured_edges_survive() -> None:
    frame = np.zeros((32, 32, 3), np.uint8)
    frame[:, 11:21, 0] = 255
    assert np.abs(through(JPEG, frame).astype(int) - frame).max() < 40


def test_what_is_no_jpeg_is_refused() -> None:
    with pytest.raises(ValueError, match="not a JPEG"):
        JPEG.decode(b"nothing", np.empty((4, 4, 3), np.uint8))


def test_other_sizes_are_refused() -> None:
    frame = pictures(0, 1)[0]
    with pytest.raises(ValueError):
        JPEG.decode(JPEG.encode(frame), np.empty((4, 4, 3), np.uint8))
