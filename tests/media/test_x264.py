from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.sample import UInt8Array
from aqa_bench.datasets.synthetic_gym.writer import mp4
from aqa_bench.media import x264
from aqa_bench.media.video import encode
from aqa_bench.media.x264 import x264_options


def moving(side: int) -> UInt8Array:
    """A coloured mosaic that slides through the picture."""
    tiles = np.random.default_rng(1).integers(0, 256, (side // 4 + 12, side // 4 + 24, 3), np.uint8)
    wall = tiles.repeat(4, axis=0).repeat(4, axis=1)
    return np.stack([wall[2 * t : 2 * t + side, t : t + side] for t in range(24)])


def littered(rng: np.random.Generator) -> list[np.ndarray]:
    """Leaves freed memory full of noise behind; what is returned keeps the holes apart."""
    held = [np.frombuffer(rng.bytes(int(n)), np.uint8).copy() for n in rng.integers(16, 200_000, 300)]
    del held[::2]
    return held


@pytest.mark.parametrize("side", [64, 96, 128, 224])
@pytest.mark.parametrize("written", ["a clip", "a rendering"])
def test_the_same_frames_become_the_same_bytes_whatever_memory_holds(
    tmp_path: Path, side: int, written: str
) -> None:
    frames, rng = moving(side), np.random.default_rng(2)
    write: dict[str, Callable[[], bytes]] = {
        "a clip": lambda: encode(tmp_path / "clip.mp4", frames).read_bytes(),
        "a rendering": lambda: mp4(frames, 10),
    }
    found = set()
    for _ in range(6):
        held = littered(rng)
        found.add(write[written]())
        del held
    assert len(found) == 1


def test_instructions_are_named_only_where_there_would_be_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(x264, "_has_avx512", lambda: True)
    assert x264_options(20, "fast") == {
        "crf": "20",
        "preset": "fast",
        "threads": "1",
        "x264-params": "asm=avx2",
    }
    monkeypatch.setattr(x264, "_has_avx512", lambda: False)
    assert x264_options(20) == {"crf": "20", "preset": "medium", "threads": "1"}
