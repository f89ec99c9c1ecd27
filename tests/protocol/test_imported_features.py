from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, RecipeError, UsageError
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.task import Modality
from aqa_bench.protocol.custody import Custodian
from aqa_bench.protocol.feature_folder import MANIFEST, FeatureFolder, write_features
from aqa_bench.protocol.imported_features import FeaturedDataset
from aqa_bench.protocol.plan import Request, RunFolders, resolve
from aqa_bench.protocol.runner import run

DATASET = "stick-figures/shoulder-press"
FACTS = {"extractor": "I3D", "licence": "CC BY-NC 4.0", "pretrained_on": "Kinetics-400", "dataset": DATASET}
SMALL = ("epochs=3", "width=8", "blocks=1", "components=null", "lr=0.05")


def telling(leave_out: int = 0, seed: int = 0) -> dict[str, np.ndarray]:
    """Features that tell the label of every sample but the first few."""
    rng = np.random.default_rng(seed)
    targets = list(open_dataset(DATASET).targets("form").items())[leave_out:]
    return {
        name: np.concatenate([rng.normal(size=(10, 3)), np.full((10, 1), target)], axis=1)
        for name, target in targets
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "features"
    path.mkdir()
    write_features(path, telling().items(), FACTS)
    return path


def request(folder: Path | None, *overrides: str) -> Request:
    path = () if folder is None else (f"path={json.dumps(str(folder))}",)
    return Request(DATASET, "features", "linear", scheme="folds", overrides=(*path, *SMALL, *overrides))


def test_a_run_learns_from_files_and_records_what_they_were(folder: Path, tmp_path: Path) -> None:
    record = run(resolve(request(folder, "epochs=30")), tmp_path / "runs", device="cpu").record
    assert record.metrics["form"]["auroc"].value == 1
    sha256 = FeatureFolder(folder).sha256
    assert record.hyperparameters["path"] is None
    assert record.hyperparameters["sha256"] == sha256
    assert record.facts["features"]["extractor"] == "I3D"
    assert record.facts["features"]["manifest_sha256"] == sha256
    assert record.facts["features"]["licence"] == "CC BY-NC 4.0"
    assert record.pretrained_on == "Kinetics-400"
    assert str(folder) not in record.to_json()


def test_the_run_id_follows_the_content_and_not_the_place(folder: Path, tmp_path: Path) -> None:
    first = resolve(request(folder)).run_id
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert resolve(request(moved)).run_id == first
    assert RunFolders()(request(moved)).endswith(first)
    other = tmp_path / "other"
    other.mkdir()
    write_features(other, telling(seed=1).items(), FACTS)
    assert resolve(request(other)).run_id != first


def test_samples_without_features_are_counted_and_named(tmp_path: Path) -> None:
    write_features(tmp_path, telling(leave_out=5).items(), FACTS)
    with pytest.raises(DataError) as caught:
        resolve(request(tmp_path))
    absent = list(open_dataset(DATASET).targets("form"))[:5]
    assert "5 without, e.g. " in caught.value.found
    assert all(name in absent for name in caught.value.found.partition("e.g. ")[2].split(", "))


def test_everything_is_checked_before_anything_is_fitted(folder: Path, tmp_path: Path) -> None:
    last = sorted(folder.glob("*.npy"))[-1]
    last.write_bytes(last.read_bytes() + b"\0")
    with pytest.raises(DataError, match="as stated in the manifest"):
        run(resolve(request(folder)), tmp_path / "runs", device="cpu")
    assert not list((tmp_path / "runs").rglob("*.json"))


def test_methods_see_features_under_tokens_and_nothing_else(folder: Path) -> None:
    dataset = FeaturedDataset(open_dataset(DATASET), FeatureFolder(folder))
    ids = list(dataset.samples("form"))[:2]
    sealed = Custodian(dataset, "form").bare(ids)
    for name, sample in zip(ids, sealed, strict=True):
        assert name not in repr(sample)
        assert sample.media.provides == {Modality.FEATURES}
        np.testing.assert_array_equal(sample.media.features(), telling()[name].astype(np.float32))
        with pytest.raises(DataError, match="no keypoints"):
            sample.media.keypoints("openpose-18")
    assert sealed[0].media.content_key != sealed[1].media.content_key


def test_other_features_than_the_pinned_ones_are_refused(folder: Path) -> None:
    assert resolve(request(folder, f"sha256={FeatureFolder(folder).sha256}"))
    with pytest.raises(DataError, match="not the ones that the recipe names"):
        resolve(request(folder, f"sha256={'0' * 64}"))


def test_features_of_another_dataset_are_refused(folder: Path) -> None:
    document = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(document | {"dataset": "mtl-aqa/diving"}))
    with pytest.raises(DataError, match="another dataset"):
        resolve(request(folder))


def test_without_a_folder_the_error_says_which_option_names_it() -> None:
    with pytest.raises(UsageError, match="--features DIR"):
        resolve(request(None))


def test_other_methods_take_no_features(folder: Path) -> None:
    with pytest.raises(RecipeError, match="path"):
        resolve(Request(DATASET, "prior", overrides=(f"path={folder}",)))
