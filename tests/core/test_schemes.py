from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core import schemes
from aqa_bench.core.errors import DataError
from aqa_bench.core.split import Split, check_repeats, check_split

PRESS = {f"bad{i}": 1.0 for i in range(17)} | {f"good{i}": 0.0 for i in range(19)}
ALONE = {i: i for i in PRESS}
ALL = (schemes.folds, schemes.one_class, schemes.one_class_clean, schemes.one_class_leaky)


@st.composite
def grouped(draw: st.DrawFn) -> tuple[dict[str, float], dict[str, str]]:
    """Targets and groups of 5 to 30 groups of 1 to 3 samples, at least three groups of either kind."""
    n = draw(st.integers(6, 30))
    labels = draw(
        st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=3), min_size=n, max_size=n)
    )
    labels[:3], labels[3:6] = [[0.0]] * 3, [[1.0], [1.0], [1.0]]
    targets = {f"g{g}-{i}": label for g, group in enumerate(labels) for i, label in enumerate(group)}
    return targets, {i: i.partition("-")[0] for i in targets}


def singles() -> st.SearchStrategy[dict[str, float]]:
    return st.lists(st.sampled_from([0.0, 1.0]), min_size=5, max_size=60).map(
        lambda labels: {f"s{i}": label for i, label in enumerate(labels)}
    )


@settings(max_examples=30)
@given(grouped())
def test_folds_partition_the_samples_and_keep_groups_whole(data):
    targets, groups = data
    splits = schemes.folds("d", targets, groups, repeats=2)
    assert [s.id for s in splits] == [f"r{r}f{f}" for r in range(2) for f in range(5)]
    for split in splits:
        check_split(split, groups, "d", strict_groups=True)
        assert sorted((*split.train, *split.val, *split.test)) == sorted(targets)
    for repeat in range(2):
        tests = [i for s in splits if s.repeat == repeat for i in s.test]
        assert sorted(tests) == sorted(targets)


@given(singles())
def test_folds_of_single_samples_are_stratified(targets):
    splits = schemes.folds("d", targets, {i: i for i in targets}, repeats=1)
    sizes = [len(s.test) for s in splits]
    positives = [sum(targets[i] for i in s.test) for s in splits]
    assert max(sizes) - min(sizes) <= 1
    assert max(positives) - min(positives) <= 1


def test_val_is_the_test_fold_of_the_next_fold():
    splits = schemes.folds("d", PRESS, ALONE)
    assert len(splits) == 25
    for repeat in range(5):
        five = splits[repeat * 5 : repeat * 5 + 5]
        assert [s.val for s in five] == [s.test for s in (*five[1:], five[0])]


def test_one_class_trains_on_two_thirds_of_the_good_rounded_down():
    splits = schemes.one_class("d", PRESS, ALONE)
    assert len(splits) == 20
    for split in splits:
        assert (len(split.train), len(split.val), len(split.test), split.leaked) == (12, 0, 24, ())
        assert all(PRESS[i] == 0 for i in split.train)
        assert sum(PRESS[i] for i in split.test) == 17
    assert len({s.train for s in splits}) == 20


def test_one_class_clean_shares_the_good_and_halves_the_bad():
    pairs = zip(schemes.one_class("d", PRESS, ALONE), schemes.one_class_clean("d", PRESS, ALONE), strict=True)
    for plain, clean in pairs:
        assert tuple(i for i in clean.train if PRESS[i] == 0) == plain.train
        assert sum(PRESS[i] for i in clean.train) == 8
        assert sum(PRESS[i] for i in clean.test) == 9
        assert sorted((*clean.train, *clean.test)) == sorted(PRESS)


def test_one_class_leaky_is_one_class_with_every_label_leaked():
    plain, leaky = schemes.one_class("d", PRESS, ALONE), schemes.one_class_leaky("d", PRESS, ALONE)
    assert [(s.train, s.test) for s in plain] == [(s.train, s.test) for s in leaky]
    assert all(s.leaked == tuple(PRESS) for s in leaky)
    assert not schemes.ONE_CLASS_LEAKY.honest
    assert all(s.honest for s in (schemes.FOLDS, schemes.ONE_CLASS, schemes.ONE_CLASS_CLEAN))


