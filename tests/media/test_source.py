from __future__ import annotations

import hashlib
import pickle
import zipfile
from pathlib import Path

import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.media import source
from aqa_bench.media.source import MediaFile

CONTENT = bytes(range(256)) * 40


@pytest.fixture(params=["plain", "stored", "deflated"])
def media(request: pytest.FixtureRequest, tmp_path: Path) -> MediaFile:
    if request.param == "plain":
        (tmp_path / "a.MP4").write_bytes(CONTENT)
        return MediaFile(tmp_path / "a.MP4")
    method = zipfile.ZIP_STORED if request.param == "stored" else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive:
        archive.writestr("../videos/a.MP4", CONTENT)
    return MediaFile(tmp_path / "x.zip", "../videos/a.MP4")


def test_reads_the_same_from_disk_and_from_archives(media: MediaFile) -> None:
    assert media.read_bytes() == CONTENT
    assert media.size == len(CONTENT)
    assert media.sha256() == hashlib.sha256(CONTENT).hexdigest()
    assert (media.name, media.suffix) == ("a.MP4", ".mp4")
    with media.open() as file:
        file.seek(100)
        assert file.read(3) == CONTENT[100:103]


def test_is_a_value(media: MediaFile) -> None:
    assert pickle.loads(pickle.dumps(media)) == media  # noqa: S301
    assert len({media, MediaFile(media.path, media.member)}) == 1


def test_nothing_is_extracted(media: MediaFile, tmp_path: Path) -> None:
    before = sorted(tmp_path.parent.rglob("*"))
    media.read_bytes()
    media.sha256()
    assert sorted(tmp_path.parent.rglob("*")) == before


@pytest.mark.parametrize("method", ["read_bytes", "open", "sha256"])
def test_refuses_a_zip_bomb(tmp_path: Path, method: str) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.mp4", bytes(20 << 20))
    with pytest.raises(DataError, match=r"(?s)absurd.*bomb\.zip!a\.mp4"):
        getattr(MediaFile(tmp_path / "bomb.zip", "a.mp4"), method)()


def test_refuses_a_member_over_the_size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 100)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.mp4", bytes(101))
        archive.writestr("b.mp4", bytes(100))
    assert MediaFile(tmp_path / "a.zip", "b.mp4").read_bytes() == bytes(100)
    with pytest.raises(DataError, match="absurd"):
        MediaFile(tmp_path / "a.zip", "a.mp4").read_bytes()


def test_repetitive_small_members_are_fine(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b"0" * (1 << 20))
    assert len(MediaFile(tmp_path / "a.zip", "a.json").read_bytes()) == 1 << 20


def test_names_what_is_missing(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"")
    (tmp_path / "not.zip").write_bytes(b"hello")
    for media in (
        MediaFile(tmp_path / "none.mp4"),
        MediaFile(tmp_path / "none.zip", "a"),
        MediaFile(tmp_path / "a.zip", "b"),
        MediaFile(tmp_path / "not.zip", "a"),
        MediaFile(tmp_path),
    ):
        for read in (media.read_bytes, media.sha256, media.open):
            with pytest.raises(DataError) as caught:
                read()
            assert caught.value.where == str(media)


def test_damage_and_encryption_inside_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.bin", CONTENT)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(CONTENT, CONTENT[:-1] + b"!"))
    with pytest.raises(DataError, match="CRC"):
        MediaFile(path, "a.bin").read_bytes()
    flagged = bytearray(whole)
    flagged[6] |= 1
    flagged[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(flagged))
    with pytest.raises(DataError, match="encrypted"):
        MediaFile(path, "a.bin").read_bytes()


def test_a_replaced_archive_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    for content in (b"one", b"three"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a", content)
        assert MediaFile(path, "a").read_bytes() == content
