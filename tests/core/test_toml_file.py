from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.core.toml_file import read_toml


def written(tmp_path: Path, content: bytes) -> Path:
    file = tmp_path / "card.toml"
    file.write_bytes(content)
    return file


def test_tables_are_read_whatever_ends_their_lines(tmp_path: Path) -> None:
    file = written(tmp_path, b'a = "x.y"\r\n[b]\r\nc = [1, 2]\r\n')
    assert read_toml(file) == {"a": "x.y", "b": {"c": [1, 2]}}


def test_an_editors_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert read_toml(written(tmp_path, "\ufeffa = 'é'\r\n".encode())) == {"a": "é"}
    with pytest.raises(ValueError, match="utf-8"):
        read_toml(written(tmp_path, "a = 'é'".encode("utf-16")))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"#" * 100_000, "more than 65536 bytes"),
        (b"a." * 30_000 + b"a = 1", "64 dots"),
        (b"[" + b"a." * 30_000 + b"a]", "64 dots"),
        (b"x = " + b"[" * 20_000 + b"]" * 20_000, "nested"),
        (b"x = " + b"{a=" * 10_000 + b"1" + b"}" * 10_000, "nested"),
        (b"x = " + b"[" * 40 + b"]" * 40, "nested more than 16 deep"),
        (b"\n".join(b"[" + b"a." * n + b"a]" for n in range(40)), "nested more than 16 deep"),
        (b"\xff\xfe", "utf-8"),
        (b"a = ", "Invalid value"),
        (b'[a]\nb = ["x\\u001b[2J"]', "printable"),
        (b'a = "one\\ntwo"', "printable"),
        (b'a = "\\u202e"', "printable"),
        (b'["a\\u0007"]', "printable"),
    ],
)
def test_what_is_built_to_be_slow_or_deep_is_refused_at_once(
    tmp_path: Path, content: bytes, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        read_toml(written(tmp_path, content))


def test_a_file_without_end_is_read_to_its_limit_only() -> None:
    with pytest.raises(ValueError, match="more than"):
        read_toml(Path("/dev/zero"))
