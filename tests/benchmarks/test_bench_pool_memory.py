"""A pool of 5,000 clips at 224 pixels (24 GB of frames) on a machine with less memory than that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.core.sample import Media, Sample, Trajectory
from aqa_bench.core.task import Modality
from aqa_bench.learn.features.frame_cost import stored_frames
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.pretraining.image_batches import triplet_batches
from aqa_bench.learn.pretraining.triplets import CrossClipTriplets
from aqa_bench.media.frame_store import RAW, FrameStore
from aqa_bench.media.frame_store.clip_file import write_clip

CLIPS, FRAMES, SIDE, TRIPLETS, BATCHES = 5_000, 32, 224, 3, 200
STATUS = Path("/proc/self/status")


@dataclass
class UnreadClip(Media):
    number: int
    provides: frozenset[Modality] = frozenset({Modality.FRAMES, Modality.TRAJECTORY})

    length = FRAMES

    @property
    def content_key(self) -> str:
        return f"clip-{self.number}"

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        pytest.fail("a clip was decoded although its frames are in the store")

    def trajectory(self) -> Trajectory:
        elevation = np.abs(np.linspace(-1, 1, FRAMES)).astype(np.float32)
        return Trajectory(elevation, np.ones_like(elevation), FRAMES // 2)


def sparse_store(pool: FrameIndex, root: Path) -> None:
    """A finished store of black frames that takes no space on the disk."""
    store = FrameStore(root, stored_frames(pool.spec))
    store.folder.mkdir(parents=True)
    black = store.path("black")
    write_clip(black, np.zeros((FRAMES, SIDE, SIDE, 3), np.uint8), RAW)
    header, size = black.read_bytes()[:64], black.stat().st_size
    for key in pool.keys:
        with store.path(key).open("wb") as file:
            file.write(header)
            file.truncate(size)


def anonymous_bytes() -> int:
    """Memory that is the process' own: neither shared nor a view of a file, which the system can drop."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon:"))
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not STATUS.is_file(), reason="needs /proc")
def test_only_batches_are_in_memory(
    benchmark: BenchmarkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AQA_BENCH_FRAMES", "raw")
    monkeypatch.setenv("AQA_BENCH_FRAMES_LIMIT", "30GB")
    samples = [Sample(str(i), str(i), UnreadClip(i)) for i in range(CLIPS)]
    pool = FrameIndex(samples, FrameSpec(None, SIDE, None))
    assert pool.nbytes > 24e9
    sampler = CrossClipTriplets(pool.elevations())
    sparse_store(pool, tmp_path)
    pool.prepare(tmp_path, torch.device("cpu"))
    assert pool.storage == "raw"
    batches = triplet_batches(pool, sampler, TRIPLETS, 0)(0)
    first = next(batches)
    assert first.images.shape == (3 * TRIPLETS, SIDE, SIDE, 3)
    before, peak = anonymous_bytes(), 0

    def draw() -> None:
        nonlocal peak
        for batch in islice(batches, BATCHES):
            assert not batch.images[0, 0, 0].any()
            peak = max(peak, anonymous_bytes())

    benchmark.pedantic(draw, rounds=1)
    batch_bytes = first.images.nbytes
    benchmark.extra_info |= {
        "frames of the pool, GB": round(pool.nbytes / 1e9, 1),
        "frames read, MB": round(BATCHES * batch_bytes / 1e6),
        "growth, MB": round((peak - before) / 1e6, 1),
    }
    assert peak - before < 4 * batch_bytes + 32e6
