from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.fitness_aqa.build import build_indexes
from aqa_bench.datasets.fitness_aqa.family import FAMILY
from aqa_bench.datasets.fitness_aqa.layout import Kind, Slot, classify
from aqa_bench.datasets.fitness_aqa.scan import FoundFile
from aqa_bench.media.source import MediaFile

FORMS = {
    "extracted": lambda tiny, root: [tiny.write_extracted(root)],
    "doubled": lambda tiny, root: [tiny.write_extracted(root, doubled=True)],
    "zipped": lambda tiny, root: [tiny.write_zipped(root)],
    "lowercase": lambda tiny, root: [tiny.write_lowercase(root)],
    "renamed": lambda tiny, root: [tiny.write_renamed(root)],
    "split": lambda tiny, root: list(tiny.write_split(root / "3-001", root / "3-002")),
    "twice": lambda tiny, root: [tiny.write_zipped(root / "a"), tiny.write_extracted(root / "b")],
    "exercises": lambda tiny, root: [tiny.write_extracted(root) / e for e in ("OHP", "Squat", "BarbellRow")],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reads_to_the_same_content(
    form: str, tiny: ModuleType, prepared: Path, tmp_path: Path
) -> None:
    sources = FORMS[form](tiny, tmp_path / "release")
    lines = FAMILY.prepare(None, sources, tmp_path / "home", {}, NullProgress())
    assert not [line for line in lines if "is ambiguous" in line or "two different" in line]
    for dataset in FAMILY.cards:
        expected, found = FAMILY.open(dataset, prepared), FAMILY.open(dataset, tmp_path / "home")
        assert found.fingerprint() == expected.fingerprint()
        for task in found.card.tasks:
            assert list(found.samples(task.id)) == list(expected.samples(task.id))
            assert found.targets(task.id) == expected.targets(task.id)
            assert found.intervals(task.id) == expected.intervals(task.id)


def slot(path: str, source: str = "/data/release") -> Slot | None:
    parts = tuple(path.split("/"))
    file = FoundFile(0, MediaFile(Path(source, path)), parts, 1, 0)
    slots, _ = classify([file], [Path(source)])
    return next(iter(slots), None)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Squat/Labeled_Dataset/videos/videos/1_1.mp4", Slot("backsquat", Kind.CLIP, "1_1")),
        ("SQUAT/unlabeled_dataset/1_1.MP4", Slot("backsquat", Kind.POOL, "1_1")),
        ("squat/UnlabeledDataset/bar_trajectories/a/1_1.json", Slot("backsquat", Kind.TRAJECTORY, "1_1")),
        ("Squat-20240101T000000Z-3-001/Splits/val_keys.json", Slot("backsquat", Kind.SPLIT, "kie/val")),
        ("Squat/Shallow_Squat_Error_Dataset/train_Ids.json", Slot("backsquat", Kind.SPLIT, "ss/train")),
        ("Squat/crops_unaligned/1_1_9.jpg", Slot("backsquat", Kind.IMAGE, "1_1_9")),
        ("BackSquat/traj_nan.json", Slot("backsquat", Kind.TRAJ_NAN, "")),
        ("Overhead Press/Labels/error_knees.json", Slot("overhead-press", Kind.LABELS, "knees")),
        ("OverheadPress/Labels/Error_Elbows.json", Slot("overhead-press", Kind.LABELS, "elbow")),
        ("BarbellRow/BarbellRow/raw/1_2_3.jpg", Slot("barbell-row", Kind.IMAGE, "1_2_3")),
        ("barbellrow/splits_torsoangle_error/test_ids.json", Slot("barbell-row", Kind.SPLIT, "torso/test")),
        ("Barbell Row/Labels/labels_lumbar_error.json", Slot("barbell-row", Kind.LABELS, "lumbar")),
        ("Squat/Labels/ReadMe.md.docx", None),
        ("Squat/Labels/error_elbows.json", None),
        ("Deadlift/videos/1_1.mp4", None),
    ],
)  # fmt: skip
def test_slots(path: str, expected: Slot | None) -> None:
    assert slot(path) == expected


def test_the_names_of_the_source_itself_count() -> None:
    assert slot("1_1.mp4", "/data/OHP/Unlabeled_Dataset/videos") == Slot("overhead-press", Kind.POOL, "1_1")


def test_media_of_no_known_exercise_are_reported(tiny: ModuleType, tmp_path: Path) -> None:
    files = {name: content for name, content in tiny.release().items() if name.startswith("OHP")}
    files["Deadlift/videos/1_1.mp4"] = tiny.clip()
    index = build_indexes([tiny.write_extracted(tmp_path / "r", files)], NullProgress())["overhead-press"]
    found = [problem for problem in index.problems if problem.what == "exercise is ambiguous"]
    assert [problem.found for problem in found] == ["1 files, e.g. 1_1.mp4"]


def test_a_source_named_after_one_task_does_not_take_the_others_splits() -> None:
    found = slot("Squat/Labeled_Dataset/Splits/test_keys.json", "/home/me/shallow-squat")
    assert found == Slot("backsquat", Kind.SPLIT, "kie/test")
    assert slot("train_ids.json", "/d/BarbellRow/Splits/Splits_Lumbar_Error") == Slot(
        "barbell-row", Kind.SPLIT, "lumbar/train"
    )
    assert slot("train_ids.json", "/d/BarbellRow/Splits") is None
