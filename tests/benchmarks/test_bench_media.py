"""Speed of reading media: the decoder against the bare PyAV loop."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.media.video import decode, encode, probe

FRAMES, SIZE = 120, 224


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 frames of 480 x 600, the most common size of Fitness-AQA, with motion everywhere."""
    texture = np.random.default_rng(0).integers(0, 256, (75, 60, 3), dtype=np.uint8)
    texture = texture.repeat(8, axis=0).repeat(8, axis=1)
    frames = np.stack([np.roll(texture, 3 * number, axis=1) for number in range(FRAMES)])
    return encode(tmp_path_factory.mktemp("bench") / "clip.mp4", frames)


def report(benchmark: BenchmarkFixture, **amounts: int) -> None:
    if benchmark.stats is not None:
        median = benchmark.stats.stats.median
        benchmark.extra_info.update({name: amount / median for name, amount in amounts.items()})


def raw_loop(path: Path, size: int | None) -> int:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        frames = [
            frame.reformat(size, size, "rgb24").to_ndarray() if size else frame.to_ndarray(format="rgb24")
            for frame in container.decode(stream)
        ]
    return len(frames)


@pytest.mark.parametrize("size", [None, SIZE])
def test_raw_pyav_loop(benchmark: BenchmarkFixture, clip: Path, size: int | None) -> None:
    assert benchmark(raw_loop, clip, size) == FRAMES
    report(benchmark, frames_per_s=FRAMES)


@pytest.mark.parametrize("size", [None, SIZE])
def test_decode(benchmark: BenchmarkFixture, clip: Path, size: int | None) -> None:
    assert len(benchmark(decode, clip, size=size, threads=1)) == FRAMES
    report(benchmark, frames_per_s=FRAMES)


def test_decode_16_of_120(benchmark: BenchmarkFixture, clip: Path) -> None:
    indices = np.linspace(0, FRAMES - 1, 16).round().astype(int).tolist()
    assert len(benchmark(decode, clip, indices, SIZE, threads=1)) == 16
    report(benchmark, frames_per_s=FRAMES)


def test_probe(benchmark: BenchmarkFixture, clip: Path) -> None:
    assert benchmark(probe, clip).frames == FRAMES
    report(benchmark, clips_per_s=1)
