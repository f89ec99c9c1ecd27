from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.datasets.fitness_aqa.scan import scan


def archive(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def test_folders_and_archives_give_the_same_paths(tmp_path: Path) -> None:
    (tmp_path / "a/videos/videos").mkdir(parents=True)
    (tmp_path / "a/videos/videos/1_1.mp4").write_bytes(b"x")
    (tmp_path / "b").mkdir()
    archive(tmp_path / "b/videos.zip", ("videos/1_1.mp4", b"x"), ("__MACOSX/._1_1.mp4", b"y"))
    files, problems = scan([tmp_path / "a", tmp_path / "b"])
    assert [(file.source, file.parts, file.size) for file in files] == [
        (0, ("videos", "videos", "1_1.mp4"), 1),
        (1, ("videos", "videos", "1_1.mp4"), 1),
    ]
    assert not problems
    assert files[1].media.read_bytes() == b"x"


@pytest.mark.parametrize(
    "name", ["../escape.mp4", "/etc/escape.mp4", "a/../../escape.mp4", "..\\escape.mp4", "C:/x.mp4"]
)
def test_a_member_that_leads_out_of_its_archive_is_refused(name: str, tmp_path: Path) -> None:
    archive(tmp_path / "videos.zip", (name, b"x"), ("good.mp4", b"x"))
    files, problems = scan([tmp_path])
    assert [file.parts[-1] for file in files] == ["good.mp4"]
    assert len(problems) == 1
    assert problems[0].what == "archive member refused"
    assert problems[0].found == "a path that leads outside"
    assert "escape.mp4" in problems[0].file or "C:" in problems[0].file


def test_a_bomb_a_link_and_an_inner_archive_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.mp4")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    bomb = b"\0" * (16 << 20)
    archive(
        tmp_path / "videos.zip",
        ("bomb.mp4", bomb),
        (link, b"/etc/passwd"),
        ("inner.zip", b"PK"),
        ("ok.mp4", b"x"),
    )
    files, problems = scan([tmp_path])
    assert [file.parts[-1] for file in files] == ["ok.mp4"]
    assert len(problems) == 3
    assert "zip bomb" in problems[0].found
    assert problems[1].found == "a symbolic link"
    assert "archive inside an archive" in problems[2].found


def test_a_member_that_claims_an_absurd_size_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "videos.zip", ("1_1.mp4", b"x" * 100))
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 3 << 30)
    path.write_bytes(data)
    files, problems = scan([tmp_path])
    assert not files
    assert problems[0].found == f"{3 << 30:,} bytes unpacked"


def test_names_that_are_not_utf8_are_reported(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"cl\xffip.mp4"), "wb") as file:  # noqa: PTH118, PTH123
        file.write(b"x")
    (tmp_path / "1_1.mp4").write_bytes(b"x")
    files, problems = scan([tmp_path])
    assert [file.parts for file in files] == [("1_1.mp4",)]
    assert [problem.what for problem in problems] == ["file name is not UTF-8"]
    assert problems[0].file.endswith("cl\\xffip.mp4")


def test_a_folder_without_read_permission_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("open", "closed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1_1.mp4").write_bytes(b"x")
    real = os.scandir

    def scandir(path: Path) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    files, problems = scan([tmp_path])
    assert [file.parts for file in files] == [("open", "1_1.mp4")]
    assert [(problem.file, problem.found) for problem in problems] == [
        (str(tmp_path / "closed"), "Permission denied")
    ]


def test_links_that_turn_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1_1.mp4").write_bytes(b"x")
    (tmp_path / "a/again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "broken.mp4").symlink_to(tmp_path / "nowhere")
    files, problems = scan([tmp_path])
    assert [file.parts for file in files] == [("a", "1_1.mp4")]
    assert [problem.what for problem in problems] == ["file cannot be read"]


def test_a_source_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        scan([tmp_path / "nowhere"])


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_damaged_archive_is_a_problem_never_an_exception(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("zip")
    members = (("a/1_1.mp4", b"x" * 50), ("b.json", b"[]"))
    content = bytearray(archive(folder / "x.zip", *members).read_bytes())
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
        content[position] = data.draw(st.integers(0, 255))
    (folder / "x.zip").write_bytes(content[: data.draw(st.integers(0, len(content)))])
    files, _ = scan([folder])
    for file in files:
        with suppress(DataError):
            file.media.read_bytes()
