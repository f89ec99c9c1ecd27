from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.registry import find_family
from aqa_bench.protocol.doctor.renderer import compared_renderers


def test_the_gym_draws_the_same_clip_twice() -> None:
    (found,) = compared_renderers("cpu", 32)
    assert (found["family"], found["mean_difference"], found["ok"]) == ("synthetic-gym", 0.0, True)
    assert found["frames_per_second"] > 0


def test_a_device_that_draws_something_else_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    family = type(find_family("synthetic-gym").load())

    def drawn(self: object, size: int, device: str) -> np.ndarray:
        return np.full((4, size, size, 3), 0 if device == "cpu" else 9, np.uint8)

    monkeypatch.setattr(family, "render_specimen", drawn)
    (found,) = compared_renderers("cuda", 8)
    assert (found["mean_difference"], found["largest_difference"], found["ok"]) == (9.0, 9, False)
