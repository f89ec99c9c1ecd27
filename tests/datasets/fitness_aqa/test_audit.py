from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from aqa_bench.boards.pages.audit import render_page
from aqa_bench.core.dataset import Audit, Coverage
from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.fitness_aqa.adapter import FitnessAQA
from aqa_bench.datasets.fitness_aqa.family import FAMILY
from aqa_bench.datasets.fitness_aqa.index import Index
from aqa_bench.datasets.fitness_aqa.measures import always_error_f1
from aqa_bench.datasets.fitness_aqa.published import PUBLISHED, Published, PublishedTask


@pytest.fixture(scope="module")
def audit(prepared: Path) -> Audit:
    return FAMILY.open("fitness-aqa/backsquat", prepared).audit()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.booleans(), min_size=1).filter(any))
def test_floor_is_the_f1_of_always_answering_error(truth: list[bool]) -> None:
    expected = f1_score(truth, [True] * len(truth))
    assert always_error_f1(len(truth), sum(truth)) == pytest.approx(expected)


def test_published_floors_of_the_test_split() -> None:
    squat = PUBLISHED["backsquat"].tasks
    floors = {
        task: always_error_f1(squat[task].splits["test"], squat[task].test_positive or 0)
        for task in ("kie", "kfe")
    }
    assert floors == {"kie": pytest.approx(0.2571, abs=1e-4), "kfe": pytest.approx(0.8184, abs=1e-4)}


def test_sizes_errors_and_floors_per_split(audit: Audit) -> None:
    kie = audit.tasks["kie"].splits
    assert {part: (count.n, count.positive) for part, count in kie.items()} == {
        "train": (7, 2),
        "val": (2, 1),
        "test": (3, 1),
    }
    assert kie["test"].floor == pytest.approx(0.5)


def test_coverage_counts_each_file_once(audit: Audit, tiny: ModuleType) -> None:
    # 13 clips that both clip tasks name, 18 crops; 2 clips and 2 crops that no split names.
    assert audit.coverage == Coverage(expected=31, found=30, missing=[tiny.MISSING], extra=4)
    assert not audit.ok


def test_groups_and_twins(audit: Audit, tiny: ModuleType) -> None:
    assert audit.groups_across_splits == 1
    assert audit.details["tasks"]["kie"]["groups_across_splits"] == {"32903": ["train", "val"]}
    assert audit.duplicates == [list(tiny.TWINS)]
    assert audit.details["tasks"]["kie"]["test_samples_with_fitted_twin"] == ["50003_1"]
    assert audit.details["tasks"]["kie"]["contradicting_duplicates"] == []
    assert any("byte-identical" in note for note in audit.notes)


def test_the_pool_costs_are_printed(audit: Audit) -> None:
    assert audit.details["pool"]["kept"] == 3
    assert "The unlabelled pool keeps 3 of 9 clips." in audit.notes
    shared = "they share a source video with val or test of the exercise"
    assert any(note.startswith("2 ") and shared in note for note in audit.notes), audit.notes


def test_departures_from_what_was_published(audit: Audit) -> None:
    assert "kie test: the release names 244 ids, this copy 3." in audit.details["published_differences"]
    assert any(note.startswith("ss: 1,543 samples without and 2,068") for note in audit.notes)


def test_the_audit_is_json(audit: Audit) -> None:
    document = json.loads(audit.model_dump_json())
    assert Audit.model_validate(document) == audit


def test_the_page_shows_the_numbers(audit: Audit) -> None:
    page = render_page(audit)
    assert page.startswith("# fitness-aqa/backsquat\n")
    assert "| 31 | 30 | 1 | 0 | 4 |" in page
    assert "| kie | test | 3 | 1 | 33.3% | 0.5000 |" in page
    assert "| held-out source | 2 |" in page
    assert audit.fingerprint in page
    bare = Audit(dataset="x/y", fingerprint="0", ok=True, tasks={}, coverage=Coverage(expected=0, found=0))
    assert "Complete and as published." in render_page(bare)


def test_contradicting_labels_of_twins(squat_with: Callable[..., Index], tiny: ModuleType) -> None:
    ids = (*tiny.TRAIN, *tiny.VAL, *tiny.TEST)
    labels = json.dumps({key: [[0.1, 0.2]] if key == tiny.TWINS[0] else [] for key in ids}).encode()
    index = squat_with({"Squat/Labeled_Dataset/Labels/error_knees_inward.json": labels})
    audit = FitnessAQA(FAMILY.cards["fitness-aqa/backsquat"], index).audit()
    assert audit.details["tasks"]["kie"]["contradicting_duplicates"] == [list(tiny.TWINS)]
    assert audit.details["tasks"]["kfe"]["contradicting_duplicates"] == []


def test_a_complete_release_of_the_published_size_is_ok(
    squat_with: Callable[..., Index], tiny: ModuleType
) -> None:
    files = {f"Squat/Labeled_Dataset/videos.zip!videos/{tiny.MISSING}.mp4": tiny.clip(5)}
    dataset = FitnessAQA(FAMILY.cards["fitness-aqa/backsquat"], squat_with(files))
    assert dataset.audit().ok
    splits = {"train": 8, "val": 2, "test": 3}
    facts = {task: PublishedTask(splits, 4, (9, 4)) for task in ("kie", "kfe")}
    facts["ss"] = PublishedTask({"train": 12, "val": 3, "test": 3}, 9, (9, 9))
    assert FitnessAQA(dataset.card, dataset.index, Published(facts, {})).audit().ok
    facts["ss"] = PublishedTask({"train": 12, "val": 3, "test": 3}, 8, (9, 9))
    assert not FitnessAQA(dataset.card, dataset.index, Published(facts, {})).audit().ok


def test_files_that_changed_or_went_are_found(tiny: ModuleType, tmp_path: Path) -> None:
    root = tiny.write_extracted(tmp_path / "r")
    FAMILY.prepare("fitness-aqa/backsquat", [root], tmp_path / "h", {}, NullProgress())
    changed, gone = (root / f"Squat/Labeled_Dataset/videos/{key}.mp4" for key in tiny.TEST[:2])
    changed.write_bytes(tiny.clip(987))
    gone.unlink()
    audit = FAMILY.open("fitness-aqa/backsquat", tmp_path / "h").audit()
    assert audit.details["changed_since_prepared"] == {
        str(changed): "its content is another",
        str(gone): "No such file or directory",
    }
    assert not audit.ok


def test_lengths_and_frame_rates_out_of_the_ordinary(
    squat_with: Callable[..., Index], tiny: ModuleType
) -> None:
    long = "Squat/Labeled_Dataset/videos.zip!videos/33901_1.mp4"
    audit = FitnessAQA(FAMILY.cards["fitness-aqa/backsquat"], squat_with({long: tiny.clip(0, 90)})).audit()
    clips = audit.details["media"]["clip"]
    assert clips["frames"] == {"min": 24, "median": 24, "max": 90}
    assert clips["length_outlier_ids"] == ["33901_1"]
    assert (clips["fps"], clips["fps_outliers"]) == (30.0, 0)
