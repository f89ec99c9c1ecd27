from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.schemes import LABEL_COUNTS
from aqa_bench.core.split import check_split
from aqa_bench.core.task import Modality, Unit
from aqa_bench.datasets.fitness_aqa.bar import read_trajectory
from aqa_bench.datasets.fitness_aqa.layout import Kind
from aqa_bench.datasets.synthetic_gym.adapter import FAMILY, SyntheticGym
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, GENERATOR_VERSION, Exercise
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.media.video import decode

FRAMES = frozenset({Modality.FRAMES, Modality.IMAGE})


@pytest.fixture(scope="module")
def demo_row(tmp_path_factory: pytest.TempPathFactory) -> SyntheticGym:
    return SyntheticGym("barbell-row", "demo", tmp_path_factory.mktemp("demo"))


def opened(home: Path, exercise: Exercise = "backsquat") -> SyntheticGym:
    dataset = FAMILY.open(f"synthetic-gym/{exercise}@tiny", home)
    assert isinstance(dataset, SyntheticGym)
    return dataset


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_reader_of_the_real_release_reads_what_was_generated(gym_home: Path, exercise: Exercise) -> None:
    dataset = opened(gym_home, exercise)
    audit = dataset.audit()
    assert audit.ok
    assert audit.dataset == f"synthetic-gym/{exercise}@tiny"
    assert audit.fingerprint == dataset.fingerprint()
    assert audit.groups_across_splits == 0
    for task in dataset.card.tasks:
        assert dataset.release.targets(task.id) == dataset.targets(task.id)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_scoring_needs_no_rendering(tmp_path: Path, exercise: Exercise) -> None:
    dataset = opened(tmp_path, exercise)
    for task in dataset.card.tasks:
        samples, targets = dataset.samples(task.id), dataset.targets(task.id)
        assert samples.keys() == targets.keys()
        (split,) = dataset.splits(task.id, "official")
        groups = {name: sample.group for name, sample in samples.items()}
        check_split(split, groups, dataset.card.id, strict_groups=True)
        assert set(split.train) | set(split.val) | set(split.test) == samples.keys()
        media = next(iter(samples.values())).media
        assert media.keypoints("openpose-18").shape == (media.length, 18, 3)
        with pytest.raises(DataError, match="no readable rendered media"):
            media.frames() if task.unit is Unit.CLIP else media.image()
    written = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {".annotations", ".lock"}


def test_the_fingerprint_does_not_depend_on_the_folder_but_on_the_exercise(
    gym_home: Path, tmp_path: Path
) -> None:
    assert opened(tmp_path).fingerprint() == opened(gym_home).fingerprint()
    press = opened(gym_home, "overhead-press")
    assert press.fingerprint() != opened(gym_home).fingerprint()


def test_frames_come_resized_from_a_store_and_whole_from_the_video(gym_home: Path) -> None:
    dataset = opened(gym_home)
    dataset.materialise(FRAMES, NullProgress())
    name, sample = next(iter(dataset.samples("kie").items()))
    whole = sample.media.frames()
    assert whole.shape == (16, 64, 64, 3)
    np.testing.assert_array_equal(sample.media.frames([3, 0]), whole[[3, 0]])
    video = dataset.release.index.entries(Kind.CLIP)[name].media
    np.testing.assert_array_equal(sample.media.frames([5], 32), decode(video, [5], 32))


def test_a_clip_at_a_new_size_costs_one_clip(
    gym_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path))
    dataset = opened(gym_home)
    clips = list(dataset.samples("kie").values())
    for size in (32, 40, 48):
        clips[0].media.frames([5], size)
        clips[0].media.frames([6, 7], size)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix == ".frames"]
    assert sorted(file.stat().st_size for file in files) == [64 + 16 * size**2 * 3 for size in (32, 40, 48)]


def test_a_pool_at_the_same_size_finds_the_clips_that_were_read(
    gym_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path))
    clips = list(opened(gym_home).samples("kie").values())[:6]
    expected = clips[2].media.frames([3], 32)
    index = FrameIndex(clips, FrameSpec(None, 32, 32))
    cost = index.prepare(tmp_path / "frames", torch.device("cpu"), budget=0, jobs=2)
    assert (cost.present, index.storage) == (1, "raw")
    np.testing.assert_array_equal(index.read([2], [3]).numpy(), expected)
    assert len(list(tmp_path.rglob("*.frames"))) == 6


def test_the_pool_has_the_trajectories_of_its_files(gym_home: Path) -> None:
    for exercise in ("backsquat", "overhead-press"):
        dataset = opened(gym_home, exercise)
        task = dataset.card.tasks[0].id
        pool = dataset.unlabeled(task, frozenset())
        assert pool
        assert not {s.group for s in pool} & {s.group for s in dataset.samples(task).values()}
        tracks = dataset.release.index.entries(Kind.TRAJECTORY)
        for sample in pool[:5]:
            filed = read_trajectory(exercise, tracks[sample.id].media, sample.media.length)
            given = sample.media.trajectory()
            np.testing.assert_allclose(given.elevation, filed.elevation, atol=0.02)
            assert given.turning_point == filed.turning_point


