from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.split import check_split
from aqa_bench.core.task import Modality
from aqa_bench.datasets.waseda_squat.adapter import FAMILY
from aqa_bench.datasets.waseda_squat.cards import CARD
from aqa_bench.datasets.waseda_squat.release import CLASSES, ERRORS
from aqa_bench.media.distance_geometry import pairwise_distances
from aqa_bench.media.video import encode

NAME = "waseda-squat"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def prepared(release, home):
    def prepare(*sources, fails: bool = False):
        if fails:
            with pytest.raises(DataError) as caught:
                FAMILY.prepare(None, sources or (release.root,), home, {}, NullProgress())
            return caught.value
        return FAMILY.prepare(None, sources or (release.root,), home, {}, NullProgress())

    return prepare


@pytest.fixture
def opened(prepared, home):
    def open_it(*sources):
        prepared(*sources)
        return FAMILY.open(NAME, home)

    return open_it


def add_videos(release, only: str | None = None, frames: int = 6) -> None:
    for number, (folder, stem) in enumerate(release.stems()):
        if only is None or folder in (only, "good"):
            path = release.root / "Video_Dataset" / folder / "1115_video" / f"{stem}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = np.full((32, 32, 3), number * 4 % 256, np.uint8)
            encode(path, np.repeat(picture[None], frames, axis=0), fps=30)


def test_tasks_are_each_error_against_good(opened):
    dataset = opened()
    assert [task.id for task in CARD.tasks] == list(ERRORS) == ["kie", "cvrb", "ccrb", "ss", "kfe"]
    for task, folder in ERRORS.items():
        targets = dataset.targets(task)
        assert {name.partition("/")[0]: target for name, target in targets.items()} == {"good": 0, folder: 1}
        assert sorted(targets.values()) == [0.0] * 8 + [1.0] * 8
        assert dataset.samples(task).keys() == targets.keys()
        assert dataset.expected(task) == 16
    assert "bad_innner_thigh/0918_squat_000001" in dataset.targets("kie")


def test_groups_are_recording_days_and_the_default_split_keeps_them(opened):
    dataset = opened()
    samples = dataset.samples("ss")
    groups = {name: sample.group for name, sample in samples.items()}
    assert set(groups.values()) == {"0918", "0926", "1003", "1029"}
    (split,) = dataset.splits("ss", "day-grouped")
    check_split(split, groups, "test", strict_groups=True)
    assert {*split.train, *split.val, *split.test} == samples.keys()


def test_the_number_of_frames_is_that_of_the_file_up_to_300(opened, release):
    path = release.pose("good", "0918_squat_000001")
    frame = json.loads(path.read_text())["0"]["3d_joint"]
    path.write_text(json.dumps({str(i): {"index": i, "3d_joint": frame} for i in range(301)}))
    samples = opened().samples("ss")
    lengths = [samples[f"good/0918_squat_00000{n}"].media.length for n in (1, 2)]
    assert lengths == [300, 4]
    assert samples["good/0918_squat_000001"].media.distances().shape == (300, 171)


def test_joints_come_back_from_distances(opened):
    media = opened().samples("kfe")["bad_toe/1003_squat_000002"].media
    assert media.provides == {Modality.DISTANCES, Modality.KEYPOINTS}
    np.testing.assert_allclose(pairwise_distances(media.joints()), media.distances(), atol=1e-5)
    keypoints = media.keypoints()
    assert keypoints.shape == (6, 19, 3)
    assert (keypoints[..., 2] == 1).all()
    assert media.keypoints("openpose-18").shape == (6, 18, 3)
    at = {joint: media.keypoints("body-12")[:, i] for i, joint in enumerate(_body())}
    assert (at["left_hip"][:, 0] > at["right_hip"][:, 0]).all()
    assert (at["left_hip"][:, 1] < at["left_knee"][:, 1]).all()
    with pytest.raises(DataError, match="no frames"):
        media.frames()


def _body() -> tuple[str, ...]:
    from aqa_bench.media.layouts import LAYOUTS

    return LAYOUTS["body-12"].joints


