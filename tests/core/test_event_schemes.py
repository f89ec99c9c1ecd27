from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.core.event_schemes import event_grouped, with_val
from aqa_bench.core.split import check_repeats, check_split

SIZES = st.lists(st.integers(1, 60), min_size=3, max_size=20)


def events_of(sizes: list[int]) -> dict[str, str]:
    return {f"{e:02d}_{i:02d}": f"{e:02d}" for e, size in enumerate(sizes) for i in range(size)}


@given(SIZES)
def test_events_stay_whole_and_every_dive_is_in_one_part(sizes: list[int]) -> None:
    events = events_of(sizes)
    splits = event_grouped("d", events)
    check_repeats(splits, "d")
    for split in splits:
        check_split(split, events, "d", strict_groups=True)
        assert split.val
        assert {*split.train, *split.val, *split.test} == set(events)
    assert len(splits) == (len(sizes) if len(sizes) <= 5 else 5)
    assert splits == event_grouped("d", events)


def test_a_quarter_of_the_dives_is_tested_and_a_tenth_tuned_on() -> None:
    events = events_of([191, 108, 73, 129, 90, 60, 99, 88, 44, 30, 87, 169, 72, 48, 124])
    for split in event_grouped("mtl-aqa/diving", events):
        assert 0.2 * 1412 < len(split.test) <= 353
        assert 0.04 * 1412 < len(split.val) <= 141


def test_few_events_are_tested_once_each() -> None:
    events = events_of([191, 108, 73])
    splits = event_grouped("unlv-dive", events)
    assert [len(s.test) for s in splits] == [191, 108, 73]
    assert [len(s.val) for s in splits] == [73, 73, 108]


def test_another_dataset_draws_other_events() -> None:
    events = events_of([10] * 12)
    assert [s.test for s in event_grouped("a", events)] != [s.test for s in event_grouped("b", events)]


def test_two_events_are_too_few() -> None:
    with pytest.raises(DataError, match="at least 3 events"):
        event_grouped("d", events_of([4, 4]))


@given(st.integers(2, 300))
def test_val_is_cut_from_train_alone(n: int) -> None:
    train, test = [f"t{i}" for i in range(n)], ["x", "y"]
    split = with_val("d", "official", train, test)
    assert sorted((*split.train, *split.val)) == sorted(train)
    assert len(split.val) == round(0.1 * n)
    assert split.test == ("x", "y")
    assert list(split.train) == [i for i in train if i in set(split.train)]
    # A dive's part does not depend on the order of the file.
    assert set(with_val("d", "official", train[::-1], test).val) == set(split.val)
