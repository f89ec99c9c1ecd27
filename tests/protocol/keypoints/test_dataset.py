from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.run_id import recorded_run_id
from aqa_bench.core.sample import Media
from aqa_bench.core.task import Modality
from aqa_bench.media.layouts import convert
from aqa_bench.protocol.custody import Custodian
from aqa_bench.protocol.keypoints import KeypointDataset, KeypointFolder
from aqa_bench.protocol.plan import Request, RunFolders, resolve
from aqa_bench.protocol.runner import run
from aqa_bench.protocol.suite import Suite, plan_jobs

DATASET = "stick-figures/shoulder-press"
SMALL = ("length=32", "width=8", "blocks=1", "epochs=12", "lr=0.01", "batch_size=8", "source=openpose")
Poses = Callable[..., Path]


def request(
    folder: Path | None, *overrides: str, method: str = "pose-tdm", people: str | None = None
) -> Request:
    keypoints = None if folder is None else str(folder)
    return Request(
        DATASET, method, scheme="folds", overrides=overrides or SMALL, keypoints=keypoints, people=people
    )


def test_a_run_learns_from_the_files_and_records_what_they_were(poses: Poses, tmp_path: Path) -> None:
    folder = poses(people="nearest", licence="CC BY 4.0")
    outcome = run(resolve(request(folder)), tmp_path / "runs", device="cpu")
    record = outcome.record
    assert record.metrics["form"]["auroc"].value > 0.95
    assert record.keypoints is not None
    assert record.keypoints.model_dump() == {
        "sha256": KeypointFolder(folder).sha256,
        "files": 60,
        "kind": "keypoints",
        "layout": "openpose-18",
        "people": "nearest",
        "estimator": "OpenPose 1.7.0",
        "licence": "CC BY 4.0",
    }
    assert recorded_run_id(record) == record.run_id
    assert str(folder) not in record.to_json()
    assert run(resolve(request(folder)), tmp_path / "runs").cached


def test_the_run_id_follows_content_and_rule_and_not_the_place(poses: Poses, tmp_path: Path) -> None:
    folder = poses()
    first = resolve(request(folder)).run_id
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    (moved / "README.txt").write_text("beside the point")
    assert resolve(request(moved)).run_id == first
    assert RunFolders()(request(moved)).endswith(first)
    others = [
        resolve(request(None)).run_id,
        resolve(request(poses("shifted", shift=1))).run_id,
        resolve(request(folder, people="largest")).run_id,
        resolve(request(poses("renamed", estimator="AlphaPose"))).run_id,
    ]
    assert len({first, *others}) == 5


def test_samples_without_keypoints_are_counted_and_named(poses: Poses) -> None:
    with pytest.raises(DataError) as caught:
        resolve(request(poses(leave_out=4)))
    absent = list(open_dataset(DATASET).targets("form"))[:4]
    assert "4 without, e.g. " in (caught.value.found or "")
    assert all(name in absent for name in (caught.value.found or "").partition("e.g. ")[2].split(", "))
    assert "dataset verify --keypoints" in (caught.value.remedy or "")


def test_everything_is_read_before_anything_is_fitted(poses: Poses, tmp_path: Path) -> None:
    folder = poses()
    last = sorted(folder.rglob("*.npz"))[-1]
    last.write_bytes(last.read_bytes()[:100])
    with pytest.raises(DataError, match=last.name):
        run(resolve(request(folder)), tmp_path / "runs", device="cpu")
    assert not list((tmp_path / "runs").rglob("*.json"))


def test_a_file_that_changes_afterwards_is_refused(poses: Poses) -> None:
    folder = poses()
    dataset = KeypointDataset(open_dataset(DATASET), KeypointFolder(folder))
    dataset.check_coverage("form", dataset.splits("form", "folds"))
    file = sorted(folder.rglob("*.npz"))[0]
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(DataError, match="has changed"):
        dataset.materialise(frozenset({Modality.KEYPOINTS}), NullProgress())


def test_what_was_read_once_is_kept_and_cannot_be_spoilt(poses: Poses) -> None:
    folder = KeypointFolder(poses())
    media = next(iter(KeypointDataset(open_dataset(DATASET), folder).samples("form").values())).media
    first = media.keypoints("openpose-18")
    before = first.copy()
    first[:] = 0
    shutil.rmtree(folder.path)
    np.testing.assert_array_equal(media.keypoints("openpose-18"), before)
    assert len(pickle.dumps(folder)) < 50_000


