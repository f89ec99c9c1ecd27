from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.interpolate import interp1d

from aqa_bench.core.errors import DataError
from aqa_bench.media.clips import pad_time, resample_time


def _sequence(frames: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(frames, 4))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.integers(2, 90))
def test_same_as_scipy(frames: int, length: int) -> None:
    x = _sequence(frames)
    expected = interp1d(np.linspace(0, 1, frames), x, axis=0, bounds_error=False, fill_value="extrapolate")(
        np.linspace(0, 1, length)
    )
    resampled = resample_time(x, length)
    np.testing.assert_allclose(resampled, expected, atol=1e-10)
    np.testing.assert_array_equal(resampled[[0, -1]], x[[0, -1]])


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 40), st.integers(1, 8))
def test_frames_that_fall_on_frames_are_exact(frames: int, factor: int) -> None:
    x = _sequence(frames)
    np.testing.assert_array_equal(resample_time(x, (frames - 1) * factor + 1)[::factor], x)


def test_one_frame_and_other_shapes() -> None:
    np.testing.assert_array_equal(resample_time(np.array([[1.0], [3.0]]), 1), [[2.0]])
    np.testing.assert_array_equal(resample_time(np.array([[5.0]]), 3), [[5.0]] * 3)
    assert resample_time(np.zeros((7, 18, 3), np.float32), 11).shape == (11, 18, 3)


@pytest.mark.parametrize(("given_type", "kept"), [("f4", "f4"), ("f8", "f8"), ("f2", "f4"), ("u1", "f4")])
def test_types(given_type: str, kept: str) -> None:
    x = np.ones((3, 2), given_type)
    assert resample_time(x, 5).dtype == kept
    assert pad_time(x, 5).dtype == kept


def test_a_missing_frame_spoils_only_its_neighbourhood() -> None:
    x = np.array([[0.0], [np.nan], [2.0], [3.0]])
    np.testing.assert_array_equal(np.isnan(resample_time(x, 7)[:, 0]), [0, 1, 1, 1, 0, 0, 0])


def test_padding() -> None:
    x = np.array([[1.0], [2.0]])
    assert pad_time(x, 5)[:, 0].tolist() == [1, 2, 0, 0, 0]
    assert pad_time(x, 5, "edge")[:, 0].tolist() == [1, 2, 2, 2, 2]
    assert pad_time(x, 5, "loop")[:, 0].tolist() == [1, 2, 1, 2, 1]
    for mode in ("zeros", "edge", "loop"):
        np.testing.assert_array_equal(pad_time(x, 2, mode), x)  # type: ignore[arg-type]


def test_errors() -> None:
    for length, x in ((0, np.ones((2, 1))), (3, np.ones((0, 1)))):
        with pytest.raises(DataError):
            resample_time(x, length)
    with pytest.raises(DataError, match="longer"):
        pad_time(np.ones((4, 1)), 3)
