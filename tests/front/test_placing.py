from __future__ import annotations

import pytest

from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.core.split import Split
from aqa_bench.front.outside import OutsideScore
from aqa_bench.front.placing import match_ids, place_scores

IDS = ("32903_8", "32903_9", "45823_6", "56067_3_51")
ONE = (Split(0, 0, ("a", "b"), ("c", "d"), ("e", "f")),)
TWO = (Split(0, 0, ("a", "b"), ("c",), ("e", "f")), Split(0, 1, ("e", "f"), ("a",), ("b", "c")))


def rows(
    *cells: tuple[str, float] | tuple[str, float, str] | tuple[str, float, str, str],
) -> list[OutsideScore]:
    return [
        OutsideScore(f"line {n}", cell[0], cell[1], "", *cell[2:]) for n, cell in enumerate(cells, start=2)
    ]


def placed(cells: list[OutsideScore], splits: tuple[Split, ...] = ONE):
    return place_scores(cells, splits, "abcdefg", "t", "here")


def table(cells: list[OutsideScore], splits: tuple[Split, ...] = ONE) -> set[tuple[object, ...]]:
    return set(placed(cells, splits).predictions.itertuples(index=False, name=None))


@pytest.mark.parametrize(
    "name",
    [
        "32903_8",
        "32903_8.mp4",
        "videos/32903_8.mp4",
        "Squat\\videos\\32903_8.MP4",
        " 32903_8 ",
        "32903_8.json",
    ],
)
def test_names_of_the_files_of_fitness_aqa_are_ids(name: str) -> None:
    assert match_ids([name], IDS, "kie") == {name: "32903_8"}


def test_case_matters_where_two_ids_differ_by_it_alone() -> None:
    assert match_ids(["Ab"], ["ab"], "t") == {"Ab": "ab"}
    with pytest.raises(DataError):
        match_ids(["AB"], ["ab", "Ab"], "t")


def test_unknown_ids_are_named_with_the_nearest_ones() -> None:
    with pytest.raises(DataError) as caught:
        match_ids(["32903_88", "no such", "45823_6", *map(str, range(7))], IDS, "kie")
    assert caught.value.what == "9 samples are not in the dataset."
    assert caught.value.found == "'32903_88' (did you mean '32903_8'?); 'no such'; '0'; '1'; '2'; and 4 more"


def test_one_split_takes_val_and_test_and_leaves_train_aside() -> None:
    found = placed(rows(*[(name, n / 10) for n, name in enumerate("abcdefg")]))
    assert set(found.predictions.itertuples(index=False, name=None)) == {
        ("c", "t", "r0f0", "val", 0.2), ("d", "t", "r0f0", "val", 0.3),
        ("e", "t", "r0f0", "test", 0.4), ("f", "t", "r0f0", "test", 0.5),
    }  # fmt: skip
    assert (found.expected, found.missing) == (2, ())
    assert found.notes == ("3 scores are for samples in neither val nor test; they are ignored.",)


def test_one_score_serves_every_split_that_asks_for_it_and_that_is_said() -> None:
    found = placed(rows(*[(name, n / 10) for n, name in enumerate("abcef")]), TWO)
    assert set(found.predictions.itertuples(index=False, name=None)) == {
        ("c", "t", "r0f0", "val", 0.2), ("e", "t", "r0f0", "test", 0.3), ("f", "t", "r0f0", "test", 0.4),
        ("a", "t", "r0f1", "val", 0.0), ("b", "t", "r0f1", "test", 0.1), ("c", "t", "r0f1", "test", 0.2),
    }  # fmt: skip
    assert "is used for all 2 splits" in found.notes[0]


def test_folds_keep_their_own_scores() -> None:
    cells = rows(
        ("e", 0.1, "test", "r0f0"), ("f", 0.2, "test", "r0f0"), ("c", 0.3, "val", "r0f0"),
        ("b", 0.4, "", "r0f1"), ("c", 0.5, "", "r0f1"),
    )  # fmt: skip
    assert table(cells, TWO) == {
        ("e", "t", "r0f0", "test", 0.1), ("f", "t", "r0f0", "test", 0.2), ("c", "t", "r0f0", "val", 0.3),
        ("b", "t", "r0f1", "test", 0.4), ("c", "t", "r0f1", "test", 0.5),
    }  # fmt: skip
    assert not placed(cells, TWO).notes


def test_rows_that_say_test_tune_nothing() -> None:
    assert {
        row[3] for row in table(rows(("b", 0.1, "test"), ("c", 0.2, "test"), ("e", 0.3, "test")), TWO)
    } == {"test"}


def test_missing_test_samples_are_named() -> None:
    found = placed(rows(("e", 0.5)))
    assert (found.expected, found.missing) == (2, ("f",))
    assert found.notes == ("1 of 2 test samples have no score: f.",)


@pytest.mark.parametrize(
    ("cells", "splits", "kind", "message"),
    [
        (rows(("e", 1), ("f", 1), ("e.mp4", 1)), ONE, DataError, "e in line 2 and line 4"),
        (rows(("c", 1)), ONE, DataError, "No test sample"),
        (rows(("e", 1, "val"), ("f", 1)), ONE, DataError, "e as test of r0f0"),
        (rows(("e", 1, "test", "r0f0"), ("f", 1)), ONE, UsageError, "Only some rows name a fold"),
        (rows(("e", 1, "test", "r0f2")), TWO, UsageError, "Did you mean 'r0f"),
        (rows(("e", 1, "test"), ("c", 1, "val")), TWO, UsageError, "column fold next to"),
        (rows(("e", 1, "test", "r0f1")), TWO, DataError, "e as train of r0f1"),
    ],
)
def test_what_does_not_fit_is_said(
    cells: list[OutsideScore], splits: tuple[Split, ...], kind: type[AqaBenchError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        placed(cells, splits)
