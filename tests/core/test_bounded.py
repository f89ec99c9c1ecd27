from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from aqa_bench.core.bounded import gunzip, parse_json, read_bounded


def test_files_are_read_up_to_a_limit(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    assert read_bounded(file, 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_bounded(file, 4)
    with pytest.raises(IsADirectoryError):
        read_bounded(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "none")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a plain file"):
        read_bounded(tmp_path / "pipe")


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, "", "\x80", b"\xff\xfe\xff"],
    ids=["lists", "objects", "digits", "empty", "control", "bytes"],
)
def test_json_of_any_kind_is_a_value_or_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_a_bomb_is_not_unpacked() -> None:
    assert gunzip(gzip.compress(b"text")) == b"text"
    bomb = gzip.compress(b"\0" * (1 << 20))
    with pytest.raises(ValueError, match="more than 1,000 bytes"):
        gunzip(bomb, 1000)
    for damaged in (bomb[:-9], b"text", b""):
        with pytest.raises(ValueError, match=r"truncated|not a gzip"):
            gunzip(damaged)
