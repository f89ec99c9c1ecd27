from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.core.split import Split, check_repeats, check_split, splits_fingerprint

IDS = [f"s{i}" for i in range(12)]
GROUPS = {name: f"g{i // 2}" for i, name in enumerate(IDS)}


@st.composite
def sound(draw: st.DrawFn) -> Split:
    order = draw(st.permutations(IDS))
    a, b = sorted((draw(st.integers(1, len(IDS) - 1)), draw(st.integers(1, len(IDS) - 1))))
    return Split(0, 0, tuple(order[:a]), tuple(order[a:b]), tuple(order[b:]))


@given(sound())
def test_disjoint_known_parts_pass(split: Split) -> None:
    check_split(split, GROUPS, "here")


@settings(max_examples=200)
@given(sound(), st.data())
def test_an_overlap_a_duplicate_an_unknown_id_or_an_empty_part_is_caught(
    split: Split, data: st.DataObject
) -> None:
    parts = {"train": split.train, "val": split.val, "test": split.test}
    damage = data.draw(st.sampled_from(["overlap", "duplicate", "unknown", "empty"]))
    name = data.draw(st.sampled_from(["train", "test"] if damage == "empty" else list(parts)))
    if damage == "empty":
        parts[name], sign = (), "none"
    elif damage == "unknown":
        parts[name], sign = (*parts[name], "stranger"), "stranger"
    elif damage == "duplicate" and parts[name]:
        sign = data.draw(st.sampled_from(parts[name]))
        parts[name] = (*parts[name], sign)
    else:
        other = data.draw(st.sampled_from([n for n in parts if n != name and parts[n]]))
        sign = data.draw(st.sampled_from(parts[other]))
        parts[name] = (*parts[name], sign)
    with pytest.raises(DataError) as caught:
        check_split(Split(2, 3, **parts), GROUPS, "data form, scheme folds")
    assert sign in str(caught.value.found)
    assert caught.value.where == "data form, scheme folds, r2f3"


@given(sound())
def test_a_group_in_two_parts_is_an_error_only_where_asked(split: Split) -> None:
    parts = [{GROUPS[i] for i in ids} for ids in (split.train, split.val, split.test)]
    straddles = sum(map(len, parts)) > len(set.union(*parts))
    if straddles:
        with pytest.raises(DataError, match="no group in both"):
            check_split(split, GROUPS, "here", strict_groups=True)
    else:
        check_split(split, GROUPS, "here", strict_groups=True)


def test_val_may_be_empty() -> None:
    check_split(Split(0, 0, ("s0",), (), ("s1",)), GROUPS, "here")


def test_folds_of_one_repeat_test_different_samples() -> None:
    first, same = Split(0, 0, ("s0",), (), ("s1",)), Split(0, 1, ("s0",), (), ("s1", "s2"))
    check_repeats([first, Split(1, 0, ("s0",), (), ("s1",))], "here")
    with pytest.raises(DataError, match="s1 also in r0f0"):
        check_repeats([first, same], "here")
    with pytest.raises(DataError, match="r0f0 twice"):
        check_repeats([first, first], "here")
    with pytest.raises(DataError, match="at least one"):
        check_repeats([], "here")


@given(sound(), sound())
def test_fingerprints_are_equal_for_equal_splits_alone(a: Split, b: Split) -> None:
    assert (splits_fingerprint([a]) == splits_fingerprint([b])) == (a == b)


def test_leaked_labels_are_part_of_the_fingerprint() -> None:
    honest, leaky = Split(0, 0, ("s0",), (), ("s1",)), Split(0, 0, ("s0",), (), ("s1",), ("s1",))
    assert splits_fingerprint([honest]) != splits_fingerprint([leaky])
    assert splits_fingerprint([honest, leaky]) != splits_fingerprint([leaky, honest])