def test_boxes_hold_the_bar(gym_home: Path) -> None:
    boxes = next(iter(opened(gym_home).samples("kie").values())).media.bar_boxes()
    assert boxes.shape == (16, 4)
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert (boxes >= 0).all()
    assert (boxes <= 64).all()


def test_low_data_tracks_share_the_official_val_and_test(demo_row: SyntheticGym) -> None:
    dataset, tracks = demo_row, ("low-1", "low-5", "low-10")
    assert tuple(scheme.id for scheme in dataset.card.schemes) == ("official", *tracks, *LABEL_COUNTS)
    for task in ("lumbar", "torso"):
        targets, (official,) = dataset.targets(task), dataset.splits(task, "official")
        sizes = []
        for scheme in tracks:
            splits = dataset.splits(task, scheme)
            assert [split.id for split in splits] == [f"r{r}f0" for r in range(5)]
            assert len({split.train for split in splits}) == 5
            for split in splits:
                assert (split.val, split.test) == (official.val, official.test)
                assert set(split.train) < set(official.train)
                assert min(np.bincount([int(targets[i]) for i in split.train])) >= 2
            sizes.append(len(splits[0].train))
        assert sizes == sorted(set(sizes))
        assert sizes[2] == pytest.approx(0.1 * len(official.train), abs=1)


def test_what_has_not_been_rendered_is_rendered_for_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    audit = opened(tmp_path, "barbell-row").audit()
    assert audit.ok
    assert audit.coverage.found == audit.coverage.expected > 0


def test_an_error_about_rendered_media_names_a_command_that_heals_it(
    gym_home: Path, gym_releases: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / f"v{GENERATOR_VERSION}" / "tiny"
    folder.mkdir(parents=True)
    (folder / "backsquat").symlink_to(gym_releases["backsquat"], target_is_directory=True)
    (folder / "backsquat.index.json.gz").write_bytes(b"no archive")
    with pytest.raises(DataError, match="no readable rendered media") as caught:
        _ = opened(tmp_path).release
    assert caught.value.remedy == "aqa-bench dataset prepare synthetic-gym/backsquat@tiny"
    FAMILY.prepare("synthetic-gym/backsquat@tiny", (), tmp_path, {}, NullProgress())
    assert opened(tmp_path).release.fingerprint() == opened(gym_home).release.fingerprint()


@pytest.mark.parametrize("asked", ["synthetic-gym/backsquat", "synthetic-gym/diving@tiny", None])
def test_sources_and_options_are_refused_with_the_command_that_works(
    asked: str | None, tmp_path: Path
) -> None:
    family = "aqa-bench dataset prepare"
    with pytest.raises(UsageError, match="takes no sources") as caught:
        FAMILY.prepare(asked, [tmp_path], tmp_path, {}, NullProgress())
    assert caught.value.remedy == f"{family} {asked or 'synthetic-gym'}"
    with pytest.raises(UsageError, match="takes no sources") as caught:
        FAMILY.prepare(asked, (), tmp_path, {"preset": "wild"}, NullProgress())
    assert caught.value.remedy == f"{family} {(asked or 'synthetic-gym').partition('@')[0]}@wild"


def test_damaged_annotations_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / f"v{GENERATOR_VERSION}" / "tiny" / "backsquat.annotations"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"backsquat\.annotations"):
        opened(tmp_path).fingerprint()


def test_fewer_labels_are_whole_sessions_and_the_same_clips_for_every_task(demo_row: SyntheticGym) -> None:
    known = demo_row.annotated
    sizes = Counter(clip["source"] for clip in known.clips.values())
    drawn: dict[str, list[set[str]]] = {}
    for task in ("lumbar", "torso"):
        (official,) = demo_row.splits(task, "official")
        few = demo_row.splits(task, "labels-112")
        assert [split.id for split in few] == ["r0f0", "r1f0", "r2f0"]
        for split in few:
            assert (split.val, split.test) == (official.val, official.test)
            days = {image.partition("_")[0] for image in split.train}
            assert split.train == tuple(i for i in official.train if i.partition("_")[0] in days)
            drawn.setdefault(task, []).append(days)
        with pytest.raises(DataError, match="at least 448 training clips"):
            demo_row.splits(task, "labels-448")
    # A session none of whose frames a task took up is missing there.
    for lumbar, torso in zip(drawn["lumbar"], drawn["torso"], strict=True):
        assert 108 <= sum(sizes[day] for day in lumbar | torso) <= 112
        assert len(lumbar ^ torso) <= 3
