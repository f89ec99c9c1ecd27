from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.core.split import check_split
from aqa_bench.datasets.waseda_squat.release import CLASSES, ERRORS, GOOD, ClipName
from aqa_bench.datasets.waseda_squat.splits import day_parts, day_split, official_split

DAYS = ("0918", "0922", "0926", "0928", "1003", "1015", "1029", "1108")


def names(counts: dict[str, dict[str, int]]) -> list[ClipName]:
    return [
        ClipName(folder, f"{day}_squat_{n:06d}")
        for folder, by_day in counts.items()
        for day, count in by_day.items()
        for n in range(count)
    ]


EVEN = names({folder: dict.fromkeys(DAYS, 10) for folder in CLASSES})


def test_parts_hold_every_class_in_about_the_stated_shares():
    parts = day_parts(EVEN, "waseda-squat")
    sizes = Counter(parts.values())
    assert (
        sizes == {"train": 4, "val": 2, "test": 2}
        or sizes == {"train": 5, "val": 1, "test": 2}
        or (sizes == {"train": 5, "val": 2, "test": 1})
    )


@pytest.mark.parametrize("task", ERRORS)
def test_days_are_kept_whole_and_are_the_same_for_all_tasks(task):
    parts = day_parts(EVEN, "waseda-squat")
    split = day_split(EVEN, parts, task, "waseda-squat")
    check_split(split, {n.id: n.day for n in EVEN}, "test", strict_groups=True)
    for part in ("train", "val", "test"):
        ids = getattr(split, part)
        assert {i.partition("/")[0] for i in ids} == {GOOD, ERRORS[task]}
        assert {parts[i.rpartition("/")[2][:4]] for i in ids} == {part}
    assert len({*split.train, *split.val, *split.test}) == 160


def test_a_class_recorded_on_few_days_still_stands_in_train_and_test():
    counts = {folder: dict.fromkeys(DAYS, 10) for folder in CLASSES}
    counts["bad_toe"] = {"1029": 40, "1108": 30, "1015": 5}
    clips = names(counts)
    split = day_split(clips, day_parts(clips, "waseda-squat"), "kfe", "waseda-squat")
    for part in (split.train, split.val, split.test):
        assert any(i.startswith("bad_toe") for i in part)


def test_the_draw_never_changes():
    first, again = day_parts(EVEN, "waseda-squat"), day_parts(list(reversed(EVEN)), "waseda-squat")
    assert first == again
    assert first == {
        **dict.fromkeys(("0918", "0922", "0926", "0928", "1003"), "train"),
        **{"1015": "val", "1029": "test", "1108": "test"},
    }


@settings(max_examples=5, deadline=None)
@given(st.integers(3, 8), st.integers(1, 30), st.integers(0, 100))
def test_any_number_of_days_can_be_split(days: int, per_day: int, extra: int):
    clips = names({c: dict.fromkeys(DAYS[:days], per_day) | {DAYS[0]: per_day + extra} for c in CLASSES})
    parts = day_parts(clips, "waseda-squat")
    assert set(parts) == set(DAYS[:days])
    assert set(parts.values()) == {"train", "val", "test"}


def test_two_days_make_train_and_test():
    clips = [n for n in EVEN if n.day in DAYS[:2]]
    split = day_split(clips, day_parts(clips, "waseda-squat"), "ss", "waseda-squat")
    assert len(split.train) == len(split.test) == 20
    assert split.val == ()


def test_one_day_is_refused():
    with pytest.raises(DataError, match="at least two days"):
        day_parts([n for n in EVEN if n.day == "0918"], "waseda-squat")


def test_a_task_whose_class_was_recorded_on_one_day_is_refused():
    counts = {folder: dict.fromkeys(DAYS, 4) for folder in CLASSES} | {"bad_toe": {"0918": 10}}
    clips = names(counts)
    parts = day_parts(clips, "waseda-squat")
    with pytest.raises(DataError, match="none of bad_toe"):
        day_split(clips, parts, "kfe", "waseda-squat")
    assert day_split(clips, parts, "kie", "waseda-squat").test


def test_the_official_split_is_cut_down_to_the_task():
    official = {
        "train": ("good/0918_squat_000001", "bad_toe/0918_squat_000001"),
        "val": (),
        "test": ("bad_shallow/0918_squat_000003", "good/0918_squat_000002"),
    }
    split = official_split(official, "kfe", "waseda-squat")
    assert (split.train, split.val, split.test) == (official["train"], (), ("good/0918_squat_000002",))


def test_without_its_files_the_official_split_says_how_to_get_it():
    with pytest.raises(DataError, match="FOLDER_OF_SPLITS"):
        official_split(None, "kfe", "waseda-squat")
