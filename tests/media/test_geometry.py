from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import UsageError
from aqa_bench.media.geometry import place, target_shape

sides = st.integers(1, 4000)


@given(sides, sides, st.integers(1, 512), st.integers(1, 512))
def test_letterbox_fits_and_keeps_the_aspect_ratio(h: int, w: int, height: int, width: int) -> None:
    outer, inner = target_shape((h, w), (height, width), "letterbox")
    assert outer == (height, width)
    assert inner[0] <= height
    assert inner[1] <= width
    assert inner[0] == height or inner[1] == width
    scale = min(height / h, width / w)
    assert abs(inner[0] - max(1, h * scale)) <= 0.5
    assert abs(inner[1] - max(1, w * scale)) <= 0.5


def test_squash_fills_and_none_keeps() -> None:
    assert target_shape((270, 480), 64, "squash") == ((64, 64), (64, 64))
    assert target_shape((270, 480), None, "letterbox") == ((270, 480), (270, 480))


def test_a_picture_is_centred() -> None:
    canvas = place(np.full((2, 4, 3), 7, np.uint8), np.zeros((6, 4, 3), np.uint8))
    assert canvas[:, 0, 0].tolist() == [0, 0, 7, 7, 0, 0]


@pytest.mark.parametrize(("size", "fit"), [(0, "squash"), ((3, -1), "squash"), (3, "crop")])
def test_refuses(size: int, fit: str) -> None:
    with pytest.raises(UsageError):
        target_shape((10, 10), size, fit)  # type: ignore[arg-type]
