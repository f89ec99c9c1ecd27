from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from aqa_bench.core.errors import UsageError
from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.frame_cost import FrameCost, FramePlace, frame_cost
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.media.frame_store import JPEG, RAW, Room

CPU = torch.device("cpu")
SPEC = FrameSpec(None, 24, None)
ALL = sum(range(12, 17))
GB = 10**9


def free(monkeypatch: pytest.MonkeyPatch, nbytes: int) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=nbytes))


def large(monkeypatch: pytest.MonkeyPatch, clips: list[Sample], nbytes: int) -> FrameIndex:
    """A pool that says that it is of some size."""
    index = FrameIndex(clips, SPEC)
    monkeypatch.setattr(FrameIndex, "nbytes", nbytes)
    return index


def test_small_pools_go_to_memory_and_nothing_is_asked_of_the_disk(
    clips: list[Sample], tmp_path: Path
) -> None:
    cost = frame_cost(FrameIndex(clips, SPEC), CPU, tmp_path)
    assert cost == FrameCost(5, ALL, ALL * 24 * 24 * 3, FramePlace.MEMORY, None, ALL)
    assert (cost.storage, cost.fits) == ("memory", True)
    assert str(cost) == "70 frames of 5 clips, 0.00 GB decoded: memory"


def test_nothing_is_decoded_or_written(clips: list[Sample], tmp_path: Path) -> None:
    cost = frame_cost(FrameIndex(clips, SPEC), CPU, tmp_path, budget=0)
    assert (cost.place, cost.encoding, cost.present) == (FramePlace.STORE, RAW, 0)
    assert not list(tmp_path.iterdir())
    assert not any(sample.media.reads for sample in clips)  # type: ignore[attr-defined]


def test_clips_that_are_there_cost_nothing(clips: list[Sample], tmp_path: Path) -> None:
    FrameIndex(clips[:2], SPEC).prepare(tmp_path, CPU, budget=0)
    cost = frame_cost(FrameIndex(clips, SPEC), CPU, tmp_path, budget=0)
    assert (cost.present, cost.decodes) == (2, 14 + 15 + 16)
    assert cost.disk_bytes == (14 + 15 + 16) * 24 * 24 * 3
    assert cost.kept_bytes == 2 * 64 + (12 + 13) * 24 * 24 * 3


@pytest.mark.parametrize(
    ("nbytes", "disk", "storage"),
    [
        (16 * GB, 1 * GB, "raw"),
        (17 * GB, 30 * GB, "jpeg q95"),
        (17 * GB, 40 * GB, "raw"),
        (50 * GB, 500 * GB, "raw"),
        (81 * GB, 500 * GB, "jpeg q95"),
    ],
)
def test_pixels_stay_as_they_are_where_the_disk_holds_them(
    clips: list[Sample],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nbytes: int,
    disk: int,
    storage: str,
) -> None:
    free(monkeypatch, disk)
    assert frame_cost(large(monkeypatch, clips, nbytes), CPU, tmp_path).storage == storage


