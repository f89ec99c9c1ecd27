from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from aqa_bench.core.split import check_split
from aqa_bench.datasets.pose_trainer.cards import CARDS
from aqa_bench.datasets.pose_trainer.release import EXERCISES, release
from aqa_bench.datasets.pose_trainer.splits import make_splits

UNGROUPED = ("notebook", "one-class-published")


def recordings(dataset: str) -> dict[str, str]:
    return {file.id: file.recording for file in release().of(dataset)}


def targets(dataset: str) -> dict[str, float]:
    return {file.id: file.target for file in release().of(dataset)}


@pytest.mark.parametrize("dataset", EXERCISES)
@pytest.mark.parametrize("scheme", CARDS[0].schemes, ids=lambda scheme: scheme.id)
def test_every_scheme_is_sound_for_every_exercise(dataset, scheme):
    labels = targets(dataset)
    groups = recordings(dataset)
    splits = make_splits(scheme.id, dataset, labels, groups)
    assert len(splits) == {"folds": 25, "notebook": 1}.get(scheme.id, 20)
    for split in splits:
        check_split(split, groups, dataset, strict_groups=scheme.id not in UNGROUPED)
        assert (set(split.leaked) >= set(split.test)) is not scheme.honest
        if scheme.id != "folds":
            assert len({labels[i] for i in split.test}) == 2


@pytest.mark.parametrize(
    ("dataset", "bad", "good"),
    [
        ("pose-trainer/bicep-curl", 4, 3),
        ("pose-trainer/front-raise", 6, 6),
        ("pose-trainer/shoulder-press", 7, 8),
        ("pose-trainer/shoulder-shrug", 8, 5),
    ],
)
def test_the_notebook_split_has_the_support_of_the_published_tables(dataset, bad, good):
    """The published tables print 4+3, 6+6, 7+8 and 8+5, under names that are swapped."""
    labels = targets(dataset)
    (split,) = make_splits("notebook", dataset, labels, recordings(dataset))
    assert sum(labels[i] == 1 for i in split.test) == bad
    assert sum(labels[i] == 0 for i in split.test) == good
    train, test = train_test_split(list(labels), test_size=0.4, random_state=42)
    assert (set(split.train), set(split.test)) == (set(train), set(test))


def test_one_class_trains_on_at_most_two_thirds_of_the_good():
    sizes = {d: len(make_splits("one-class", d, targets(d), recordings(d))[0].train) for d in EXERCISES}
    assert all(size <= most for size, most in zip(sizes.values(), [4, 10, 12, 10], strict=True))
    assert sizes["pose-trainer/bicep-curl"] == 4


@pytest.mark.parametrize(
    ("dataset", "trained", "tested", "bad"),
    [
        ("pose-trainer/bicep-curl", 4, 2, 10),
        ("pose-trainer/front-raise", 10, 5, 13),
        ("pose-trainer/shoulder-press", 12, 7, 17),
        ("pose-trainer/shoulder-shrug", 10, 5, 17),
    ],
)
def test_the_published_one_class_split_is_counted_in_clips_and_shows_every_label(
    dataset, trained, tested, bad
):
    labels = targets(dataset)
    splits = make_splits("one-class-published", dataset, labels, recordings(dataset))
    assert len({split.train for split in splits}) == len(splits) or trained == 4
    for split in splits:
        assert {labels[i] for i in split.train} == {0.0}
        assert (len(split.train), len(split.test)) == (trained, tested + bad)
        assert sum(labels[i] for i in split.test) == bad
        assert split.leaked == tuple(labels)
        assert not split.val


def test_the_published_one_class_split_has_cuts_of_one_recording_in_train_and_test():
    press = "pose-trainer/shoulder-press"
    groups = recordings(press)
    for split in make_splits("one-class-published", press, targets(press), groups):
        assert {groups[i] for i in split.train} & {groups[i] for i in split.test}


def test_recordings_are_what_identical_frames_say(shared_data):
    """Clips that share a frame byte for byte are linked; the manifest names the connected components."""
    root = shared_data / "pose-trainer" / "poses_compressed"
    files = list(release().files.values())
    frames = {file.id: {frame.tobytes() for frame in np.load(root / file.path)} for file in files}
    found = {file.id: file.id for file in files}
    for _ in range(len(files)):
        before = dict(found)
        for a, b in itertools.combinations(files, 2):
            if a.exercise is b.exercise and frames[a.id] & frames[b.id]:
                found[a.id] = found[b.id] = min(found[a.id], found[b.id], key=list(frames).index)
        if found == before:
            break
    assert found == {file.id: file.recording for file in files}


def test_recordings_hold_one_label():
    labels = {(file.recording, file.target) for file in release().files.values()}
    assert len(labels) == len({file.recording for file in release().files.values()})