def test_the_layout_may_be_a_zip_a_part_or_spelt_right(opened, release, home, tmp_path):
    whole = opened().fingerprint()
    archive = tmp_path / "Pose_Dataset.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in release.poses.rglob("*.json"):
            packed.write(file, file.relative_to(release.root))
    assert opened(archive).fingerprint() == whole
    assert opened(archive).samples("ss")["good/0918_squat_000001"].media.distances().shape == (7, 171)
    folders = [release.poses / name for name in CLASSES]
    assert opened(*folders).fingerprint() == whole
    (release.poses / "bad_innner_thigh").rename(release.poses / "BAD_inner_thigh")
    assert opened().fingerprint() == whole


def test_prepare_again_without_a_source_uses_the_last_one(prepared, release, home):
    prepared()
    release.pose("good", "0918_squat_000001").unlink()
    assert FAMILY.prepare(None, (), home, {}, NullProgress())[0].startswith("55 clips")


def test_bad_files_are_named_counted_and_cost_nobody_else(prepared, home, release):
    truncated = release.pose("good", "0918_squat_000001")
    truncated.write_bytes(truncated.read_bytes()[:-30])
    short = release.pose("bad_toe", "1003_squat_000001")
    content = json.loads(short.read_text())
    content["4"]["3d_joint"].pop()
    short.write_text(json.dumps(content))
    stranger = release.poses / "bad_knee" / "0918_squat_000001.json"
    stranger.parent.mkdir()
    shutil.copy(release.pose("good", "0918_squat_000002"), stranger)
    sentences = "\n".join(prepared())
    assert sentences.startswith("54 clips are indexed")
    assert "2 files cannot be used" in sentences
    assert "170 numbers in frame 4" in sentences
    assert "not in a class folder, but in Pose_Dataset/bad_knee" in sentences
    dataset = FAMILY.open(NAME, home)
    assert dataset.expected("kfe") == 16
    assert len(dataset.samples("kfe")) == 14
    (split,) = dataset.splits("kfe", "day-grouped")
    assert len({*split.train, *split.val, *split.test}) == 16
    audit = dataset.audit()
    assert not audit.ok
    assert (audit.coverage.expected, audit.coverage.found, audit.coverage.extra) == (56, 54, 1)
    assert audit.coverage.missing == ["bad_toe/1003_squat_000001", "good/0918_squat_000001"]
    assert len(audit.coverage.unreadable) == 2


def test_splits_do_not_depend_on_which_files_are_damaged(opened, release):
    whole = opened().splits("kfe", "day-grouped")
    release.pose("good", "0918_squat_000001").write_text("{")
    assert opened().splits("kfe", "day-grouped") == whole


def test_a_missing_class_fails_and_leaves_the_other_tasks_ready(prepared, release, home):
    shutil.rmtree(release.poses / "bad_toe")
    error = prepared(fails=True)
    assert "kfe: no usable clip of bad_toe" in error.found
    dataset = FAMILY.open(NAME, home)
    assert dataset.splits("kie", "day-grouped")
    with pytest.raises(DataError, match="none of bad_toe"):
        dataset.splits("kfe", "day-grouped")
    audit = dataset.audit()
    assert not audit.ok
    assert set(audit.tasks) == {"kie", "cvrb", "ccrb", "ss"}


def test_no_good_clips_leave_no_task(prepared, release):
    shutil.rmtree(release.poses / "good")
    assert "every task" in prepared(fails=True).found


def test_one_name_with_two_contents_is_reported_and_with_one_is_fine(prepared, release, tmp_path):
    copy = tmp_path / "copy" / "good" / "0918_squat_000001.json"
    copy.parent.mkdir(parents=True)
    original = release.pose("good", "0918_squat_000001")
    shutil.copy(original, copy)
    assert "cannot be used" not in "\n".join(prepared(release.root, tmp_path / "copy"))
    shutil.copy(release.pose("good", "0918_squat_000002"), copy)
    sentences = "\n".join(prepared(release.root, tmp_path / "copy"))
    assert f"{copy}: differs from {original}, which is used" in sentences


def test_the_audit_of_a_whole_release(opened, release):
    shutil.copy(release.pose("good", "0918_squat_000002"), release.pose("bad_toe", "0918_squat_000002"))
    audit = opened().audit()
    assert audit.ok
    assert audit.duplicates == [["good/0918_squat_000002", "bad_toe/0918_squat_000002"]]
    assert "1 sets of byte-identical files are in several classes." in audit.notes
    assert audit.groups_across_splits == 0
    assert audit.coverage.found == audit.coverage.expected == 56
    assert audit.details["frames"] == {"min": 4, "median": 6.0, "max": 7}
    assert audit.details["distance_residual_max"] < 1e-6
    assert audit.details["schemes"] == ["day-grouped"]
    assert sum(count.n for count in audit.tasks["kie"].splits.values()) == 16
    assert audit.tasks["kie"].splits["test"].floor == 0.5


