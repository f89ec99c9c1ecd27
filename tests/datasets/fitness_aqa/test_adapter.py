from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.split import check_split
from aqa_bench.core.task import Modality
from aqa_bench.datasets.fitness_aqa.adapter import FitnessAQA
from aqa_bench.datasets.fitness_aqa.cards import CARDS
from aqa_bench.datasets.fitness_aqa.family import FAMILY
from aqa_bench.datasets.fitness_aqa.index import Index
from aqa_bench.datasets.fitness_aqa.layout import EXERCISES, Kind

LABELS = "Squat/Labeled_Dataset/Labels/error_knees_inward.json"
VIDEO = "Squat/Labeled_Dataset/videos.zip!videos/{}.mp4"


@pytest.fixture
def squat(prepared: Path) -> FitnessAQA:
    return FAMILY.open("fitness-aqa/backsquat", prepared)


def whats(index: Index) -> list[str]:
    return [problem.what for problem in index.problems]


def test_cards_and_layout_name_the_same_tasks() -> None:
    assert {card.id.partition("/")[2]: [task.id for task in card.tasks] for card in CARDS} == {
        exercise.id: [task.task for task in exercise.tasks] for exercise in EXERCISES.values()
    }


def test_samples_follow_the_split_files_and_need_media(squat: FitnessAQA, tiny: ModuleType) -> None:
    named = [*tiny.TRAIN, *tiny.VAL, *tiny.TEST]
    assert list(squat.samples("kie")) == [key for key in named if key != tiny.MISSING]
    assert squat.expected("kie") == len(named)
    assert squat.samples("kie")["32903_8"].group == "32903"
    assert len(squat.samples("ss")) == squat.expected("ss") == 18


def test_a_clip_is_positive_when_it_has_an_interval(squat: FitnessAQA, tiny: ModuleType) -> None:
    for task, positive in (("kie", tiny.KIE), ("kfe", tiny.KFE)):
        targets = squat.targets(task)
        assert {key for key, target in targets.items() if target == 1} == positive.keys()
        assert set(targets.values()) == {0.0, 1.0}
    assert squat.intervals("kfe")["11681_3"] == ((0.1, 0.2), (0.4, 0.7))
    assert squat.intervals("ss") == {}


def test_official_splits_are_the_files(squat: FitnessAQA, tiny: ModuleType) -> None:
    (split,) = squat.splits("kie", "official")
    assert (split.val, split.test) == (tiny.VAL, tiny.TEST)
    assert split.train == tuple(key for key in tiny.TRAIN if key != tiny.MISSING)
    check_split(split, {key: sample.group for key, sample in squat.samples("kie").items()}, "kie")


def test_the_deduplicated_scheme_drops_the_train_twin_only(squat: FitnessAQA, tiny: ModuleType) -> None:
    official, deduplicated = (squat.splits("kie", scheme)[0] for scheme in ("official", "deduplicated"))
    assert set(official.train) - set(deduplicated.train) == {tiny.TWINS[0]}
    assert (deduplicated.val, deduplicated.test) == (official.val, official.test)


def test_low_data_tracks_are_of_the_row_and_share_val_and_test(prepared: Path, squat: FitnessAQA) -> None:
    tracks = {"low-1", "low-5", "low-10"}
    assert not tracks & {scheme.id for scheme in squat.card.schemes}
    row = FAMILY.open("fitness-aqa/barbell-row", prepared)
    assert row.card.schemes[0].id == "official"
    assert tracks < {scheme.id for scheme in row.card.schemes}
    for task in ("lumbar", "torso"):
        (official,) = row.splits(task, "official")
        for track in tracks:
            splits = row.splits(task, track)
            assert [split.repeat for split in splits] == [0, 1, 2, 3, 4]
            for split in splits:
                assert (split.val, split.test) == (official.val, official.test)
                assert set(split.train) <= set(official.train)
                assert [row.targets(task)[i] for i in split.train].count(1.0) == 2


def test_label_files_may_name_more_than_the_splits(prepared: Path) -> None:
    row = FAMILY.open("fitness-aqa/barbell-row", prepared)
    assert len(row.samples("lumbar")) == len(row.samples("torso")) == 14
    assert row.samples("lumbar").keys() != row.samples("torso").keys()
    assert row.unlabeled("torso", frozenset()) == ()


def test_media_read_in_place(squat: FitnessAQA, prepared: Path) -> None:
    clip = squat.samples("kie")["32903_1"].media
    assert clip.provides == {Modality.FRAMES, Modality.TRAJECTORY}
    assert (clip.length, clip.fps) == (24, 30.0)
    frames = clip.frames([20, 0], size=16)
    assert (frames.shape, frames.dtype) == ((2, 16, 16, 3), np.uint8)
    assert frames[0].mean() > frames[1].mean() + 50
    assert len(clip.trajectory().elevation) == 24
    image = squat.samples("ss")["32903_1_3"].media
    assert image.provides == {Modality.IMAGE}
    assert image.image(8).shape == (8, 8, 3)
    assert len(image.content_key) == 64
    assert {path.name for path in prepared.iterdir()} == {f"{e}.index.json.gz" for e in EXERCISES}


