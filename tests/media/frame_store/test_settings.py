from __future__ import annotations

import pytest

from aqa_bench.core.errors import UsageError
from aqa_bench.media.frame_store.settings import FRAMES, LIMIT, wanted_limit, wanted_storage


def test_how_frames_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FRAMES, raising=False)
    assert wanted_storage() == "auto"
    for storage in ("", "raw", "jpeg", "auto"):
        monkeypatch.setenv(FRAMES, storage)
        assert wanted_storage() == (storage or "auto")
    monkeypatch.setenv(FRAMES, "png")
    with pytest.raises(UsageError, match=r"auto \| raw \| jpeg"):
        wanted_storage()


@pytest.mark.parametrize(
    ("text", "size"),
    [("80GB", 80e9), ("80", 80e9), ("1.5 tb", 1.5e12), (" 500MB ", 5e8), ("0", 0), ("", None)],
)
def test_sizes(monkeypatch: pytest.MonkeyPatch, text: str, size: float | None) -> None:
    monkeypatch.setenv(LIMIT, text)
    assert wanted_limit() == size


@pytest.mark.parametrize("text", ["many", "-3GB", "3 PB", "GB", "1,5GB"])
def test_what_is_no_size(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(LIMIT, text)
    with pytest.raises(UsageError, match="such as 80GB"):
        wanted_limit()
