from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.split import check_repeats, check_split
from aqa_bench.core.task import Modality

from .conftest import dive


def prepare(family, tiny, home: Path, **options: str):
    return family.prepare(None, [tiny.write()], home, options, NullProgress())


def test_annotations_alone_are_enough_for_splits_and_attributes(family, tiny, tmp_path) -> None:
    sentences = prepare(family, tiny, tmp_path)
    assert any("ffmpeg" in text and "Video_List.xlsx" in text for text in sentences)
    dataset = family.open("tiny-dives", tmp_path)
    told, silent = dataset.samples("score-dd"), dataset.samples("score")
    assert list(told) == list(silent) == ["01_01", "02_01", "07_01", "02_02", "01_02", "07_102"]
    assert [s.group for s in told.values()] == ["01", "02", "07", "02", "01", "07"]
    assert told["07_102"].media.provides == {Modality.ATTRIBUTES}
    assert told["07_102"].media.attributes["difficulty"] == 2.5
    assert silent["07_102"].media.provides == frozenset()
    with pytest.raises(DataError, match="no attributes"):
        _ = silent["07_102"].media.attributes
    with pytest.raises(DataError, match="not available") as caught:
        silent["07_102"].media.frames()
    assert "ffmpeg" in (caught.value.remedy or "")
    with pytest.raises(DataError, match="frames of 0"):
        dataset.materialise(frozenset({Modality.FRAMES}), NullProgress())
    assert dataset.targets("score")["07_102"] == 75.0
    assert len({s.media.content_key for s in told.values()}) == 6


def test_splits_can_be_trusted_and_the_official_one_says_what_it_shares(family, tiny, tmp_path) -> None:
    prepare(family, tiny, tmp_path)
    dataset = family.open("tiny-dives", tmp_path)
    groups = {i: s.group for i, s in dataset.samples("score").items()}
    for scheme in dataset.card.schemes:
        splits = dataset.splits("score", scheme.id)
        check_repeats(splits, "tiny")
        for split in splits:
            check_split(split, groups, "tiny", strict_groups=not scheme.shares_groups)
    assert dataset.card.schemes[0].shares_groups
    assert "no val" in dataset.card.schemes[0].description


@pytest.mark.parametrize("scheme", ["official", "event-grouped"])
def test_the_pool_is_what_is_trained_on_and_tells_classes(family, tiny, tmp_path, scheme) -> None:
    prepare(family, tiny, tmp_path)
    dataset = family.open("tiny-dives", tmp_path)
    for split in dataset.splits("score", scheme):
        held_out = frozenset((*split.val, *split.test))
        for task, knows in (("score", False), ("score-dd", True)):
            pool = dataset.unlabeled(task, held_out)
            assert sorted(sample.id for sample in pool) == sorted(split.train)
            for sample in pool:
                assert {"position", "event"} <= sample.media.attributes.keys()
                assert ("difficulty" in sample.media.attributes) is knows


def test_strata_are_difficulties_in_both_tasks(family, tiny, tmp_path) -> None:
    prepare(family, tiny, tmp_path)
    dataset = family.open("tiny-dives", tmp_path)
    told = {i: s.media.attributes["difficulty"] for i, s in dataset.samples("score-dd").items()}
    assert len(set(told.values())) == 6
    for task in ("score", "score-dd"):
        assert dataset.strata(task) == {i: f"{difficulty:.1f}" for i, difficulty in told.items()}


def test_fingerprints_follow_annotations_and_splits(family, tiny, tmp_path) -> None:
    prepare(family, tiny, tmp_path)
    before = family.open("tiny-dives", tmp_path).fingerprint()
    tiny.annotations[1, 1]["final_score"] += 0.5
    prepare(family, tiny, tmp_path)
    changed = family.open("tiny-dives", tmp_path).fingerprint()
    tiny.train.reverse()
    prepare(family, tiny, tmp_path)
    assert len({before, changed, family.open("tiny-dives", tmp_path).fingerprint()}) == 3


def test_a_nan_score_is_named_and_the_other_dives_are_ready(family, tiny, tmp_path) -> None:
    tiny.annotations[2, 2]["final_score"] = math.nan
    with pytest.raises(DataError, match=r"dive \(2, 2\): final_score") as caught:
        prepare(family, tiny, tmp_path)
    assert "train.pkl: 02_02 has no usable annotation" in caught.value.found
    dataset = family.open("tiny-dives", tmp_path)
    assert len(dataset.samples("score")) == 5
    assert dataset.expected("score") == 6
    assert not dataset.audit().ok


