from __future__ import annotations

import os
import pickle
import random
from pathlib import Path

import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.sealed import (
    Damaged,
    blank_stamp,
    check_stamp,
    sealed_read,
    sealed_read_json,
    sealed_write,
    sealed_write_json,
    stamped,
)

PAYLOAD = bytes(range(256)) * 3


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    return sealed_write(tmp_path / "kept" / "file", "partial", 2, PAYLOAD)


def test_what_was_written_is_read(sealed: Path) -> None:
    assert sealed_read(sealed, "partial", 2) == PAYLOAD
    assert [file.name for file in sealed.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("payload", [b"", b"\n", b'{"bytes":0}\n'])
def test_any_bytes_can_be_kept(tmp_path: Path, payload: bytes) -> None:
    assert sealed_read(sealed_write(tmp_path / "f", "x", 1, payload), "x", 1) == payload


def test_a_document_comes_back(tmp_path: Path) -> None:
    document = {"b": [1, 2.5, None, True], "a": "é\n"}
    file = sealed_write_json(tmp_path / "f.json", "partial", 1, document)
    assert sealed_read_json(file, "partial", 1) == document


def test_every_flipped_bit_is_found(sealed: Path) -> None:
    good = sealed.read_bytes()
    draw = random.Random(0)
    bits = {*range(8 * good.index(b"\n") + 8), *(draw.randrange(8 * len(good)) for _ in range(500))}
    for bit in bits:
        content = bytearray(good)
        content[bit // 8] ^= 1 << bit % 8
        sealed.write_bytes(content)
        with pytest.raises(Damaged):
            sealed_read(sealed, "partial", 2)


@pytest.mark.parametrize("size", [0, 1, 40, 200, -1, -700])
def test_a_truncated_file_is_damaged(sealed: Path, size: int) -> None:
    sealed.write_bytes(sealed.read_bytes()[:size])
    with pytest.raises(Damaged):
        sealed_read(sealed, "partial", 2)


def test_a_longer_file_is_damaged(sealed: Path) -> None:
    with sealed.open("ab") as file:
        file.write(b"more")
    with pytest.raises(Damaged, match=r"expected: 768 bytes(.|\n)*found: 772"):
        sealed_read(sealed, "partial", 2)


@pytest.mark.parametrize(("kind", "version"), [("weights", 2), ("partial", 1)])
def test_another_kind_or_version_is_named(sealed: Path, kind: str, version: int) -> None:
    with pytest.raises(Damaged) as caught:
        sealed_read(sealed, kind, version, remedy="Fit it again.")
    assert isinstance(caught.value, DataError)
    assert caught.value.where == str(sealed)
    assert caught.value.expected == f"{kind}, version {version}"
    assert caught.value.found == "partial, version 2"
    assert caught.value.remedy == "Fit it again."
    assert type(pickle.loads(pickle.dumps(caught.value))) is Damaged  # noqa: S301


def test_a_missing_file_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="no such file"):
        sealed_read(tmp_path / "none", "partial", 1)


def test_a_folder_and_a_pipe_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(Damaged, match="something else"):
            sealed_read(path, "partial", 1)


def test_a_header_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "f").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Damaged, match="no such header"):
        sealed_read(tmp_path / "f", "partial", 1)


def test_a_giant_that_is_not_there_is_not_allocated(sealed: Path) -> None:
    line, _, rest = sealed.read_bytes().partition(b"\n")
    sealed.write_bytes(line.replace(b'"bytes":768', b'"bytes":99999999999') + b"\n" + rest)
    with pytest.raises(Damaged, match="at most 268435456 bytes"):
        sealed_read(sealed, "partial", 2)


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b'"text"',
        b"[" * 500,
        b'{"bytes":-1,"kind":"partial","sha256":"","version":1}',
        b'{"bytes":0.0,"kind":"partial","sha256":"","version":1}',
        b'{"bytes":true,"kind":"partial","sha256":"","version":1}',
        b'{"bytes":0,"kind":["partial"],"sha256":"","version":1}',
        b'{"bytes":0, "kind":"partial","sha256":"","version":1}',
        b"\xff\xfe",
    ],
)
def test_strange_headers_are_refused(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "f").write_bytes(header + b"\n")
    with pytest.raises(Damaged):
        sealed_read(tmp_path / "f", "partial", 1)


def test_a_payload_that_is_not_json_is_damaged(tmp_path: Path) -> None:
    for payload in (b"{", b"[" * 200_000):
        sealed_write(tmp_path / "f", "partial", 1, payload)
        with pytest.raises(Damaged, match="JSON behind the header"):
            sealed_read_json(tmp_path / "f", "partial", 1)


def test_nan_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        sealed_write_json(tmp_path / "f", "partial", 1, float("nan"))
    assert not (tmp_path / "f").exists()


def test_a_kind_is_a_plain_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not name a kind"):
        sealed_write(tmp_path / "f", "Two words", 1, b"")


def _content(mark: str) -> bytes:
    return f'{{"metadata": "{mark}", "rest": "{"x" * 300}"}}'.encode()


def test_a_stamped_file_keeps_its_format_and_its_length(tmp_path: Path) -> None:
    blank = _content(blank_stamp("weights", 1))
    content = stamped(blank, "weights", 1)
    assert len(content) == len(blank)
    check_stamp(tmp_path / "f", content, "weights", 1)


def test_every_flipped_bit_of_a_stamped_file_is_found(tmp_path: Path) -> None:
    content = stamped(_content(blank_stamp("weights", 1)), "weights", 1)
    for bit in range(8 * len(content)):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Damaged):
            check_stamp(tmp_path / "f", bytes(changed), "weights", 1)


def test_a_stamp_is_of_a_kind_and_version(tmp_path: Path) -> None:
    content = stamped(_content(blank_stamp("weights", 1)), "weights", 1)
    for kind, version in (("features", 1), ("weights", 2)):
        with pytest.raises(Damaged, match=f"a digest of {kind}, version {version}"):
            check_stamp(tmp_path / "f", content, kind, version)
    with pytest.raises(Damaged, match="found: none"):
        check_stamp(tmp_path / "f", b"", "weights", 1)
    with pytest.raises(Damaged, match="sha256"):
        check_stamp(tmp_path / "f", content[:-1], "weights", 1)


def test_the_last_stamp_counts(tmp_path: Path) -> None:
    content = _content(blank_stamp("weights", 1)) + b"|" + blank_stamp("weights", 1).encode()
    check_stamp(tmp_path / "f", stamped(content, "weights", 1), "weights", 1)


def test_content_without_a_blank_stamp_is_not_stamped() -> None:
    done = stamped(_content(blank_stamp("weights", 1)), "weights", 1)
    for content in (b"", done):
        with pytest.raises(ValueError, match=r"not found|not blank"):
            stamped(content, "weights", 1)
