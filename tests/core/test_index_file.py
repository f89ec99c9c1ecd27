from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel

from aqa_bench.core.errors import DataError
from aqa_bench.core.index_file import read_index_file


class Small(BaseModel):
    version: Literal[1] = 1
    clips: dict[str, int]


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "index.json"
    file.write_text(Small(clips={"a": 3}).model_dump_json())
    assert read_index_file(file, Small, "gym") == Small(clips={"a": 3})


def test_there_may_be_none(tmp_path: Path) -> None:
    assert read_index_file(tmp_path / "index.json", Small, "gym") is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"version": 2, "clips": {}}'])
def test_a_damaged_one_is_named_with_its_remedy(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "index.json"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"index of gym is damaged[\s\S]*dataset prepare gym --source"):
        read_index_file(file, Small, "gym")


def test_a_folder_in_its_place_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is damaged"):
        read_index_file(tmp_path, Small, "gym")
