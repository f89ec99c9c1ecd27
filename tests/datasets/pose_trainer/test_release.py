from __future__ import annotations

import re

import numpy as np
import pytest

from aqa_bench.core.files import sha256_file
from aqa_bench.datasets.pose_trainer.release import EXERCISES, parse_name, release


def test_the_manifest_names_112_files_with_the_published_counts():
    assert len(release().files) == 112
    for dataset, exercise in EXERCISES.items():
        targets = [file.target for file in release().of(dataset)]
        assert (targets.count(0.0), targets.count(1.0)) == (exercise.good, exercise.bad)
    assert len({file.sha256 for file in release().files.values()}) == 112
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in release().files.values())
    assert re.fullmatch("[0-9a-f]{40}", release().commit)


@pytest.mark.parametrize("dataset", EXERCISES)
def test_files_stand_in_the_notebooks_order(dataset):
    """Sorted by text before the number, then by number."""
    ids = [file.id for file in release().of(dataset)]
    heads = [i.rstrip("0123456789") for i in ids]
    order = np.lexsort(([int(i[len(h) :]) for i, h in zip(ids, heads, strict=True)], heads))
    assert order.tolist() == list(range(len(ids)))


@pytest.mark.parametrize(
    ("stem", "folder", "target"),
    [
        ("bicep_bad_1", "bicep", 1.0),
        ("frontraise_good_15", "frontraise", 0.0),
        ("shoulderpressbad12", "shoulderpress", 1.0),
        ("shouldershrug_good_3", "shouldershrug", 0.0),
    ],
)
def test_names_tell_exercise_and_label(stem, folder, target):
    exercise, label = parse_name(stem)
    assert (exercise.folder, label) == (folder, target)


@pytest.mark.parametrize(
    "stem", ["", "bicep", "bicep_ugly_1", "bicep_good_", "Bicep_good_1", "xbicep_good_1", "bicep_good_1 (1)",
             "bicep_good_1\n", "bicep_good_\u0663"],
)  # fmt: skip
def test_other_names_are_not_of_the_release(stem):
    assert parse_name(stem) is None


def test_the_manifest_is_that_of_the_real_files(shared_data):
    root = shared_data / "pose-trainer" / "poses_compressed"
    if not root.is_dir():
        pytest.skip("no real Pose Trainer files")
    found = {p.relative_to(root).as_posix(): (p.stat().st_size, sha256_file(p)) for p in root.glob("*/*.npy")}
    assert found == {file.path: (file.size, file.sha256) for file in release().files.values()}
