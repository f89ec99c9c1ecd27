"""Forms with a file, read as they arrive."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("python_multipart", reason="the extra coach is not installed")

from aqa_bench.coach.web.uploads import Form, FormError, TooLargeError, read_form

TYPE = "multipart/form-data; boundary=XX"


def body(content: bytes, filename: str = "a.mp4") -> bytes:
    return (
        b'--XX\r\nContent-Disposition: form-data; name="token"\r\n\r\nsecret\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="clip"; filename="' + filename.encode() + b'"\r\n'
        b"Content-Type: video/mp4\r\n\r\n" + content + b"\r\n"
        b'--XX\r\nContent-Disposition: form-data; name="camera"; filename=""\r\n\r\n\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="blur"\r\n\r\non\r\n--XX--\r\n'
    )


def read(data: bytes, folder: Path, *, most: int = 1 << 20, size: int = 1000, kind: str = TYPE) -> Form:
    seen: list[Any] = []

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(data), size):
            yield data[start : start + size]

    async def main() -> Form:
        return await read_form(kind, stream(), folder, most, lambda fields: seen.append(dict(fields)))

    form = anyio.run(main)
    assert seen in ([], [{"token": "secret"}])
    return form


@given(content=st.binary(max_size=3000), size=st.integers(1, 500))
def test_whatever_it_holds_and_however_it_is_cut_the_file_arrives(
    content: bytes, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if b"\r\n--XX" in content:
        return
    form = read(body(content), tmp_path_factory.getbasetemp(), size=size)
    assert form.file is not None
    assert form.file.read_bytes() == content
    assert (form.size, form.filename) == (len(content), "a.mp4")
    assert form.fields == {"token": "secret", "blur": "on"}
    form.discard()
    assert not form.file.exists()


def test_a_file_beyond_the_limit_is_dropped_on_the_way(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError):
        read(body(b"x" * 5000), tmp_path, most=4999)
    assert not list(tmp_path.iterdir())
    assert read(body(b"x" * 5000), tmp_path, most=5000).size == 5000


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (body(b"x" * 100)[:-40], TYPE),
        (body(b"x" * 100)[:150], TYPE),
        (b"not a form", TYPE),
        (body(b"x"), "application/json"),
        (body(b"x"), "multipart/form-data"),
        (body(b"x"), f"multipart/form-data; boundary={'X' * 300}"),
        (body(b"x").replace(b'filename=""', b'filename="second"'), TYPE),
        (body(b"x").replace(b"secret", b"s" * 5000), TYPE),
        (b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 30, TYPE),
    ],
    ids=[
        "no end",
        "half a file",
        "text",
        "json",
        "no boundary",
        "a long boundary",
        "two files",
        "a long field",
        "many fields",
    ],
)
def test_what_is_no_such_form_is_refused_and_leaves_nothing(data: bytes, kind: str, tmp_path: Path) -> None:
    try:
        form = read(data, tmp_path, kind=kind)
    except FormError:
        pass
    else:
        # Thirty fields of one name are one field: nothing is kept of them either.
        assert form.file is None
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        read(body(b"x" * 100), tmp_path)
    assert not list(tmp_path.iterdir())
