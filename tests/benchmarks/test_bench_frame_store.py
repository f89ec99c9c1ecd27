"""Frames from memory, from a store of pixels and from one of JPEGs: speed, size and what is lost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.core.sample import Media, Sample, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.media.frame_store import RAW, Encoding, FrameStore, StoredFrames, fill
from aqa_bench.media.video import decode, encode

CPU = torch.device("cpu")
SIDE, CLIPS, FRAMES, TRIPLETS = 224, 160, 32, 25


@cache
def _scene(seed: int) -> UInt8Array:
    """A textured wall behind a body that moves, somewhat like a gym."""
    rng = np.random.default_rng(seed)
    wall = rng.integers(0, 256, (SIDE // 16, SIDE // 16, 3)).repeat(16, 0).repeat(16, 1)
    wall = (wall + rng.normal(0, 4, wall.shape)).clip(0, 255).astype(np.uint8)
    frames = np.repeat(wall[None], FRAMES, axis=0)
    for number, frame in enumerate(frames):
        top = 40 + 3 * number
        frame[top : top + 80, 80:150] = rng.integers(0, 256, 3)
    return frames


@dataclass(frozen=True)
class SceneClip(Media):
    """One of eight scenes, so that making them takes no time."""

    number: int
    provides = frozenset({Modality.FRAMES})
    length = FRAMES

    @property
    def content_key(self) -> str:
        return f"scene {self.number}"

    def frames(self, indices: object = None, size: int | None = None) -> UInt8Array:
        return _scene(self.number % 8)


@dataclass(frozen=True)
class SceneReader:
    number: int

    def __len__(self) -> int:
        return FRAMES

    def __call__(self) -> UInt8Array:
        return _scene(self.number % 8)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stores")


@pytest.mark.benchmark(group="the 75 frames of 25 triplets at 224 pixels")
@pytest.mark.parametrize(
    ("storage", "threads"), [("memory", 1), ("raw", 1), ("raw", 2), ("jpeg", 1), ("jpeg", 2)]
)
def test_frames_of_triplets(
    benchmark: BenchmarkFixture, root: Path, monkeypatch: pytest.MonkeyPatch, storage: str, threads: int
) -> None:
    monkeypatch.setenv("AQA_BENCH_FRAMES", "jpeg" if storage == "jpeg" else "raw")
    index = FrameIndex(
        [Sample(str(i), str(i), SceneClip(i)) for i in range(CLIPS)], FrameSpec(None, SIDE, None)
    )
    index.prepare(root, CPU, budget=1 << 31 if storage == "memory" else 0, jobs=threads)
    assert index.storage.startswith(storage)
    rng = np.random.default_rng(0)

    def draw() -> tuple[tuple[npt.NDArray[np.int64], ...], dict[str, object]]:
        return (rng.integers(0, CLIPS, 3 * TRIPLETS), rng.integers(0, FRAMES, 3 * TRIPLETS)), {}

    seconds: list[float] = []

    def read(clips: npt.NDArray[np.int64], frames: npt.NDArray[np.int64]) -> None:
        start = time.process_time()
        assert index.read(clips, frames).shape == (3 * TRIPLETS, SIDE, SIDE, 3)
        seconds.append(time.process_time() - start)

    benchmark.pedantic(read, setup=draw, rounds=40, warmup_rounds=3)
    benchmark.extra_info["processor ms"] = round(1e3 * float(np.median(seconds)), 2)
    assert np.median(seconds) < 0.2


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Mapping[int, UInt8Array]:
    video = shared_data / "pose-trainer" / "sample_bicep_curl.mp4"
    return {side: decode(video, size=side) for side in (224, 320)}


@pytest.mark.benchmark(group="JPEGs of a real video")
@pytest.mark.parametrize("side", [224, 320])
@pytest.mark.parametrize("quality", [90, 95])
def test_what_jpegs_save_and_lose(
    benchmark: BenchmarkFixture, real: Mapping[int, UInt8Array], side: int, quality: int
) -> None:
    encoding, frames = Encoding(quality), real[side]
    encoded = [encoding.encode(frame) for frame in frames]
    out = np.empty_like(frames)

    def read() -> None:
        for data, place in zip(encoded, out, strict=True):
            encoding.decode(data, place)

    benchmark(read)
    error = out.astype(np.float64) - frames
    ratio = frames.nbytes / sum(map(len, encoded))
    benchmark.extra_info |= {
        "times smaller": round(ratio, 1),
        "PSNR, dB": round(10 * np.log10(255**2 / float((error**2).mean())), 1),
        "mean difference of 255": round(float(np.abs(error).mean()), 2),
    }
    assert ratio > 4


@pytest.mark.benchmark(group="filling a store")
@pytest.mark.parametrize("encoding", [RAW, Encoding(95)], ids=lambda e: e.name)
def test_a_store_is_filled_as_fast_as_clips_are_decoded(
    benchmark: BenchmarkFixture, tmp_path: Path, encoding: Encoding
) -> None:
    video = encode(tmp_path / "clip.mp4", _scene(0).repeat(2, 1).repeat(2, 2))

    class Video:
        def __len__(self) -> int:
            return FRAMES

        def __call__(self) -> UInt8Array:
            return decode(video, size=SIDE, threads=1)

    readers = {str(number): Video() for number in range(12)}
    bare, filling = [], []
    for round_ in range(3):
        start = time.process_time()
        for reader in readers.values():
            reader()
        bare.append(time.process_time() - start)
        start = time.process_time()
        fill(FrameStore(tmp_path / str(round_), StoredFrames(SIDE), encoding), readers)
        filling.append(time.process_time() - start)
    again = tmp_path / "again"
    benchmark.pedantic(lambda: fill(FrameStore(again, StoredFrames(SIDE), encoding), readers), rounds=1)
    benchmark.extra_info["times the decoding alone"] = round(min(filling) / min(bare), 2)
    benchmark.extra_info["a second run, share of the first"] = round(
        _seconds(lambda: fill(FrameStore(again, StoredFrames(SIDE), encoding), readers)) / min(filling), 3
    )
    assert min(filling) < 2 * min(bare)


def _seconds(work: object) -> float:
    start = time.process_time()
    work()  # type: ignore[operator]
    return time.process_time() - start