def test_methods_see_the_files_poses_under_tokens(poses: Poses) -> None:
    own = open_dataset(DATASET)
    dataset = KeypointDataset(own, KeypointFolder(poses(shift=7)))
    names = list(own.samples("form"))[:2]
    for name, sample in zip(names, Custodian(dataset, "form").bare(names), strict=True):
        mine = own.samples("form")[name].media
        assert name not in repr(sample)
        assert sample.media.provides == mine.provides
        assert sample.media.attributes == mine.attributes
        assert sample.media.length == len(sample.media.keypoints("openpose-18"))
        assert not np.allclose(sample.media.keypoints("openpose-18"), mine.keypoints("openpose-18"))
        assert sample.media.content_key != mine.content_key
        np.testing.assert_array_equal(
            sample.media.keypoints("coco-17"),
            convert(sample.media.keypoints("openpose-18"), "openpose-18", "coco-17"),
        )
        with pytest.raises(DataError, match="no joints-3d"):
            sample.media.joints_3d("hmr-19")


def test_the_content_key_follows_what_is_read(poses: Poses) -> None:
    def key(folder: Path) -> str:
        dataset = KeypointDataset(open_dataset(DATASET), KeypointFolder(folder))
        return next(iter(dataset.samples("form").values())).media.content_key

    same = poses("again", estimator="another name of the same thing")
    assert key(poses()) == key(same) != key(poses("shifted", shift=1))


def test_joints_in_space_and_distances_take_their_own_place(tmp_path: Path) -> None:
    samples = open_dataset(DATASET).samples("form")
    for kind, shape, manifest in (
        ("joints", (49, 3), '{"kind": "joints", "layout": "spin-49"}'),
        ("distances", (171,), '{"kind": "distances"}'),
    ):
        root = tmp_path / kind
        for name, sample in samples.items():
            path = root / f"{name}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, np.ones((sample.media.length, *shape)))
        (root / "manifest.json").write_text(manifest)

    def media(kind: str) -> Media:
        folder = KeypointFolder(tmp_path / kind)
        return next(iter(KeypointDataset(open_dataset(DATASET), folder).samples("form").values())).media

    joints, distances = media("joints"), media("distances")
    assert joints.provides - distances.provides == {Modality.JOINTS_3D}
    assert joints.joints_3d("hmr-19").shape == (joints.length, 19, 4)
    assert distances.provides - joints.provides == {Modality.DISTANCES}
    assert distances.distances().shape == (distances.length, 171)
    # The dataset's own keypoints stay.
    assert joints.keypoints("openpose-18").shape == (joints.length, 18, 3)


def test_keypoints_of_another_dataset_or_layout_are_refused(poses: Poses) -> None:
    with pytest.raises(DataError, match="another dataset"):
        resolve(request(poses(dataset="waseda-squat")))
    folder = poses("mixed", layout=None)
    files = sorted(folder.rglob("*.npz"))
    for file, layout in zip(files, ["openpose-18"] * (len(files) - 1) + ["coco-17"], strict=True):
        keypoints = np.load(file)["keypoints"]
        np.savez(file, keypoints=keypoints[:, : 18 if layout == "openpose-18" else 17], layout=layout)
    dataset = KeypointDataset(open_dataset(DATASET), KeypointFolder(folder))
    dataset.check_coverage("form", dataset.splits("form", "folds"))
    with pytest.raises(DataError, match="differ in layout"):
        dataset.materialise(frozenset(), NullProgress())


def test_files_named_after_nothing_are_refused_with_an_example_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "clip1.npz").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        resolve(request(tmp_path))
    assert next(iter(open_dataset(DATASET).samples("form"))) in (caught.value.expected or "")
    assert "clip1.npz" in (caught.value.found or "")


@pytest.mark.parametrize("found", ["no such folder", "a file", "none"])
def test_a_folder_without_poses_is_refused(tmp_path: Path, found: str) -> None:
    place = tmp_path / "x"
    if found == "a file":
        place.write_text("")
    elif found == "none":
        place.mkdir()
    with pytest.raises(DataError) as caught:
        resolve(request(place))
    assert caught.value.found == found


def test_wrong_requests_are_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nearest or largest"):
        resolve(request(tmp_path, people="tallest"))
    with pytest.raises(UsageError, match="--keypoints DIR"):
        resolve(request(None, people="nearest"))
    with pytest.raises(UsageError, match="reads only features"):
        resolve(request(tmp_path, f"path={tmp_path}", method="features"))


def test_a_suite_may_name_keypoints(poses: Poses) -> None:
    block = {"datasets": [DATASET], "methods": ["pose-tdm"], "keypoints": "poses", "people": "nearest"}
    (job,) = plan_jobs(Suite.model_validate({"block": [block]}))
    assert (job.keypoints, job.people) == ("poses", "nearest")