def test_media_without_a_trajectory_say_so(squat: FitnessAQA) -> None:
    media = squat.samples("kie")["37165_2"].media
    assert media.provides == {Modality.FRAMES}
    with pytest.raises(DataError, match="no trajectory"):
        media.trajectory()


def test_samples_pickle(squat: FitnessAQA) -> None:
    for sample in (squat.samples("kie")["32903_1"], squat.samples("ss")["32903_1_3"]):
        assert pickle.loads(pickle.dumps(sample)) == sample  # noqa: S301


def test_press_elevation_is_highest_at_the_top(prepared: Path) -> None:
    press = FAMILY.open("fitness-aqa/overhead-press", prepared)
    track = press.samples("elbow")["70000_1"].media.trajectory()
    assert track.turning_point in (11, 12)
    assert track.elevation[track.turning_point] == pytest.approx(1, abs=0.02)
    assert track.confidence[3] == 0
    assert track.elevation[3] == pytest.approx((track.elevation[2] + track.elevation[4]) / 2, abs=1e-5)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({VIDEO.format("99999_9"): b"extra"}, True),
        ({"Squat/Labeled_Dataset/notes.txt": b"hello"}, True),
        ({VIDEO.format("50001_1"): None}, False),
        ({VIDEO.format("50001_1"): "other"}, False),
        ({LABELS: "all clear"}, False),
        ({"Squat/Labeled_Dataset/Splits/traj_nan.json": None}, False),
    ],
)
def test_fingerprint_is_of_content(
    change: dict[str, object],
    same: bool,
    squat: FitnessAQA,
    tiny: ModuleType,
    squat_with: Callable[..., Index],
) -> None:
    labels = json.dumps({key: [] for key in squat.index.labels["kie"]}).encode()
    contents = {"other": tiny.clip(12345), "all clear": labels}
    index = squat_with({name: contents.get(str(value), value) for name, value in change.items()})
    assert (FitnessAQA(squat.card, index).fingerprint() == squat.fingerprint()) is same


def test_an_interval_beyond_the_clip_is_reported_and_cut(
    squat_with: Callable[..., Index], tiny: ModuleType
) -> None:
    ids = (*tiny.TRAIN, *tiny.VAL, *tiny.TEST)
    labels = {key: [] for key in ids} | {"20001_1": [[0.2, 5.0], [7.0, 8.0]]}
    index = squat_with({LABELS: json.dumps(labels).encode()})
    assert whats(index) == ["interval is outside the clip"]
    assert index.problems[0].file == "kie: 20001_1"
    assert index.intervals["kie"]["20001_1"] == ((0.2, 0.8),)
    assert index.labels["kie"]["20001_1"] is True


def test_an_id_in_two_parts_stays_in_the_later_one(
    squat_with: Callable[..., Index], tiny: ModuleType
) -> None:
    train = json.dumps([*tiny.TRAIN, tiny.TEST[0], tiny.TRAIN[0]]).encode()
    index = squat_with({"Squat/Labeled_Dataset/Splits/train_keys.json": train})
    assert sorted(set(whats(index))) == ["id is in two parts of a split", "id occurs twice"]
    for task in ("kie", "kfe"):
        assert index.splits[task] == {"train": tiny.TRAIN, "val": tiny.VAL, "test": tiny.TEST}


def test_a_damaged_copy_gives_way_to_a_good_one(squat_with: Callable[..., Index], tiny: ModuleType) -> None:
    whole = tiny.clip(77)
    index = squat_with(
        {
            "Squat/Labeled_Dataset/videos/50001_1.mp4": whole[: len(whole) // 2],
            "Squat/Labeled_Dataset/videos/again/50001_1.mp4": whole,
            VIDEO.format("50001_1"): None,
        }
    )
    entry = index.entries(Kind.CLIP)["50001_1"]
    assert entry.usable
    assert entry.media.path.parent.name == "again"
    assert whats(index) == ["clip cannot be used", "two different files have the same id"]


@pytest.mark.parametrize("content", [b"", b"not a video", "truncated"])
def test_a_video_that_cannot_be_read_is_counted_never_fatal(
    content: bytes | str, squat_with: Callable[..., Index], tiny: ModuleType, squat: FitnessAQA
) -> None:
    data = tiny.clip()[:-200] if content == "truncated" else content
    dataset = FitnessAQA(squat.card, squat_with({VIDEO.format("50001_1"): data}, zipped=True))
    assert whats(dataset.index) == ["clip cannot be used"]
    assert "50001_1.mp4" in dataset.index.problems[0].file
    assert dataset.index.problems[0].found
    assert "50001_1" not in dataset.samples("kie")
    assert dataset.expected("kie") == 13


@pytest.mark.parametrize("content", [b"", b"not an image", "truncated"])
def test_an_image_that_cannot_be_read_is_counted(
    content: bytes | str, squat_with: Callable[..., Index], tiny: ModuleType, squat: FitnessAQA
) -> None:
    data = tiny.crop(9)[:-60] if content == "truncated" else content
    name = "Squat/Labeled_Dataset/Shallow_Squat_Error_Dataset/images.zip!crops_unaligned/32903_1_3.jpg"
    dataset = FitnessAQA(squat.card, squat_with({name: data}))
    assert whats(dataset.index) == ["image cannot be used"]
    assert "32903_1_3" not in dataset.samples("ss")
