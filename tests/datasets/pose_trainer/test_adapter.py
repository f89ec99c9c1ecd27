from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.plugin import DatasetPlugin
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import find_family
from aqa_bench.core.task import Modality
from aqa_bench.datasets.pose_trainer.adapter import FAMILY
from aqa_bench.datasets.pose_trainer.release import EXERCISES

DATASET = find_family("pose-trainer")

BICEP = "pose-trainer/bicep-curl"


@pytest.fixture
def home(tmp_path, clone):
    FAMILY.prepare(None, [clone], tmp_path / "home", {}, NullProgress())
    return tmp_path / "home"


@pytest.fixture(scope="module")
def real_home(tmp_path_factory, shared_data):
    if not (shared_data / "pose-trainer").is_dir():
        pytest.skip("no real Pose Trainer files")
    home = tmp_path_factory.mktemp("pose-trainer")
    sentences = FAMILY.prepare(None, [shared_data / "pose-trainer"], home, {}, NullProgress())
    assert len(sentences) == 1
    return home


def test_the_plugin_describes_four_datasets():
    assert isinstance(DATASET, DatasetPlugin)
    assert DATASET.name == "pose-trainer"
    assert [card.id for card in DATASET.cards] == list(EXERCISES)
    for card in DATASET.cards:
        assert [s.id for s in card.schemes] == [
            "folds", "notebook", "one-class", "one-class-clean", "one-class-leaky", "one-class-published"
        ]  # fmt: skip
        assert [s.id for s in card.schemes if not s.honest] == ["one-class-leaky", "one-class-published"]
        assert card.provides == {Modality.KEYPOINTS}
        assert card.task("form").primary == "accuracy"
    assert DATASET.load() is FAMILY


def test_importing_the_adapter_imports_no_torch_and_no_sklearn():
    code = (
        "import sys, aqa_bench.datasets.pose_trainer.adapter, aqa_bench.datasets.stick_figures.adapter;"
        "sys.exit(', '.join({'torch', 'sklearn', 'pandas', 'av'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_samples_read_their_file_in_any_layout(home, drawn_clips):
    sample = FAMILY.open(BICEP, home).samples("form")["bicep_good_3"]
    raw = drawn_clips["bicep_good_3"].astype(np.float32)
    np.testing.assert_array_equal(sample.media.keypoints("openpose-18"), raw)
    assert sample.media.length == len(raw)
    coco = sample.media.keypoints("coco-17")
    np.testing.assert_array_equal(coco[:, 5], raw[:, 5])
    with pytest.raises(DataError, match="head_top"):
        sample.media.keypoints("h36m-17")
    with pytest.raises(DataError, match="no frames"):
        sample.media.frames()


def test_groups_are_recordings_and_order_is_the_release_s(home):
    samples = FAMILY.open(BICEP, home).samples("form")
    assert list(samples) == [f"bicep_bad_{i}" for i in range(1, 11)] + [
        f"bicep_good_{i}" for i in range(1, 7)
    ]
    assert all(sample.group == sample.id == name for name, sample in samples.items())


def test_a_file_swapped_for_one_of_the_same_size_is_noticed(home, clone):
    dataset = FAMILY.open(BICEP, home)
    path = clone / "poses_compressed" / "bicep" / "bicep_good_3.npy"
    content = np.load(path)
    content[0, 0, 0] += 1
    np.save(path, content)
    with pytest.raises(DataError, match="changed since it was prepared"):
        dataset.samples("form")["bicep_good_3"].media.keypoints("openpose-18")
    audit = dataset.audit()
    assert audit.coverage.unreadable == ["bicep_good_3: changed since it was prepared"]
    assert not audit.ok


def test_the_fingerprint_follows_the_content(home, clone, tmp_path):
    before = FAMILY.open(BICEP, home).fingerprint()
    assert before == FAMILY.open(BICEP, home).fingerprint()
    path = clone / "poses_compressed" / "bicep" / "bicep_good_3.npy"
    np.save(path, np.load(path) * 0.5)
    FAMILY.prepare(None, [clone], tmp_path / "again", {}, NullProgress())
    assert FAMILY.open(BICEP, tmp_path / "again").fingerprint() != before


def test_byte_identical_clips_are_reported(home, clone, tmp_path):
    folder = clone / "poses_compressed" / "bicep"
    (folder / "bicep_good_3.npy").write_bytes((folder / "bicep_bad_4.npy").read_bytes())
    FAMILY.prepare(None, [clone], tmp_path / "again", {}, NullProgress())
    assert FAMILY.open(BICEP, tmp_path / "again").audit().duplicates == [["bicep_bad_4", "bicep_good_3"]]


@pytest.mark.parametrize(
    ("dataset", "good", "bad", "lengths", "rate"),
    [
        ("pose-trainer/bicep-curl", 6, 10, (80, 113.5, 146), 0.284),
        ("pose-trainer/front-raise", 15, 13, (48, 79.5, 112), 0.203),
        ("pose-trainer/shoulder-press", 19, 17, (64, 83.5, 121), 0.211),
        ("pose-trainer/shoulder-shrug", 15, 17, (27, 42, 63), 0.0),
    ],
)
def test_the_real_release_is_as_published(real_home, dataset, good, bad, lengths, rate):
    opened = FAMILY.open(dataset, real_home)
    audit = opened.audit()
    assert audit.ok
    assert audit.duplicates == []
    assert audit.coverage.expected == audit.coverage.found == good + bad
    assert (audit.details["good"]["found"], audit.details["bad"]["found"]) == (good, bad)
    frames = audit.details["frames"]
    assert (frames["min"], frames["median"], frames["max"]) == lengths
    assert audit.details["missing_joints"]["found"] == pytest.approx(rate, abs=6e-4)
    assert audit.details["missing_joints"]["agrees"]
    parts = audit.tasks["form"].splits
    assert sum(part.n for part in parts.values()) == good + bad
    assert all(part.floor == max(part.positive, part.n - part.positive) / part.n for part in parts.values())
    assert set(audit.details["schemes"]) == {s.id for s in opened.card.schemes}
    assert audit.model_dump_json()


def test_real_keypoints_are_what_the_file_holds(real_home, shared_data):
    media = FAMILY.open("pose-trainer/shoulder-press", real_home).samples("form")["shoulderpressgood7"].media
    raw = np.load(shared_data / "pose-trainer/poses_compressed/shoulderpress/shoulderpressgood7.npy")
    ours = media.keypoints("openpose-18")
    np.testing.assert_array_equal(ours[..., :2], raw[..., :2].astype(np.float32))
    np.testing.assert_array_equal(ours[..., 2], np.minimum(raw[..., 2], 1).astype(np.float32))
