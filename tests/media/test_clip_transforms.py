from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import UsageError
from aqa_bench.media.clip_transforms import (
    chunk_shuffled,
    disordered,
    forward_backward,
    possible_strides,
    random_skips,
    random_strided,
    random_subset,
    shifted_starts,
    strongly_warped,
    there_and_back,
    warped,
)
from aqa_bench.media.clips import uniform

counts = st.integers(4, 32)
spare = st.integers(0, 200)
seeds = st.integers(0, 2**32).map(np.random.default_rng)
rng = np.random.default_rng


@given(st.integers(1, 300), counts)
def test_possible_strides_fit_and_others_are_longer_than_the_clip(n: int, count: int) -> None:
    possible = possible_strides(n, count, range(1, 9))
    assert possible == tuple(range(1, min(n // count, 8) + 1))
    for stride in possible:
        assert random_strided(n, count, stride, rng(0)).max() < n


@given(counts, st.integers(1, 8), spare, seeds)
def test_strided_parts_have_one_step_and_stay_inside(
    count: int, stride: int, more: int, source: np.random.Generator
) -> None:
    n = (count - 1) * stride + 1 + more
    indices = random_strided(n, count, stride, source)
    assert indices.dtype == np.int64
    assert set(np.diff(indices)) == {stride}
    assert indices[0] >= 0
    assert indices[-1] < n


def test_strided_parts_start_anywhere_that_fits() -> None:
    source = rng(0)
    starts = {int(random_strided(12, 4, 3, source)[0]) for _ in range(100)}
    assert starts == {0, 1, 2}


@given(counts, st.integers(1, 8), spare, seeds)
def test_the_turning_point_lies_inside(
    count: int, stride: int, more: int, source: np.random.Generator
) -> None:
    n = count * stride + more
    indices = forward_backward(n, count, stride, source)
    assert indices.shape == (count,)
    assert indices.min() >= 0
    assert indices.max() < n
    turn = int(indices.argmax())
    steps = np.diff(indices)
    assert count // 4 <= turn <= count - 1 - count // 4
    assert (steps[:turn] == stride).all()
    assert (steps[turn + 1 :] == -stride).all()
    assert -stride <= steps[turn] <= -1


def test_turning_points_differ_in_place_and_time() -> None:
    source = rng(1)
    drawn = [forward_backward(80, 16, 2, source) for _ in range(200)]
    assert {int(d.argmax()) for d in drawn} == set(range(4, 12))
    assert len({int(d.max()) for d in drawn}) > 30


@given(counts, st.integers(1, 8), spare, seeds)
def test_there_and_back_turns_anywhere_but_at_the_ends(
    count: int, stride: int, more: int, source: np.random.Generator
) -> None:
    n = (count - 1) * stride + more
    indices = there_and_back(n, count, stride, source)
    assert indices.shape == (count,)
    assert indices.dtype == np.int64
    assert indices.min() >= 0
    assert indices.max() < n
    steps = np.diff(indices)
    back = int(np.flatnonzero(steps == -stride)[0])
    assert 2 <= back <= count - 2
    assert (steps[: back - 1] == stride).all()
    assert (steps[back:] == -stride).all()
    assert steps[back - 1] in ({0, 1} if stride == 1 else set(range(1, stride)))


def test_there_and_back_draws_every_place_offset_and_start() -> None:
    source = rng(1)
    drawn = [there_and_back(70, 16, 4, source) for _ in range(1500)]
    assert {int(np.flatnonzero(np.diff(d) == -4)[0]) for d in drawn} == set(range(2, 15))
    assert {int(np.diff(d)[int(d.argmax()) - 1]) for d in drawn} == {1, 2, 3}
    assert min(int(d.min()) for d in drawn) == 0
    assert max(int(d.max()) for d in drawn) == 70 - 60 + 13 * 4 + 3
    assert {int(d[0]) % 4 for d in drawn} == {0, 1, 2, 3}


@given(st.integers(3, 32), st.integers(1, 60), seeds)
def test_a_random_subset_is_in_order_and_never_even(
    count: int, more: int, source: np.random.Generator
) -> None:
    indices = random_subset(count + more, count, source)
    assert indices.shape == (count,)
    assert indices.dtype == np.int64
    assert 0 <= indices[0] < indices[-1] < count + more
    steps = np.diff(indices)
    assert 1 <= steps.min() < steps.max()


def test_every_frame_is_as_often_in_a_random_subset() -> None:
    source = rng(0)
    seen = np.bincount(np.concatenate([random_subset(32, 16, source) for _ in range(2000)]), minlength=32)
    assert np.abs(seen / 2000 - 0.5).max() < 0.05


@given(st.lists(st.integers(0, 3), min_size=2, max_size=8).filter(lambda x: len(set(x)) > 1), seeds)
def test_frames_out_of_order_are_never_in_order(values: list[int], source: np.random.Generator) -> None:
    mixed = disordered(np.array(values), source)
    assert sorted(mixed) == sorted(values)
    assert mixed.tolist() != values


def test_other_orders_are_equally_probable() -> None:
    source = rng(0)
    drawn = [tuple(disordered(np.arange(3), source)) for _ in range(1000)]
    shares = [drawn.count(order) / 1000 for order in set(drawn)]
    assert len(shares) == 5
    assert max(abs(share - 0.2) for share in shares) < 0.05


@given(counts, st.integers(2, 8), spare, seeds)
def test_skips_are_within_range_and_not_all_alike(
    count: int, largest: int, more: int, source: np.random.Generator
) -> None:
    n = (count - 1) * largest + 1 + more
    indices = random_skips(n, count, largest, source)
    steps = np.diff(indices)
    assert indices.shape == (count,)
    assert indices.dtype == np.int64
    assert indices[0] >= 0
    assert indices[-1] < n
    assert 1 <= steps.min() < steps.max() <= largest


@given(st.integers(1, 5), st.integers(1, 10), spare, seeds)
def test_shifts_are_near_and_far(near: int, gap: int, more: int, source: np.random.Generator) -> None:
    far = near + gap
    last = far + more
    starts = shifted_starts(last, near, far, source)
    anchor, positive, negative = starts
    assert min(starts) >= 0
    assert max(starts) <= last
    assert 1 <= abs(positive - anchor) <= near
    assert abs(negative - anchor) >= far


def test_shifts_go_either_way() -> None:
    source = rng(0)
    drawn = np.array([shifted_starts(30, 3, 8, source) for _ in range(400)])
    assert set(drawn[:, 0]) == set(range(31))
    for other in (1, 2):
        assert 0.4 < (drawn[:, other] > drawn[:, 0]).mean() < 0.6


@given(counts, st.integers(2, 8), st.floats(0, 0.9), seeds)
def test_a_warp_is_monotone_and_spans_the_clip(
    count: int, times: int, strength: float, source: np.random.Generator
) -> None:
    n = times * count
    for indices in (warped(n, count, strength, source), strongly_warped(n, count, 3.0, source)):
        assert indices.shape == (count,)
        assert indices.dtype == np.int64
        assert (indices[0], indices[-1]) == (0, n - 1)
        assert (np.diff(indices) >= 0).all()


@given(counts, st.integers(2, 8), seeds)
def test_a_mild_warp_stays_close_and_a_strong_one_never_is_even(
    count: int, times: int, source: np.random.Generator
) -> None:
    n = times * count
    step = (n - 1) / (count - 1)
    mild = np.diff(warped(n, count, 0.1, source))
    assert mild.min() >= step * 0.9 / 1.1 - 1
    assert mild.max() <= step * 1.1 / 0.9 + 1
    assert not np.array_equal(strongly_warped(n, count, 3.0, source), uniform(n, count))


def test_one_half_of_strong_steps_is_fast() -> None:
    steps = np.sort(np.diff(strongly_warped(100_000, 17, 3.0, rng(0))))
    assert steps[8] / steps[7] > 2.9
    assert steps[-1] / steps[0] < 12.1


@given(st.integers(4, 40), st.integers(2, 4), seeds)
def test_parts_keep_their_frames_and_change_places(
    count: int, chunks: int, source: np.random.Generator
) -> None:
    indices = np.arange(count)
    mixed = chunk_shuffled(indices, chunks, source)
    assert sorted(mixed) == indices.tolist()
    assert mixed.tolist() != indices.tolist()
    assert (np.diff(mixed) != 1).sum() <= chunks - 1


def test_the_seed_says_it_all() -> None:
    def draws(seed: int) -> list[list[int]]:
        source = rng(seed)
        return [
            random_strided(90, 16, 2, source).tolist(),
            forward_backward(90, 16, 2, source).tolist(),
            disordered(np.arange(16), source).tolist(),
            random_skips(90, 16, 4, source).tolist(),
            strongly_warped(90, 16, 3.0, source).tolist(),
            chunk_shuffled(np.arange(16), 4, source).tolist(),
        ]

    assert draws(3) == draws(3)
    assert all(a != b for a, b in zip(draws(3), draws(4), strict=True))


def test_what_cannot_be_drawn_is_refused() -> None:
    for call in (
        lambda: random_strided(15, 16, 1, rng(0)),
        lambda: random_strided(30, 16, 2, rng(0)),
        lambda: forward_backward(20, 3, 1, rng(0)),
        lambda: forward_backward(15, 16, 2, rng(0)),
        lambda: disordered(np.array([2, 2]), rng(0)),
        lambda: disordered(np.array([2]), rng(0)),
        lambda: random_skips(30, 16, 2, rng(0)),
        lambda: random_skips(30, 16, 1, rng(0)),
        lambda: there_and_back(29, 16, 2, rng(0)),
        lambda: there_and_back(30, 3, 1, rng(0)),
        lambda: random_subset(16, 16, rng(0)),
        lambda: random_subset(16, 2, rng(0)),
        lambda: shifted_starts(7, 3, 8, rng(0)),
        lambda: shifted_starts(20, 8, 8, rng(0)),
        lambda: chunk_shuffled(np.arange(3), 4, rng(0)),
        lambda: chunk_shuffled(np.arange(3), 1, rng(0)),
    ):
        with pytest.raises(UsageError):
            call()
