from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from aqa_bench.core import files
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.files import (
    atomic_directory,
    canonical_json,
    check_target,
    check_writable,
    pretty_json,
    sha256_bytes,
    sha256_file,
    write_atomic,
)


def everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def fail(number: int):
    def raiser(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return raiser


def test_writes_text_and_bytes_and_makes_the_folder(tmp_path: Path) -> None:
    assert write_atomic(tmp_path / "a/b/c.txt", "ä\n").read_bytes() == "ä\n".encode()
    write_atomic(tmp_path / "a/b/c.txt", b"\x00")
    assert (tmp_path / "a/b/c.txt").read_bytes() == b"\x00"
    assert everything(tmp_path) == {"a", "a/b", "a/b/c.txt"}


@pytest.mark.parametrize("call", ["fsync", "fdopen"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    file = write_atomic(tmp_path / "a.txt", "old")
    monkeypatch.setattr(files.os, call, fail(number))
    with pytest.raises(AqaBenchError) as caught:
        write_atomic(file, "new")
    assert caught.value.where == str(file)
    assert caught.value.found == os.strerror(number)
    assert file.read_text() == "old"
    assert everything(tmp_path) == {"a.txt"}


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    for write in (lambda: write_atomic(tmp_path / "out/a", ""), lambda: check_writable(tmp_path / "out")):
        with pytest.raises(AqaBenchError, match="could not be written"):
            write()
    with pytest.raises(AqaBenchError) as caught:
        check_writable(tmp_path / "out")
    assert caught.value.where == str(tmp_path / "out")


def test_a_file_that_is_a_folder_is_an_error_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(AqaBenchError, match="Is a directory"):
        check_target(tmp_path)
    check_target(tmp_path / "new" / "file.png")
    assert everything(tmp_path) == {"new"}


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a.txt", "new")
    assert everything(tmp_path) == set()


def test_check_writable_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_writable(tmp_path / "runs")
    assert everything(tmp_path) == {"runs"}
    monkeypatch.setattr(files.os, "fsync", fail(errno.ENOSPC))
    with pytest.raises(AqaBenchError, match="No space left"):
        check_writable(tmp_path / "runs")
    assert everything(tmp_path) == {"runs"}


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "x/y"
    with atomic_directory(target) as folder:
        (folder / "a").write_text("1")
        assert not target.exists()
    assert everything(tmp_path) == {"x", "x/y", "x/y/a"}
    assert target.stat().st_mode & 0o777 == 0o777 & ~files._umask()


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_block_that_fails_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), atomic_directory(tmp_path / "x") as folder:  # noqa: PT012
        (folder / "a").write_text("1")
        raise error
    assert everything(tmp_path) == set()


def test_a_full_disk_is_one_readable_error_and_leaves_nothing(tmp_path: Path) -> None:
    full = pytest.raises(AqaBenchError, match="No space left")
    with full, atomic_directory(tmp_path / "x") as folder:
        (folder / "a").write_text("1")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert everything(tmp_path) == set()


def test_replace_puts_the_new_folder_in_the_place_of_the_old(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with atomic_directory(tmp_path / "x", replace=True) as folder:
            (folder / content).write_text(content)
    assert everything(tmp_path) == {"x", "x/new"}


def test_without_replace_the_first_folder_stays(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with atomic_directory(tmp_path / "x") as folder:
            (folder / content).write_text(content)
    assert everything(tmp_path) == {"x", "x/old"}


def test_a_failed_replacement_gives_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with atomic_directory(tmp_path / "x") as folder:
        (folder / "old").write_text("old")
    rename = Path.rename

    def flaky(self: Path, target: Path) -> Path:
        if (self / "new").exists():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", flaky)
    monkeypatch.setattr("aqa_bench.core.exchange.exchange", lambda *_: False)
    with pytest.raises(AqaBenchError), atomic_directory(tmp_path / "x", replace=True) as folder:
        (folder / "new").write_text("new")
    assert everything(tmp_path) == {"x", "x/old"}


@pytest.mark.parametrize("replace", [False, True])
def test_of_racing_writers_one_wins_and_none_fails(tmp_path: Path, replace: bool) -> None:
    start, errors = threading.Barrier(8), []

    def write(number: int) -> None:
        try:
            with atomic_directory(tmp_path / "x", replace=replace) as folder:
                for name in "ab":
                    (folder / name).write_text(str(number))
                start.wait()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert everything(tmp_path) == {"x", "x/a", "x/b"}
    assert (tmp_path / "x/a").read_text() == (tmp_path / "x/b").read_text()


def test_a_folder_that_was_there_and_gave_way_again_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, refused = Path.rename, []

    def late(self: Path, target: Path) -> Path:
        if not refused:
            refused.append(target)
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    with atomic_directory(tmp_path / "x") as folder:
        (folder / "a").write_text("1")
    assert refused == [tmp_path / "x"]
    assert everything(tmp_path) == {"x", "x/a"}


def test_hashes_agree(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    (tmp_path / "f").write_bytes(data)
    assert sha256_file(tmp_path / "f") == sha256_bytes(data)
    assert sha256_bytes(b"").startswith("e3b0c442")


def test_json_is_canonical_and_refuses_nan() -> None:
    assert canonical_json({"b": 1, "a": [1.5, "ä"]}) == '{"a":[1.5,"ä"],"b":1}'
    assert pretty_json({"b": 1}) == '{\n  "b": 1\n}\n'
    for write in (canonical_json, pretty_json):
        with pytest.raises(ValueError):
            write({"a": float("nan")})