def test_a_file_that_changes_afterwards_is_noticed(opened, release, home):
    dataset = opened()
    path = release.pose("good", "0918_squat_000001")
    text = path.read_text()
    digit = text.index("0.") + 3
    path.write_text(text[:digit] + str((int(text[digit]) + 1) % 10) + text[digit + 1 :])
    with pytest.raises(DataError, match="has changed"):
        dataset.samples("ss")["good/0918_squat_000001"].media.distances()
    assert "good/0918_squat_000001: changed since it was prepared" in dataset.audit().coverage.unreadable
    path.write_text("{}")
    with pytest.raises(DataError, match="missing or have changed"):
        FAMILY.open(NAME, home)


@pytest.mark.parametrize(
    ("source", "found"),
    [("nothing", "no such path"), ("file.txt", "not a zip"), ("empty", "none of these")],
)
def test_a_source_without_the_release_is_an_error(prepared, tmp_path, source, found):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("x")
    assert found in prepared(tmp_path / source, fails=True).found


def test_nothing_prepared_is_an_error_with_a_remedy(home, prepared):
    with pytest.raises(DataError, match="has not been prepared"):
        FAMILY.open(NAME, home)
    with pytest.raises(DataError, match="--source PATH"):
        FAMILY.prepare(None, (), home, {}, NullProgress())
    with pytest.raises(DataError, match="takes no options"):
        FAMILY.prepare(None, (), home, {"preset": "tiny"}, NullProgress())
    home.mkdir()
    (home / "index.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        FAMILY.open(NAME, home)


class TestOfficial:
    def test_the_files_of_the_release_make_the_scheme_available(self, opened, release):
        ids = [f"{folder}/{stem}" for folder, stem in release.stems()]
        release.write_official({"train": ids[::2], "val": ids[1::4], "test": ids[3::4]})
        dataset = opened()
        (split,) = dataset.splits("cvrb", "official")
        of_task = [i for i in ids if i.partition("/")[0] in ("good", "bad_back_round")]
        assert split.train == tuple(i for i in ids[::2] if i in of_task)
        assert split.test == tuple(i for i in ids[3::4] if i in of_task)
        audit = dataset.audit()
        assert audit.details["schemes"] == ["day-grouped", "official"]
        assert audit.details["official_days_across_parts"] == 4

    def test_the_pool_is_what_it_does_not_hold_out(self, opened, release):
        ids = [f"{folder}/{stem}" for folder, stem in release.stems()]
        release.write_official({"train": ids[::2], "val": ids[1::4], "test": ids[3::4]})
        dataset = opened()
        (split,) = dataset.splits("cvrb", "official")
        pool = dataset.unlabeled("cvrb", frozenset((*split.val, *split.test)))
        assert {sample.id for sample in pool} == set(ids[::2])
        (split,) = dataset.splits("cvrb", "day-grouped")
        pool = dataset.unlabeled("cvrb", frozenset((*split.val, *split.test)))
        assert {s.group for s in pool} == {i.rpartition("/")[2][:4] for i in split.train}

    def test_a_clip_that_is_not_at_hand_counts_as_not_covered(self, opened, release):
        ids = [f"{folder}/{stem}" for folder, stem in release.stems()]
        release.write_official({"train": ids[::2], "test": [*ids[1::2], "good/1115_squat_000009"]})
        dataset = opened()
        (split,) = dataset.splits("kie", "official")
        assert "good/1115_squat_000009" in split.test
        assert dataset.targets("kie")["good/1115_squat_000009"] == 0
        assert "good/1115_squat_000009" not in dataset.samples("kie")
        assert dataset.audit().coverage.missing == ["good/1115_squat_000009"]

    def test_a_path_without_a_class_is_looked_up_by_name_where_that_tells(self, opened, release, prepared):
        ids = [f"{folder}/{stem}" for folder, stem in release.stems()]
        folder = release.write_official({"train": ids[:20], "test": ids[20:]})
        (folder / "test.json").write_text(json.dumps({"0": {"folder_path": "videos/0918_squat_000001.mp4"}}))
        assert "7 available clips with that name" in prepared(fails=True).found

    @pytest.mark.parametrize(
        ("part", "content", "found"),
        [
            ("test", "{", "Expecting"),
            ("test", "{}", "no entries"),
            ("test", '{"0": {"label": 3}}', "an entry without folder_path"),
            ("test", '["good/squat.mp4"]', "good/squat.mp4"),
            ("val", '["good/0918_squat_000001.mp4"]', "in val and in train"),
        ],
    )
    def test_what_is_wrong_with_split_files_is_said_and_the_rest_is_indexed(
        self, prepared, home, release, part, content, found
    ):
        ids = [f"{folder}/{stem}" for folder, stem in release.stems()]
        folder = release.write_official({"train": ids[:20], "test": ids[20:]})
        (folder / f"{part}.json").write_text(content)
        assert found in prepared(fails=True).found
        assert FAMILY.open(NAME, home).splits("kie", "day-grouped")
        with pytest.raises(DataError, match="not available"):
            FAMILY.open(NAME, home).splits("kie", "official")

    def test_two_different_sets_of_split_files_are_refused(self, prepared, release):
        ids = [f"{folder}/{stem}" for folder, stem in release.stems()]
        release.write_official({"train": ids[:20], "test": ids[20:]})
        release.write_official({"train": ids[20:], "test": ids[:20]}, "Divided_again")
        assert "2 different files" in prepared(fails=True).found


class TestVideos:
    def test_frames_are_offered_where_there_is_a_video(self, opened, release):
        add_videos(release, frames=5)
        media = opened().samples("ss")["bad_shallow/1029_squat_000001"].media
        assert media.provides == {Modality.DISTANCES, Modality.KEYPOINTS, Modality.FRAMES}
        assert media.length == 5
        assert media.frames(size=16).shape == (5, 16, 16, 3)
        assert media.distances().shape == (5, 171)
        assert media.fps == 30

    def test_videos_alone_are_enough_for_image_methods(self, opened, release):
        add_videos(release)
        dataset = opened(release.root / "Video_Dataset")
        dataset.materialise(frozenset(), NullProgress())
        sample = dataset.samples("kie")["good/0918_squat_000001"]
        assert sample.media.provides == {Modality.FRAMES}
        with pytest.raises(DataError, match="no distances"):
            sample.media.distances()
        with pytest.raises(DataError, match="what the method needs"):
            dataset.materialise(frozenset({Modality.DISTANCES}), NullProgress())

    def test_a_method_gets_the_clips_that_have_what_it_needs(self, opened, release):
        add_videos(release, only="bad_toe")
        release.pose("bad_toe", "1029_squat_000002").unlink()
        dataset = opened()
        assert len(dataset.samples("kfe")) == 16
        dataset.materialise(frozenset(), NullProgress())
        assert len(dataset.samples("kfe")) == 15
        dataset.materialise(frozenset({Modality.FRAMES}), NullProgress())
        assert len(dataset.samples("kfe")) == 16
        assert len(dataset.samples("kie")) == 8
        assert dataset.expected("kie") == 16

    def test_a_damaged_video_is_reported_and_the_pose_is_kept(self, prepared, home, release):
        add_videos(release, only="bad_toe")
        broken = release.root / "Video_Dataset" / "good" / "1115_video" / "0918_squat_000001.mp4"
        broken.write_bytes(broken.read_bytes()[:100])
        assert "1 files cannot be used" in "\n".join(prepared())
        media = FAMILY.open(NAME, home).samples("kie")["good/0918_squat_000001"].media
        assert media.provides == {Modality.DISTANCES, Modality.KEYPOINTS}


def test_the_pool_has_all_classes_of_days_without_held_out_clips(opened):
    dataset = opened()
    (split,) = dataset.splits("kie", "day-grouped")
    held_out = frozenset((*split.val, *split.test))
    pool = dataset.unlabeled("kie", held_out)
    assert {s.id.partition("/")[0] for s in pool} == set(CLASSES)
    assert {s.group for s in pool} == {i.rpartition("/")[2][:4] for i in split.train}
    assert [s.media.content_key for s in pool] == sorted(s.media.content_key for s in pool)
