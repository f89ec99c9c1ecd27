"""Files of clips: the folder, and the same over fsspec."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aqa_bench.coach.web.storage import CLIP, FolderStorage, Storage
from aqa_bench.coach.web.storages import open_storage
from aqa_bench.core.errors import DataError, UsageError

KEY, OTHER = "k" * 32, "o" * 32


@pytest.fixture(params=["", "memory://bucket/coach"], ids=["folder", "fsspec"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param:
        fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
        fsspec.filesystem("memory").store.clear()
        fsspec.filesystem("memory").pseudo_dirs[:] = [""]
    return open_storage(request.param, tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def made(text: str) -> Path:
        path = tmp_path / "incoming"
        path.write_text(text)
        return path

    return made


def test_what_is_put_is_found_until_it_is_deleted(storage: Storage, file: Callable[[str], Path]) -> None:
    source = file("clip")
    storage.put(KEY, CLIP, source)
    assert not source.exists()
    storage.put(KEY, "judged.mp4", file("video"))
    storage.put(OTHER, CLIP, file("another"))
    assert storage.local(KEY, CLIP).read_text() == "clip"
    assert storage.local(KEY, "judged.mp4").read_text() == "video"
    assert storage.local(KEY, "cover.jpg") is None
    assert set(storage.keys()) == {KEY, OTHER}
    storage.delete(KEY)
    storage.delete(KEY)
    assert storage.local(KEY, CLIP) is None
    assert set(storage.keys()) == {OTHER}


def test_a_file_gives_way_to_a_newer_one(storage: Storage, file: Callable[[str], Path]) -> None:
    storage.put(KEY, CLIP, file("old"))
    storage.put(KEY, CLIP, file("new"))
    assert storage.local(KEY, CLIP).read_text() == "new"


@pytest.mark.parametrize(
    ("key", "name"), [("../../../../etc/x", CLIP), (KEY, "../x"), (KEY, ".hidden"), ("", CLIP), (KEY, "a/b")]
)
def test_nothing_leads_out_of_it(storage: Storage, key: str, name: str) -> None:
    with pytest.raises(DataError):
        storage.local(key, name)


def test_copies_of_remote_files_are_made_again(tmp_path: Path, file: Callable[[str], Path]) -> None:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    storage = open_storage("memory://bucket/again", tmp_path)
    storage.put(KEY, CLIP, file("clip"))
    assert fsspec.filesystem("memory").cat(f"/bucket/again/{KEY}/{CLIP}") == b"clip"
    shutil.rmtree(tmp_path / "copies" / KEY)
    assert storage.local(KEY, CLIP).read_text() == "clip"
    storage.delete(KEY)
    assert not list((tmp_path / "copies").iterdir())


def test_an_unknown_kind_of_storage_is_said(tmp_path: Path) -> None:
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    with pytest.raises(UsageError, match="cannot be opened"):
        open_storage("nothing-like-this://x", tmp_path)


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, source = FolderStorage(tmp_path / "clips"), file("clip")

    def full(source: Path, target: Path) -> None:
        target.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "move", full)
    with pytest.raises(OSError, match="No space"):
        storage.put(KEY, CLIP, source)
    assert not list((tmp_path / "clips" / KEY).iterdir())
    assert source.exists()


def test_a_deletion_that_was_killed_is_finished_later(tmp_path: Path, file: Callable[[str], Path]) -> None:
    storage = FolderStorage(tmp_path / "clips")
    storage.put(KEY, CLIP, file("clip"))
    (tmp_path / "clips" / KEY).rename(tmp_path / "clips" / f".{KEY}.gone")
    (tmp_path / "clips" / ".Trash-1000").mkdir()
    assert list(storage.keys()) == []
    assert [entry.name for entry in (tmp_path / "clips").iterdir()] == [".Trash-1000"]