@settings(max_examples=30)
@given(grouped())
def test_one_class_schemes_keep_groups_whole(data):
    targets, groups = data
    for scheme in (schemes.one_class, schemes.one_class_clean):
        try:
            splits = scheme("d", targets, groups, repeats=3)
        except DataError:
            continue
        for split in splits:
            check_split(split, groups, "d", strict_groups=True)
            assert any(targets[i] == 1 for i in split.test)
            good = sum(targets[i] == 0 for i in split.train)
            assert 1 <= good <= max(1, 2 * sum(t == 0 for t in targets.values()) // 3)


@pytest.mark.parametrize("scheme", ALL)
def test_parts_keep_the_release_order_and_draws_do_not_change(scheme):
    order = list(PRESS)
    for split in scheme("d", PRESS, ALONE):
        for part in (split.train, split.val, split.test):
            assert sorted(part, key=order.index) == list(part)
    assert scheme("d", PRESS, ALONE) == scheme("d", PRESS, ALONE)
    assert scheme("d", PRESS, ALONE) != scheme("e", PRESS, ALONE)


def test_draws_do_not_depend_on_the_order_of_the_samples():
    backwards = dict(reversed(PRESS.items()))
    for scheme in (schemes.folds, schemes.one_class, schemes.one_class_clean):
        ours, theirs = scheme("d", PRESS, ALONE), scheme("d", backwards, ALONE)
        assert [set(s.test) for s in ours] == [set(s.test) for s in theirs]


def test_a_known_draw():
    """The first split of a name is part of every published run: it never changes."""
    split = schemes.one_class("pose-trainer/shoulder-press", PRESS, ALONE, repeats=1)[0]
    assert split.train == tuple(f"good{i}" for i in (0, 3, 4, 5, 6, 7, 8, 12, 15, 16, 17, 18))


@pytest.mark.parametrize("scheme", ALL)
def test_too_few_samples_are_an_error(scheme):
    with pytest.raises(DataError, match="too few"):
        scheme("d", {"a": 0.0, "b": 1.0}, {"a": "a", "b": "b"})


@pytest.mark.parametrize("scheme", ALL[1:])
def test_without_bad_samples_there_is_nothing_to_detect(scheme):
    targets = {str(i): 0.0 for i in range(9)}
    with pytest.raises(DataError, match="bad samples"):
        scheme("d", targets, {i: i for i in targets})


@st.composite
def official(draw: st.DrawFn) -> tuple[dict[str, float], Split]:
    """A split whose train part has at least two samples of each class."""
    labels = [0.0, 0.0, 1.0, 1.0, *draw(st.lists(st.sampled_from([0.0, 1.0]), max_size=400))]
    targets = {f"s{i}": label for i, label in enumerate(draw(st.permutations(labels)))}
    split = Split(0, 0, tuple(targets), ("v0", "v1"), ("t0", "t1", "t2"))
    return targets | dict.fromkeys((*split.val, *split.test), 0.0), split


@settings(max_examples=40, deadline=None)
@given(official(), st.integers(1, 100))
def test_low_data_draws_the_share_of_either_class_but_at_least_two(data, percent):
    targets, split = data
    lows = schemes.low_data("d", split, targets, percent)
    check_repeats(lows, "d")
    assert [low.id for low in lows] == [f"r{r}f0" for r in range(5)]
    assert lows == schemes.low_data("d", split, targets, percent)
    for low in lows:
        check_split(low, dict.fromkeys(targets, "one group"), "d")
        assert (low.val, low.test, low.leaked) == (split.val, split.test, ())
        assert [i for i in split.train if i in set(low.train)] == list(low.train)
        for label in (0.0, 1.0):
            whole, drawn = (sum(targets[i] == label for i in part) for part in (split.train, low.train))
            assert drawn == 2 or abs(drawn - whole * percent / 100) <= 0.5
            assert 2 <= drawn <= whole


@settings(max_examples=40, deadline=None)
@given(official(), st.lists(st.integers(1, 100), min_size=2, max_size=4))
def test_low_data_shares_of_a_repeat_are_nested(data, percents):
    targets, split = data
    tracks = [schemes.low_data("d", split, targets, percent) for percent in sorted(percents)]
    for lower, higher in pairwise(tracks):
        assert all(set(a.train) <= set(b.train) for a, b in zip(lower, higher, strict=True))
    assert all(low.train == split.train for low in schemes.low_data("d", split, targets, 100))


@settings(max_examples=20, deadline=None)
@given(official(), st.randoms())
def test_low_data_does_not_depend_on_the_order_of_the_samples(data, random):
    targets, split = data
    shuffled = replace(split, train=tuple(random.sample(split.train, len(split.train))))
    ours, theirs = (schemes.low_data("d", s, targets, 10) for s in (split, shuffled))
    assert [set(s.train) for s in ours] == [set(s.train) for s in theirs]


def test_a_known_low_data_draw():
    """The first split of a name is part of every published run: it never changes."""
    targets = {f"s{i}": float(i % 4 == 0) for i in range(200)}
    split = Split(0, 0, tuple(targets), (), ("t",))
    lows = schemes.low_data("fitness-aqa/barbell-row", split, targets, 1)
    assert lows[0].train == ("s64", "s65", "s138", "s180")
    assert len({low.train for low in lows}) == 5
    assert schemes.low_data("synthetic-gym/barbell-row", split, targets, 1) != lows


@pytest.mark.parametrize(
    ("positives", "percent", "match"),
    [(1, 10, "2 training samples"), (5, 0, "1 to 100"), (5, 101, "1 to 100")],
)
def test_low_data_out_of_range(positives, percent, match):
    targets = {f"s{i}": float(i < positives) for i in range(20)}
    with pytest.raises(DataError, match=match):
        schemes.low_data("d", Split(0, 0, tuple(targets), (), ("t",)), targets, percent)


def test_low_data_schemes_are_honest_and_say_how_they_draw():
    assert [scheme.id for scheme in schemes.LOW_DATA] == list(schemes.LOW_DATA_PERCENT)
    for scheme in schemes.LOW_DATA:
        assert scheme.honest
        assert f"{schemes.LOW_DATA_PERCENT[scheme.id]}% of the official train samples" in scheme.description


@st.composite
def filmed_days(draw: st.DrawFn) -> tuple[dict[str, int], Split]:
    """Groups of one to three clips with two images each, as a training part; 112 to 700 clips."""
    sizes = {f"day{i}": size for i, size in enumerate(draw(st.lists(st.integers(1, 3), min_size=112)))}
    sizes |= {f"short{i}": 1 for i in range(draw(st.integers(3, 400)))}
    clips = [f"{group}_{k}" for group, size in sizes.items() for k in range(size)]
    images = tuple(f"{clip}_{frame}" for clip in clips for frame in (3, 7))
    return sizes, Split(0, 0, images, ("v_1_3",), ("t_1_3",))


@settings(max_examples=25, deadline=None)
@given(filmed_days())
def test_fewer_labels_are_whole_groups_nested_and_as_many_as_they_say(data):
    sizes, split = data
    groups = {image: image.partition("_")[0] for image in split.train}
    counts = [c for c in schemes.LABEL_COUNTS.values() if c <= sum(sizes.values())]
    tracks = [schemes.fewer_labels("d", split, groups, sizes, count) for count in counts]
    for count, track in zip(counts, tracks, strict=True):
        check_repeats(track, "d")
        for few in track:
            check_split(few, {i: i.partition("_")[0] for p in (few.train, few.val, few.test) for i in p}, "d")
            assert (few.val, few.test) == (split.val, split.test)
            assert [i for i in split.train if i in set(few.train)] == list(few.train)
            days = {groups[i] for i in few.train}
            assert len(few.train) == 2 * sum(sizes[day] for day in days)
            # Groups of a single clip fill what longer ones leave.
            assert sum(sizes[day] for day in days) == count
    for lower, higher in pairwise(tracks):
        for few, more in zip(lower, higher, strict=False):
            assert set(few.train) < set(more.train)


def test_all_labels_are_one_split_and_more_than_all_an_error():
    split = Split(0, 0, tuple(f"s{i}" for i in range(112)), ("v",), ("t",))
    alone, sizes = {i: i for i in split.train}, dict.fromkeys(split.train, 1)
    assert schemes.fewer_labels("d", split, alone, sizes, 112) == (split,)
    assert len({few.train for few in schemes.fewer_labels("d", split, alone, sizes, 50)}) == 3
    with pytest.raises(DataError, match="at least 224 training clips") as caught:
        schemes.fewer_labels("d", split, alone, sizes, 224)
    assert caught.value.found == "112"


def test_a_known_draw_of_fewer_labels():
    """The draw of a name is part of every published run: it never changes."""
    split = Split(0, 0, tuple(f"s{i}" for i in range(300)), (), ("t",))
    alone, sizes = {i: i for i in split.train}, dict.fromkeys(split.train, 1)
    few = schemes.fewer_labels("synthetic-gym/backsquat@study", split, alone, sizes, 112)
    assert few[0].train[:4] == ("s0", "s2", "s3", "s4")