def test_a_small_pool_is_never_compressed_unasked_whatever_the_limit(
    clips: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AQA_BENCH_FRAMES_LIMIT", "0.01MB")
    cost = frame_cost(FrameIndex(clips, SPEC), CPU, tmp_path, budget=0)
    assert (cost.storage, cost.fits) == ("raw", False)


def test_a_complete_store_is_used_whatever_the_limit(
    clips: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FrameIndex(clips, SPEC).prepare(tmp_path, CPU, budget=0)
    free(monkeypatch, 1 * GB)
    cost = frame_cost(large(monkeypatch, clips, 40 * GB), CPU, tmp_path)
    assert (cost.storage, cost.disk_bytes, cost.fits) == ("raw", 0, True)


def test_the_user_decides(clips: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 30 * GB)
    for wanted, storage in (("raw", "raw"), ("jpeg", "jpeg q95")):
        monkeypatch.setenv("AQA_BENCH_FRAMES", wanted)
        assert frame_cost(large(monkeypatch, clips, 81 * GB), CPU, tmp_path).storage == storage
        assert frame_cost(large(monkeypatch, clips, 1 * GB), CPU, tmp_path).storage == "memory"
    monkeypatch.setenv("AQA_BENCH_FRAMES", "best")
    with pytest.raises(UsageError, match="AQA_BENCH_FRAMES"):
        frame_cost(large(monkeypatch, clips, 81 * GB), CPU, tmp_path)


def test_a_graphics_card_takes_half_of_its_free_memory_by_way_of_the_disk(
    clips: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (80 * GB, 81 * GB))
    cuda = torch.device("cuda", 0)
    costs = []
    for nbytes, disk in ((2 * GB, 90), (20 * GB, 90), (40 * GB, 60), (41 * GB, 60)):
        free(monkeypatch, disk * GB)
        costs.append(frame_cost(large(monkeypatch, clips, nbytes), cuda, tmp_path))
    assert [cost.storage for cost in costs] == ["memory", "memory", "memory", "jpeg q95"]
    # What the disk does not hold as it is goes to memory straight from the videos, unharmed.
    assert [cost.encoding for cost in costs] == [None, RAW, None, JPEG]


@pytest.mark.parametrize("needed", [1, 9, 10, 1000])
def test_few_frames_are_decoded_on_the_fly(clips: list[Sample], tmp_path: Path, needed: int) -> None:
    cost = frame_cost(FrameIndex(clips, SPEC), CPU, tmp_path, budget=0, frames_needed=needed)
    # A frame of a clip of n frames takes (n + 1) / 2 decoded ones on average, here 7.5; all are 70.
    few = needed * 7.5 < ALL
    assert cost.place == (FramePlace.MEDIA if few else FramePlace.STORE)
    assert cost.decodes == (round(needed * 7.5) if few else ALL)
    assert cost.storage == ("on the fly" if few else "raw")


def test_frames_that_are_there_are_not_decoded_on_the_fly(clips: list[Sample], tmp_path: Path) -> None:
    FrameIndex(clips, SPEC).prepare(tmp_path, CPU, budget=0)
    cost = frame_cost(FrameIndex(clips, SPEC), CPU, tmp_path, budget=0, frames_needed=1)
    assert (cost.place, cost.decodes) == (FramePlace.STORE, 0)


def test_the_papers_pool_in_one_line() -> None:
    frames, nbytes = 4473 * 121, 4473 * 121 * 224 * 224 * 3
    room = Room(74 * GB, 0, 37 * GB)
    disk = JPEG.expected_bytes(nbytes, 224)
    cost = FrameCost(4473, frames, nbytes, FramePlace.STORE, JPEG, frames, disk_bytes=disk, room=room)
    assert str(cost) == (
        "541,233 frames of 4,473 clips, 81.47 GB decoded: in a frame store (jpeg q95), 0 clips already "
        "there, about 11.64 GB to write; 74.0 GB free, 37.0 GB allowed, 0.0 MB of it used"
    )
    assert cost.fits
    assert disk <= nbytes / 4


@pytest.mark.parametrize("others", [0, 10, 15])
def test_other_clips_would_give_way(others: int) -> None:
    room = Room((30 - others) * GB, others * GB, 15 * GB)
    assert FrameCost(1, 1, 1, FramePlace.STORE, RAW, 1, disk_bytes=15 * GB, room=room).fits
    assert not FrameCost(1, 1, 1, FramePlace.STORE, RAW, 1, disk_bytes=15 * GB + 1, room=room).fits


def test_its_own_clips_would_not() -> None:
    room = Room(30 * GB, 5 * GB, 15 * GB)
    for more, fits in ((10 * GB, True), (10 * GB + 1, False), (0, True)):
        cost = FrameCost(1, 1, 1, FramePlace.STORE, RAW, 1, kept_bytes=5 * GB, disk_bytes=more, room=room)
        assert cost.fits == fits
