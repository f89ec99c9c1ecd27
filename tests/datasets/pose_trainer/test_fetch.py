from __future__ import annotations

import dataclasses

import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.pose_trainer.fetch import download_url, fetch
from aqa_bench.datasets.pose_trainer.release import Release, release


@pytest.fixture
def online(monkeypatch):
    monkeypatch.delenv("AQA_BENCH_OFFLINE")


@pytest.fixture
def mirror(clone) -> tuple[Release, str]:
    """Three files served from a folder, and the release they make up."""
    folder = clone / "poses_compressed"
    files = {
        f.id: dataclasses.replace(
            f, size=(folder / f.path).stat().st_size, sha256=sha256_file(folder / f.path)
        )
        for f in list(release().files.values())[:3]
    }
    return Release("owner/name", "c" * 40, files), folder.as_uri()


@pytest.mark.usefixtures("online")
def test_files_are_downloaded_checked_and_kept(mirror, tmp_path):
    published, base = mirror
    folder = fetch(published, tmp_path / "home", NullProgress(), base=base)
    assert {p.relative_to(folder).as_posix(): sha256_file(p) for p in folder.rglob("*") if p.is_file()} == {
        f.path: f.sha256 for f in published.files.values()
    }
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*.npy")}
    fetch(published, tmp_path / "home", NullProgress(), base="file:///nowhere")
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*.npy")} == before


@pytest.mark.usefixtures("online")
def test_a_damaged_local_file_is_fetched_again(mirror, tmp_path):
    published, base = mirror
    folder = fetch(published, tmp_path / "home", NullProgress(), base=base)
    victim = next(iter(published.files.values()))
    (folder / victim.path).write_bytes(b"half")
    fetch(published, tmp_path / "home", NullProgress(), base=base)
    assert sha256_file(folder / victim.path) == victim.sha256


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[:-1] + b"\x7f"])
def test_a_file_that_is_not_the_published_one_is_not_kept(mirror, clone, tmp_path, change):
    published, base = mirror
    first, second, _ = published.files.values()
    path = clone / "poses_compressed" / second.path
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match="from the published one"):
        fetch(published, tmp_path / "home", NullProgress(), base=base)
    kept = [p.name for p in (tmp_path / "home").rglob("*") if p.is_file()]
    assert kept == [f"{first.id}.npy"]


@pytest.mark.usefixtures("online")
def test_a_server_without_the_file_is_a_clear_error(mirror, tmp_path):
    with pytest.raises(DataError, match="could not be downloaded") as error:
        fetch(mirror[0], tmp_path / "home", NullProgress(), base=(tmp_path / "empty").as_uri())
    assert "git clone" in error.value.remedy


def test_offline_nothing_is_opened(mirror, tmp_path, monkeypatch):
    def refuse(*args: object, **options: object) -> None:
        pytest.fail("a connection was opened")

    monkeypatch.setattr("aqa_bench.datasets.pose_trainer.fetch.urlopen", refuse)
    with pytest.raises(DataError, match="offline"):
        fetch(mirror[0], tmp_path / "home", NullProgress(), base=mirror[1])
    assert not (tmp_path / "home").exists()


def test_the_address_pins_the_commit():
    assert download_url(release()) == (
        f"https://raw.githubusercontent.com/stevenzchen/pose-trainer/{release().commit}/poses_compressed"
    )
