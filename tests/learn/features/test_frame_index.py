from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Media, Sample
from aqa_bench.learn.features import frame_cost
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec, read_frames

CPU = torch.device("cpu")


@pytest.mark.parametrize("spec", [FrameSpec(None, 24, 16), FrameSpec(6, 24, None)], ids=str)
@pytest.mark.parametrize("where", ["media", "memory", "raw", "jpeg", "memory by way of a store"])
@pytest.mark.parametrize("jobs", [1, 3])
def test_any_frame_from_anywhere(
    clips: list[Sample],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spec: FrameSpec,
    where: str,
    jobs: int,
) -> None:
    monkeypatch.setenv("AQA_BENCH_FRAMES", where if where in ("raw", "jpeg") else "auto")
    if where == "memory by way of a store":
        monkeypatch.setattr(frame_cost, "CPU_BUDGET", 1000)
    pool = FrameIndex(clips, spec)
    if where != "media":
        pool.prepare(tmp_path, CPU, budget=1 << 30 if "memory" in where else 0, jobs=jobs)
        for sample in clips:
            sample.media.broken = True  # type: ignore[attr-defined]
    assert pool.is_fast == (where not in ("media", "jpeg"))
    names = {"media": "on the fly", "memory by way of a store": "memory", "jpeg": "jpeg q95"}
    assert pool.storage == names.get(where, where)
    assert any(tmp_path.iterdir()) == (where not in ("media", "memory"))
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 5, 30)
    frames = rng.integers(pool.lengths[numbers])
    images = pool.read(numbers, frames)
    assert images.dtype == torch.uint8
    for sample in clips:
        sample.media.broken = False  # type: ignore[attr-defined]
    expected = np.stack([read_frames(clips[c], spec)[f] for c, f in zip(numbers, frames, strict=True)])
    if where == "jpeg":
        assert np.abs(images.numpy().astype(int) - expected).mean() < 2
    else:
        np.testing.assert_array_equal(images.numpy(), expected)


def test_pools_that_drop_different_clips_share_a_store(clips: list[Sample], tmp_path: Path) -> None:
    spec = FrameSpec(None, 24, None)
    for part in (clips[:4], clips[1:], clips):
        FrameIndex(part, spec).prepare(tmp_path, CPU, budget=0)
    reads = [len(sample.media.reads) for sample in clips]  # type: ignore[attr-defined]
    assert reads == [12, 13, 14, 15, 16]


def test_a_damaged_clip_is_named_before_the_training(clips: list[Sample], tmp_path: Path) -> None:
    clips[3].media.broken = True  # type: ignore[attr-defined]
    for budget in (0, 1 << 30):
        with pytest.raises(DataError, match=r"damaged|1 of 5 clips cannot be decoded"):
            FrameIndex(clips, FrameSpec(None, 24, None)).prepare(tmp_path, CPU, budget=budget)


@pytest.mark.parametrize(("needed", "storage"), [(3, "on the fly"), (11, "raw"), (None, "raw")])
def test_a_training_of_few_frames_decodes_no_more_than_these(
    clips: list[Sample], tmp_path: Path, needed: int | None, storage: str
) -> None:
    pool = FrameIndex(clips, FrameSpec(None, 24, None))
    pool.prepare(tmp_path, CPU, budget=0, frames_needed=needed)
    assert pool.storage == storage
    assert any(tmp_path.iterdir()) == (storage == "raw")
    pool.prepare(tmp_path, CPU, frames_needed=needed)
    assert pool.storage == "memory"


def test_what_is_prepared_is_logged_in_one_line(
    clips: list[Sample], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        cost = FrameIndex(clips, FrameSpec(None, 24, None)).prepare(tmp_path, CPU, budget=0)
    assert [message for message in caplog.messages if "decoded" in message] == [str(cost)]


def test_stills_go_to_a_store_too(stills: list[Sample], tmp_path: Path) -> None:
    for frames in (None, 3):
        pool = FrameIndex(stills, FrameSpec(frames, 24, None))
        expected = pool.read([2, 0], [0, 0])
        pool.prepare(tmp_path, CPU, budget=0)
        assert torch.equal(pool.read([2, 0], [0, 0]), expected)


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
    with pytest.raises(DataError, match="does not have these frames"):
        FrameIndex(clips, FrameSpec(None, 24, None)).read(numbers, frames)
