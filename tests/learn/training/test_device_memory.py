from __future__ import annotations

import pytest
import torch

from aqa_bench.core.errors import MethodError
from aqa_bench.learn.training.device import fitting_batch_size, out_of_memory_explained


def _step(size: int, limit: int = 13) -> None:
    if size > limit:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has")


def test_names_a_batch_size_that_fits() -> None:
    with (
        pytest.raises(MethodError, match="batch size of 12, which fits") as caught,
        out_of_memory_explained(100, try_step=_step),
    ):
        _step(100)
    assert "accumulate=9" in str(caught.value)
    assert "CUDA out of memory" in str(caught.value)


def test_proposes_half_without_trying() -> None:
    with (
        pytest.raises(MethodError, match=r"50, which may fit[\s\S]*accumulate=4"),
        out_of_memory_explained(100, accumulate=2),
    ):
        _step(100)


def test_not_even_one() -> None:
    with pytest.raises(MethodError, match="batch of one"), out_of_memory_explained(1):
        _step(100)
    with (
        pytest.raises(MethodError, match="batch of one"),
        out_of_memory_explained(8, try_step=lambda _: _step(100)),
    ):
        _step(100)
    assert fitting_batch_size(_step, 10) == 10


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="boom"), out_of_memory_explained(8):
        raise RuntimeError("boom")
    with out_of_memory_explained(8):
        pass
