from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from aqa_bench.media.frame_store.encoding import JPEG
from aqa_bench.media.frame_store.fill import fill
from aqa_bench.media.frame_store.room import NoRoomError, Quota, Room, room
from aqa_bench.media.frame_store.store import FrameStore, StoredFrames

from .drawn import SIDE, Drawn

CLIP = 64 + 5 * SIDE * SIDE * 3  # bytes of a drawn clip


def free(monkeypatch: pytest.MonkeyPatch, nbytes: float) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=int(nbytes)))


def old(root: Path, *keys: str, side: int = SIDE) -> FrameStore:
    """A store of clips that were last used long ago, in that order, by a process that has ended."""
    store = FrameStore(root, StoredFrames(side))
    for age, key in enumerate(keys):
        store.add(key, Drawn(side=side))
        os.utime(store.path(key), (1000 + age, 1000 + age))
    return store


@pytest.mark.parametrize(
    ("available", "limit"), [(300e9, 50e9), (80e9, 40e9), (20e9, 16e9), (1e9, 16e9), (100e9, 50e9)]
)
def test_the_limit_is_50_gb_or_half_of_the_disk_and_not_under_16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, available: float, limit: float
) -> None:
    free(monkeypatch, available)
    assert room(tmp_path / "not" / "there") == Room(int(available), 0, int(limit))
    monkeypatch.setenv("AQA_BENCH_FRAMES_LIMIT", "3GB")
    assert room(tmp_path).limit == 3e9


def test_what_is_stored_counts_towards_half_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "x.frames").open("wb") as file:
        file.truncate(30 * 10**9)
    free(monkeypatch, 40e9)
    assert room(tmp_path) == Room(40 * 10**9, 30 * 10**9, 35 * 10**9)


@pytest.mark.parametrize("needed", [1, 10, 25])
def test_space_that_is_lacking(needed: int) -> None:
    assert Room(free=20, stored=30, limit=45).lacks(needed) == max(needed - 15, needed - 20)
    assert Room(free=5, stored=30, limit=45).lacks(needed) == needed - 5


def test_the_clips_unused_for_longest_give_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = old(tmp_path, "a", "b", "c")
    second = old(tmp_path, "d", side=32)
    os.utime(second.path("d"), (1, 1))
    taken = room(tmp_path).stored
    monkeypatch.setenv("AQA_BENCH_FRAMES_LIMIT", f"{(taken + CLIP) / 1e6}MB")
    with caplog.at_level("INFO"):
        store = FrameStore(tmp_path, StoredFrames(SIDE))
        fill(store, {key: Drawn() for key in "efg"})
    assert not second.present("d")
    assert first.present("abc").keys() == {"b", "c"} or first.present("abc").keys() == {"c"}
    assert store.present("efg").keys() == set("efg")
    assert "least recently used" in caplog.text
    assert room(tmp_path).stored <= taken + CLIP


def test_nothing_in_use_gives_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old(tmp_path, "a", "b")
    user = FrameStore(tmp_path, StoredFrames(SIDE))
    user.hold(["a", "b", "c"])
    monkeypatch.setenv("AQA_BENCH_FRAMES_LIMIT", f"{2.5 * CLIP / 1e6}MB")
    with pytest.raises(NoRoomError, match="in use"):
        FrameStore(tmp_path, StoredFrames(SIDE)).add("d", Drawn())
    assert len(user.present("ab")) == 2
    del user
    assert FrameStore(tmp_path, StoredFrames(SIDE)).add("d", Drawn())


def test_what_cannot_fit_removes_nothing_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = old(tmp_path, "a", "b")
    free(monkeypatch, 2e9)
    monkeypatch.setenv("AQA_BENCH_FRAMES_LIMIT", "30GB")
    with pytest.raises(NoRoomError) as caught:
        Quota(tmp_path).make(81_500_000_000)
    text = str(caught.value)
    for part in ("81.5 GB", "2.0 GB free", "30.0 GB", "AQA_BENCH_FRAMES=jpeg", "resize", "pool_frames"):
        assert part in text
    with pytest.raises(NoRoomError) as caught:
        FrameStore(tmp_path, StoredFrames(SIDE), JPEG).make_room(81_500_000_000)
    assert "AQA_BENCH_FRAMES=jpeg" not in str(caught.value)
    assert len(store.present("ab")) == 2


def test_a_full_disk_makes_clips_give_way_under_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = old(tmp_path, "a", "b", "c")
    free(monkeypatch, 10)
    Quota(tmp_path).make(CLIP)
    assert store.present("abc").keys() == {"b", "c"} or store.present("abc").keys() == {"c"}


def test_stores_of_earlier_formats_give_way_and_abandoned_parts_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = tmp_path / "dataset" / "96-squash-0" / "frames.u8"
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes(bytes(CLIP))
    os.utime(earlier, (1, 1))
    store = old(tmp_path, "a")
    parts = [store.folder / f".{age}.frames.part" for age in ("old", "new")]
    for part in parts:
        part.write_bytes(bytes(CLIP))
    os.utime(parts[0], (1, 1))
    monkeypatch.setenv("AQA_BENCH_FRAMES_LIMIT", f"{2.5 * CLIP / 1e6}MB")
    assert FrameStore(tmp_path, StoredFrames(SIDE)).add("b", Drawn())
    assert not earlier.exists()
    assert store.present("ab").keys() == {"a", "b"}
    assert [part.exists() for part in parts] == [False, True]


def test_space_is_counted_once_per_quarter_of_a_gigabyte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FrameStore(tmp_path, StoredFrames(SIDE))
    counted = 0

    def walk(root: Path) -> list[object]:
        nonlocal counted
        counted += 1
        return []

    monkeypatch.setattr("os.walk", walk)
    for number in range(50):
        store.add(str(number), Drawn(length=1))
    assert counted == 1
