from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import UsageError
from aqa_bench.media.windows import window_ending_at

ENDS, LENGTHS, SHIFTS = st.integers(1, 10**6), st.integers(1, 300), st.integers(-3, 3)


@given(ENDS, LENGTHS, SHIFTS)
def test_a_window_is_full_ends_where_it_should_and_starts_no_earlier_than_the_video(
    end: int, length: int, shift: int
) -> None:
    window = window_ending_at(end, length, shift)
    assert window.shape == (length,)
    assert window.dtype == np.int64
    assert window.min() >= 1
    assert window[-1] == max(end + shift, 1)
    steps = np.diff(window)
    assert ((steps == 1) | ((steps == 0) & (window[:-1] == 1))).all()


@given(st.integers(110, 10**6), SHIFTS)
def test_inside_of_the_video_it_is_what_the_authors_loader_reads(end: int, shift: int) -> None:
    # Zero-based positions end - 103 .. end - 1 of images that are counted from 1.
    positions = [end + shift - 103 + i for i in range(103)]
    assert window_ending_at(end, 103, shift).tolist() == [position + 1 for position in positions]


@given(st.integers(1, 102))
def test_at_the_start_the_first_frame_is_held(end: int) -> None:
    window = window_ending_at(end, 103)
    assert (window[: 103 - end] == 1).all()
    assert window[103 - end :].tolist() == list(range(1, end + 1))


@pytest.mark.parametrize(("end", "length"), [(0, 5), (5, 0), (-1, 103)])
def test_impossible_windows_are_refused(end: int, length: int) -> None:
    with pytest.raises(UsageError, match="window"):
        window_ending_at(end, length)
