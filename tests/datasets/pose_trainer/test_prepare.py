from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.pose_trainer.adapter import FAMILY
from aqa_bench.datasets.pose_trainer.index import load_index

BICEP = "pose-trainer/bicep-curl"
PRESS = "pose-trainer/shoulder-press"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def prepare(home, *sources, dataset=None, **options):
    return FAMILY.prepare(dataset, sources, home, options, NullProgress())


def test_a_clone_and_its_pose_folder_give_the_same_index(clone, home, tmp_path):
    sentences = prepare(home, clone)
    assert sentences[0].startswith("112 of 112 clips")
    assert "112 files differ from the published ones" in sentences[1]
    prepare(tmp_path / "other", clone / "poses_compressed")
    assert (home / "index.json").read_bytes() == (tmp_path / "other" / "index.json").read_bytes()
    assert [p.name for p in home.iterdir()] == ["index.json"]


def test_one_exercise_folder_is_enough_for_that_exercise(clone, home):
    sentences = prepare(home, clone / "poses_compressed" / "bicep")
    assert any("Not available: pose-trainer/front-raise" in s for s in sentences)
    assert len(FAMILY.open(BICEP, home).samples("form")) == 16
    with pytest.raises(DataError, match="has not been prepared"):
        FAMILY.open(PRESS, home)


def test_sources_add_up_in_one_call_and_over_calls(clone, home, tmp_path):
    folders = clone / "poses_compressed"
    prepare(home, folders / "bicep", folders / "frontraise")
    prepare(home, folders / "shoulderpress")
    assert len(json.loads((home / "index.json").read_text())["clips"]) == 16 + 28 + 36
    prepare(tmp_path / "named", folders, dataset=PRESS)


def test_a_named_exercise_that_the_source_lacks_is_an_error(clone, home):
    with pytest.raises(DataError, match=r"shoulderpress/shoulderpressbad1\.npy: missing"):
        prepare(home, clone / "poses_compressed" / "bicep", dataset=PRESS)
    assert len(FAMILY.open(BICEP, home).samples("form")) == 16


def test_every_problem_is_reported_at_once_and_the_rest_is_kept(clone, home):
    folder = clone / "poses_compressed" / "bicep"
    (folder / "bicep_bad_1.npy").write_bytes((folder / "bicep_bad_1.npy").read_bytes()[:-7])
    (folder / "bicep_bad_2.npy").unlink()
    (folder / "bicep_bad_3.npy").rename(folder / "bicep_bad_3 (copy).npy")
    np.save(folder / "bicep_good_1.npy", np.full((3, 18, 3), np.nan))
    np.save(folder / "bicep_good_2.npy", np.ones((3, 17, 3)))
    np.save(folder / "bicep_good_99.npy", np.ones((3, 18, 3)))
    with pytest.raises(DataError) as error:
        prepare(home, clone)
    found = error.value.found
    for expected in (
        "bicep_bad_1.npy: truncated",
        "bicep/bicep_bad_2.npy: missing",
        "bicep_bad_3 (copy).npy: the release has no file of this name",
        "bicep_good_1.npy: NaN",
        "bicep_good_2.npy: shape (3, 17, 3)",
        "bicep_good_99.npy: the release has no file of this name",
    ):
        assert expected in found
    assert found.startswith("107 usable files")
    bicep = FAMILY.open(BICEP, home)
    assert (len(bicep.samples("form")), bicep.expected("form"), len(bicep.targets("form"))) == (11, 16, 16)
    audit = bicep.audit()
    assert not audit.ok
    assert audit.coverage.missing == [f"bicep_bad_{i}" for i in (1, 2, 3)] + ["bicep_good_1", "bicep_good_2"]
    assert len(FAMILY.open(PRESS, home).samples("form")) == 36


def test_a_stranger_beside_a_complete_release_is_only_mentioned(clone, home):
    np.save(clone / "poses_compressed" / "bicep" / "bicep_good_7.npy", np.ones((3, 18, 3)))
    assert any("Skipped" in s and "bicep_good_7" in s for s in prepare(home, clone))


def test_a_published_file_under_another_name_is_refused(shared_data, home, tmp_path):
    """A label lives in the file's name: swapping two names would swap two labels."""
    real = shared_data / "pose-trainer" / "poses_compressed" / "bicep"
    if not real.is_dir():
        pytest.skip("no real Pose Trainer files")
    folder = tmp_path / "bicep"
    shutil.copytree(real, folder)
    (folder / "bicep_good_1.npy").rename(folder / "swap.npy")
    (folder / "bicep_bad_1.npy").rename(folder / "bicep_good_1.npy")
    (folder / "swap.npy").rename(folder / "bicep_bad_1.npy")
    with pytest.raises(DataError, match=r"bicep_good_1\.npy: a renamed copy") as error:
        prepare(home, folder)
    assert "bicep_bad_1.npy: a renamed copy of the release's bicep_good_1.npy" in error.value.found
    assert len(FAMILY.open(BICEP, home).samples("form")) == 14


@pytest.mark.parametrize("kind", ["absent", "a file", "empty", "strangers"])
def test_a_source_without_clips_is_an_error_and_leaves_nothing(tmp_path, home, kind):
    source = tmp_path / "source"
    if kind == "a file":
        source.write_text("x")
    elif kind != "absent":
        source.mkdir()
    if kind == "strangers":
        np.save(source / "squat_good_1.npy", np.ones((3, 18, 3)))
    with pytest.raises(DataError):
        prepare(home, source)
    assert not home.exists()


def test_offline_without_a_source_says_what_to_do(home):
    with pytest.raises(DataError, match="--source"):
        prepare(home)


def test_options_are_refused(clone, home):
    with pytest.raises(DataError, match="takes no options"):
        prepare(home, clone, preset="x")


def test_files_that_vanish_or_change_size_make_the_index_stale(clone, home):
    prepare(home, clone)
    folder = clone / "poses_compressed" / "bicep"
    (folder / "bicep_good_1.npy").unlink()
    np.save(folder / "bicep_good_2.npy", np.ones((50, 18, 3)))
    with pytest.raises(DataError, match="missing or have changed") as error:
        load_index(BICEP, home)
    assert "2 missing" in error.value.found
    assert "bicep_good_1.npy" in error.value.found
    assert len(load_index(PRESS, home)) == 36


@pytest.mark.parametrize(
    "content", ["", "{", '{"version": 2, "clips": {}}', '{"version": 1, "clips": {"a": {"path": "b"}}}', "\0"]
)
def test_a_damaged_index_is_reported_and_replaced_by_the_next_preparation(clone, home, content):
    home.mkdir()
    (home / "index.json").write_text(content)
    with pytest.raises(DataError, match="index of pose-trainer is damaged"):
        load_index(BICEP, home)
    prepare(home, clone)
    assert len(load_index(BICEP, home)) == 16


def test_an_unwritable_home_is_one_clear_error(clone, tmp_path):
    (tmp_path / "blocked").write_text("a file where a folder should be")
    with pytest.raises(AqaBenchError, match="could not be written"):
        prepare(tmp_path / "blocked" / "home", clone)


def test_nothing_prepared_says_how_to(home):
    with pytest.raises(DataError, match="dataset prepare pose-trainer --source"):
        FAMILY.open(BICEP, home)
