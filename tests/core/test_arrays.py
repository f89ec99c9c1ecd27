from __future__ import annotations

import io
import os
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aqa_bench.core.arrays import ArrayArchive, ArrayError, parse_npy, text_of


def npy(array: object, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array), **options)
    return buffer.getvalue()


def headed(header: str, values: bytes = b"", version: int = 1) -> bytes:
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header.encode() + values


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as file:
        warnings.simplefilter("ignore")
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


@settings(max_examples=100, deadline=None)
@given(
    hnp.arrays(
        st.one_of(hnp.scalar_dtypes(), hnp.unicode_string_dtypes()).filter(
            lambda kind: kind.kind not in "mM"
        ),
        hnp.array_shapes(min_dims=0, min_side=0),
    )
)
def test_arrays_are_read_as_numpy_reads_them(array: np.ndarray) -> None:
    for written in (array, np.asfortranarray(array)):
        content = npy(written)
        expected, found = np.load(io.BytesIO(content)), parse_npy(content)
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
        assert found.flags.writeable


def test_a_header_of_python_2_is_read() -> None:
    content = headed("{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }\n", b"\0" * 8)
    assert parse_npy(content).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"\x93NUMPY\x01", "no .npy header"),
        (b"\x93NUMPY\x02\0\xff\xff\xff\x7f{}", "no .npy header"),
        (headed("(" * 9000), "unreadable"),
        (headed("{[]: 1}"), "unreadable"),
        (headed("-" * 9000 + "1"), "unreadable"),
        (headed("[]"), "incomplete"),
        (
            headed("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}", b"x" * 8),
            "truncated",
        ),
        (
            headed("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 0)}"),
            "no values, in shape",
        ),
        (headed("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -8)}", b"x" * 64), "shape"),
        (headed("{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}", b"x" * 8), "shape"),
        (headed("{'descr': '<f8', 'fortran_order': False, 'shape': " + str((1,) * 60) + "}"), "shape"),
        (
            headed("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': ()}", b"x" * 8),
            "values of type",
        ),
        (headed("{'descr': '<V8', 'fortran_order': False, 'shape': ()}", b"x" * 8), "values of type"),
        (headed("{'descr': '<b8', 'fortran_order': False, 'shape': ()}", b"x" * 8), "values of type"),
        (npy([None, {}], allow_pickle=True), "pickled"),
        (npy([1.0]) + b"x", "too long"),
    ],
)
def test_a_header_that_lies_is_refused(content: bytes, found: str) -> None:
    with pytest.raises(ArrayError, match=found):
        parse_npy(content)


def test_an_archive_is_read_array_by_array(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    np.savez_compressed(file, a=np.arange(3), layout=np.array("coco-17"))
    for source in (file, file.read_bytes()):
        with ArrayArchive(source) as found:
            assert found.names == ["a", "layout"]
            assert found.read("a").tolist() == [0, 1, 2]
            assert text_of(found.read("layout")) == "coco-17"
            with pytest.raises(ArrayError, match="no array 'b', only a, layout"):
                found.read("b")


def strange(method: int) -> bytes:
    content = bytearray(archive(("a.npy", npy([1.0]))))
    local, central = content.find(b"PK\3\4"), content.find(b"PK\1\2")
    content[local + 8 : local + 10] = content[central + 10 : central + 12] = struct.pack("<H", method)
    return bytes(content)


def encrypted() -> bytes:
    content = bytearray(archive(("a.npy", npy([1.0]))))
    local, central = content.find(b"PK\3\4"), content.find(b"PK\1\2")
    content[local + 6] |= 1
    content[central + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"PK", "zip"),
        (strange(1), "compression method 1"),
        (strange(9), "compression method 9"),
        (strange(93), "compression method 93"),
        (strange(99), "compression method 99"),
        (archive(("a.npy", npy([1.0])), method=zipfile.ZIP_LZMA), "compression method 14"),
        (archive(("a.npy", npy([1.0])), method=zipfile.ZIP_BZIP2), "compression method 12"),
        (encrypted(), "encrypted"),
        (archive(("a.npy", npy(np.zeros(4 << 20)))), "33,554,560 bytes from"),
        (archive(("a.npy", b"no array")), "no .npy header"),
        (archive(("a.npy", npy([1.0])), ("a.npy", npy([2.0]))), "2 arrays of 1 names"),
        (archive(("a.npy", npy([1.0])))[:-30], "zip"),
    ],
)
def test_an_archive_that_numpy_would_not_write_is_refused(content: bytes, found: str) -> None:
    with pytest.raises(ArrayError, match=found), ArrayArchive(content) as opened:
        opened.read("a")


def test_damage_within_an_archive_is_named() -> None:
    content = bytearray(archive(("a.npy", npy(np.random.default_rng(0).normal(size=99)))))
    content[60] ^= 255
    with pytest.raises(ArrayError), ArrayArchive(bytes(content)) as opened:
        opened.read("a")


def test_a_size_that_is_not_the_size_is_found() -> None:
    content = bytearray(archive(("a.npy", npy([1.0]))))
    central = content.find(b"PK\1\2")
    content[central + 24 : central + 28] = struct.pack("<I", 100)
    with pytest.raises(ArrayError), ArrayArchive(bytes(content)) as opened:
        opened.read("a")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_archive(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.npz")
    with pytest.raises(ArrayError, match="plain file"):
        ArrayArchive(tmp_path / "a.npz")


@pytest.mark.parametrize("array", [np.array(["a"]), np.array(1), np.array(b"a")])
def test_a_text_is_one_text(array: np.ndarray) -> None:
    with pytest.raises(ArrayError, match="instead of a text"):
        text_of(array)


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_that_are_no_characters_are_no_text(order: str) -> None:
    header = f"{{'descr': '{order}U2', 'fortran_order': False, 'shape': ()}}"
    assert text_of(parse_npy(headed(header, "aß".encode(f"utf-32-{'le' if order == '<' else 'be'}")))) == "aß"
    with pytest.raises(ArrayError, match="not characters"):
        parse_npy(headed(header, b"\xff" * 8))
