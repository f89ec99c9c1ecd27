from __future__ import annotations

import json
import os
import pickle
import time
from pathlib import Path

import pytest

from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.core.lock import exclusive
from aqa_bench.media.frame_store.clip_file import ClipFile
from aqa_bench.media.frame_store.encoding import JPEG, RAW
from aqa_bench.media.frame_store.store import BUSY, FrameStore, StoredFrames

from .drawn import SIDE, Drawn

STORED = StoredFrames(SIDE)


def test_a_clip_is_decoded_once(tmp_path: Path) -> None:
    reader = Drawn()
    first = FrameStore(tmp_path, STORED).add("a", reader)
    assert isinstance(first, ClipFile)
    again = FrameStore(tmp_path, STORED)
    assert again.find("a") == again.add("a", reader) == first
    assert reader.decoded == 1
    assert again.find("b") is None
    assert again.present(["a", "b"]) == {"a": first.path.stat().st_size}


def test_whatever_shapes_the_pixels_gives_another_store_and_the_clips_do_not(tmp_path: Path) -> None:
    same = {FrameStore(tmp_path, stored).folder for stored in (STORED, StoredFrames(SIDE, SIDE))}
    assert len(same) == 1
    others = [
        FrameStore(tmp_path, StoredFrames(SIDE, SIDE - 8)),
        FrameStore(tmp_path, StoredFrames(SIDE, None, 3)),
        FrameStore(tmp_path, StoredFrames(SIDE + 8)),
        FrameStore(tmp_path, STORED, JPEG),
    ]
    assert len(same | {store.folder for store in others}) == 5


def test_a_folder_says_what_it_holds(tmp_path: Path) -> None:
    store = FrameStore(tmp_path, StoredFrames(40, SIDE), JPEG)
    store.add("a", Drawn())
    about = json.loads((store.folder / "store.json").read_text())
    assert about == {"resize": 40, "crop": SIDE, "frames": None, "encoding": "jpeg q95"}


@pytest.mark.parametrize("keys", [("a", "A"), ("../../etc", "x/y"), ("", " ")])
def test_any_key_names_a_file_of_the_folder(tmp_path: Path, keys: tuple[str, str]) -> None:
    store = FrameStore(tmp_path, STORED)
    paths = {store.path(key) for key in keys}
    assert len({path.name.lower() for path in paths}) == 2
    assert {path.parent for path in paths} == {store.folder}


def test_damaged_files_are_absent_and_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    reader = Drawn()
    path = FrameStore(tmp_path, STORED).path("a")
    FrameStore(tmp_path, STORED).add("a", reader)
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:100] + b"?" + whole[101:], b""):
        path.write_bytes(damaged)
        store = FrameStore(tmp_path, STORED)
        assert store.find("a") is None
        assert isinstance(store.add("a", reader), ClipFile)
        assert path.read_bytes() == whole
    assert reader.decoded == 4
    assert "decoded again" in caplog.text


def test_a_file_of_another_store_or_length_is_absent(tmp_path: Path) -> None:
    store = FrameStore(tmp_path, STORED)
    store.add("a", Drawn(length=5))
    assert store.find("a", 5)
    assert store.find("a", 6) is None
    other = FrameStore(tmp_path, STORED, JPEG)
    other.add("b", Drawn())
    other.path("b").rename(store.path("b"))
    assert store.find("b") is None


def test_somebody_elses_clip_is_not_decoded_too(tmp_path: Path) -> None:
    store, reader = FrameStore(tmp_path, STORED), Drawn()
    store.add("b", reader)
    with exclusive(store.folder / ".claims" / f"{store.path('a').name[:2]}.lock"):
        assert store.add("a", reader) is BUSY
    assert reader.decoded == 1
    assert isinstance(store.add("a", reader), ClipFile)


def test_use_is_remembered(tmp_path: Path) -> None:
    FrameStore(tmp_path, STORED).add("a", Drawn())
    path = FrameStore(tmp_path, STORED).path("a")
    os.utime(path, (1, 1))
    FrameStore(tmp_path, STORED).find("a")
    assert path.stat().st_mtime > time.time() - 60


@pytest.mark.parametrize(
    "reader",
    [
        Drawn(claimed=6),
        Drawn(claimed=4),
        Drawn(side=SIDE + 2),
        Drawn(length=1, claimed=0),
        Drawn(broken=True),
    ],
)
def test_clips_that_are_not_what_they_say(tmp_path: Path, reader: Drawn) -> None:
    store = FrameStore(tmp_path, STORED)
    with pytest.raises(DataError):
        store.add("a", reader)
    assert store.find("a") is None


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AqaBenchError, match="writable folder"):
        FrameStore(tmp_path / "file", STORED).add("a", Drawn())
    assert FrameStore(tmp_path / "file", STORED).find("a") is None


def test_pickles_by_name(tmp_path: Path) -> None:
    store = FrameStore(tmp_path, STORED, RAW)
    store.add("a", Drawn())
    other = pickle.loads(pickle.dumps(store))  # noqa: S301
    assert other.folder == store.folder
    assert other.find("a") == store.find("a")


@pytest.mark.parametrize("wrong", [(0, None, None), (24, 25, None), (24, 0, None), (24, None, 0)])
def test_frames_that_do_not_exist(wrong: tuple[int, int | None, int | None]) -> None:
    with pytest.raises(UsageError):
        StoredFrames(*wrong)
