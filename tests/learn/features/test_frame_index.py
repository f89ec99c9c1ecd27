from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Media, Sample
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec, read_frames

CPU = torch.device("cpu")


@pytest.mark.parametrize("spec", [FrameSpec(None, 24, 16), FrameSpec(6, 24, None)], ids=str)
@pytest.mark.parametrize("where", ["media", "memory", "file"])
def test_any_frame_from_anywhere(clips: list[Sample], tmp_path: Path, spec: FrameSpec, where: str) -> None:
    pool = FrameIndex(clips, spec)
    if where != "media":
        pool.prepare(tmp_path, CPU, budget=1 << 30 if where == "memory" else 0)
        for sample in clips:
            sample.media.broken = True  # type: ignore[attr-defined]
    assert pool.is_fast == (where != "media")
    assert any(tmp_path.iterdir()) == (where == "file")
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 5, 30)
    frames = rng.integers(pool.lengths[numbers])
    images = pool.read(numbers, frames)
    assert images.dtype == torch.uint8
    for sample in clips:
        sample.media.broken = False  # type: ignore[attr-defined]
    expected = [read_frames(clips[c], spec)[f] for c, f in zip(numbers, frames, strict=True)]
    np.testing.assert_array_equal(images.numpy(), expected)


def test_clip_by_clip_and_no_frame_twice(clips: list[Sample]) -> None:
    pool = FrameIndex(clips, FrameSpec(None, 24, None))
    pool.read([0, 1, 0, 0], [5, 2, 1, 5])
    assert clips[0].media.reads == [1, 5]  # type: ignore[attr-defined]
    assert pool.nbytes == sum(range(12, 17)) * 24 * 24 * 3


def test_elevations_of_the_kept_frames(clips: list[Sample]) -> None:
    pool = FrameIndex([*clips, Sample("still", "still", Still())], FrameSpec(6, 24, None))
    elevations = pool.elevations()
    assert [len(e) for e in elevations] == [6] * 5 + [0]
    np.testing.assert_array_equal(elevations[2], clips[2].media.trajectory().elevation[pool.indices[2]])


class Still(Media):
    """Offers nothing."""


@pytest.mark.parametrize(
    ("numbers", "frames"), [([5], [0]), ([0], [12]), ([-1], [0]), ([0], [-1]), ([0, 1], [0])]
)
def test_frames_that_are_not_there(clips: list[Sample], numbers: list[int], frames: list[int]) -> None:
    with pytest.raises(DataError, match="no such frames"):
        FrameIndex(clips, FrameSpec(None, 24, None)).read(numbers, frames)