def test_split_ids_without_annotation_and_duplicates_are_named(family, tiny, tmp_path) -> None:
    tiny.train += [(9, 9), (1, 1), (np.uint8(1), np.uint8(2))]
    with pytest.raises(DataError) as caught:
        prepare(family, tiny, tmp_path)
    for text in (
        "train.pkl: 09_09 has no usable annotation",
        "train.pkl: 01_01 occurs twice",
        "01_02: expected in train or test, found in both",
    ):
        assert text in caught.value.found
    split = family.open("tiny-dives", tmp_path).splits("score", "official")[0]
    assert sorted((*split.train, *split.val)) == ["01_01", "02_01", "02_02", "07_01"]
    assert split.test == ("01_02", "07_102")


def test_a_pickle_that_would_run_code_is_refused_and_nothing_is_written(family, tiny, tmp_path) -> None:
    root = tiny.write()
    path = root / "Ready_2_Use" / "TINY" / "final_annotations_dict.pkl"
    path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(DataError, match=r"the global .*\.system"):
        family.prepare(None, [root], tmp_path / "home", {}, NullProgress())
    assert not (tmp_path / "home").exists()


def test_dives_of_no_split_are_counted(family, tiny, tmp_path) -> None:
    tiny.annotations[1, 3] = dive(125, 3)
    prepare(family, tiny, tmp_path)
    audit = family.open("tiny-dives", tmp_path).audit()
    assert audit.coverage.extra == 1
    assert audit.coverage.expected == 6


def test_extended_annotations_are_read_and_the_marks_are_counted(family, tiny, tmp_path) -> None:
    for facts in tiny.annotations.values():
        facts["judge_scores"] = [7.5] * 7
    root = tiny.write()
    folder = root / "Ready_2_Use" / "TINY"
    (folder / "final_annotations_dict.pkl").rename(folder / "augmented_final_annotations_dict.pkl")
    family.prepare(None, [folder], tmp_path / "home", {}, NullProgress())
    dataset = family.open("tiny-dives", tmp_path / "home")
    assert "judge" not in str(dict(dataset.samples("score-dd")["01_01"].media.attributes))
    audit = dataset.audit()
    assert audit.details["judged"] == 6
    assert any("seven judges for 6 dives" in note for note in audit.notes)


def test_the_audit_sets_difficulty_beside_the_baseline(family, tiny, tmp_path) -> None:
    for n, key in enumerate([(1, 2), (7, 102)]):
        tiny.annotations[key] |= {"difficulty": 2.0 + n, "final_score": 50.0 + n}
    prepare(family, tiny, tmp_path)
    audit = family.open("tiny-dives", tmp_path).audit()
    assert any("1.0000; the paper's supervised baseline (0.5000)" in note for note in audit.notes)
    assert audit.groups_across_splits == 2
    tiny.annotations[7, 102]["difficulty"] = tiny.annotations[1, 2]["difficulty"]
    prepare(family, tiny, tmp_path)
    audit = family.open("tiny-dives", tmp_path).audit()
    assert audit.details["floors"]["difficulty"] is None
    assert not any("Difficulty alone" in note for note in audit.notes)


def test_two_dives_with_one_window_are_reported(family, tiny, tmp_path) -> None:
    tiny.annotations[1, 2]["end_frame"] = tiny.annotations[1, 1]["end_frame"]
    prepare(family, tiny, tmp_path)
    assert family.open("tiny-dives", tmp_path).audit().duplicates == [["01_01", "01_02"]]


@pytest.mark.parametrize(
    "options",
    [{"colour": "red"}, {"extract": "all"}, {"height": "big"}, {"height": "0"}, {"missing": "keep"}],
)
def test_unknown_options_are_refused(family, tiny, tmp_path, options) -> None:
    with pytest.raises(UsageError, match="option"):
        prepare(family, tiny, tmp_path, **options)


def test_wrong_sources_are_refused(family, tiny, tmp_path) -> None:
    with pytest.raises(UsageError, match="No folder of the release"):
        family.prepare(None, [], tmp_path, {}, NullProgress())
    with pytest.raises(DataError, match="no such path"):
        family.prepare(None, [tmp_path / "absent"], tmp_path, {}, NullProgress())
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no annotations"):
        family.prepare(None, [tmp_path / "empty"], tmp_path, {}, NullProgress())
    root = tiny.write()
    (root / "Ready_2_Use" / "TINY" / "train.pkl").write_bytes(pickle.dumps([(5, 5)]))
    with pytest.raises(DataError, match="do not match"):
        family.prepare(None, [root], tmp_path, {}, NullProgress())


def test_unprepared_and_damaged_homes_are_one_error(family, tmp_path) -> None:
    with pytest.raises(DataError, match="has not been prepared"):
        family.open("tiny-dives", tmp_path)
    (tmp_path / "index.json").write_text("{}")
    with pytest.raises(DataError, match="is damaged"):
        family.open("tiny-dives", tmp_path)
