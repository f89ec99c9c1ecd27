from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.progress import NullProgress
from aqa_bench.protocol.feature_folder import MANIFEST, FeatureFolder, write_features

FACTS = {"extractor": "I3D", "licence": "CC BY-NC 4.0", "pretrained_on": "Kinetics-400"}


def arrays(count: int = 4) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {f"good/clip {i}": rng.normal(size=(i + 1, 3)).astype(np.float32) for i in range(count)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_features(tmp_path, arrays().items(), FACTS)
    return tmp_path


def edited(folder: Path, **changes: object) -> Path:
    file = folder / MANIFEST
    document = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))
    return folder


def replaced(folder: Path, array: np.ndarray, *, hashed: bool = True) -> Path:
    """Other content for the first sample."""
    document = json.loads((folder / MANIFEST).read_text())
    entry = document["features"]["good/clip 0"]
    np.save(folder / entry["file"], array, allow_pickle=True)
    if hashed:
        entry["sha256"] = sha256_file(folder / entry["file"])
    return edited(folder, features=document["features"])


def test_what_is_written_is_read(folder: Path) -> None:
    features = FeatureFolder(folder)
    assert features.ids == arrays().keys()
    for name, array in arrays().items():
        np.testing.assert_array_equal(features.read(name), array)
    features.verify(arrays(), NullProgress())
    assert features.manifest.dims == 3
    assert features.sha256 == sha256_file(folder / MANIFEST)
    assert FeatureFolder(folder / MANIFEST).sha256 == features.sha256


def test_the_same_features_have_the_same_manifest(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_features(other, reversed(list(arrays().items())), FACTS)
    assert FeatureFolder(other).sha256 == FeatureFolder(folder).sha256


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_one_archive_holds_all_arrays(folder: Path, suffix: str) -> None:
    file = folder / f"all.{suffix}"
    save_file(arrays(), file) if suffix == "safetensors" else np.savez(file, **arrays())
    edited(folder, features=None, archive={"file": file.name, "sha256": sha256_file(file)})
    features = FeatureFolder(folder)
    assert features.ids == arrays().keys()
    features.verify(arrays(), NullProgress())
    for name, array in arrays().items():
        np.testing.assert_array_equal(features.read(name), array)
    with pytest.raises(DataError, match="features of good/clip 9"):
        features.read("good/clip 9")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match="as stated in the manifest"):
        FeatureFolder(folder).verify(arrays(), NullProgress())
    file.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(DataError, match=r"npz or \.safetensors"):
        _ = FeatureFolder(folder).ids


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (np.full((2, 3), np.nan, np.float32), "6 of 6 are not"),
        (np.array([[1.0, 1e300, 1.0]]), "1 of 3 are not"),
        (np.ones((2, 4)), "shape (2, 4)"),
        (np.ones((0, 3)), "shape (0, 3)"),
        (np.ones((2, 2, 3)), "shape (2, 2, 3)"),
        (np.float64(1), "shape ()"),
        (np.ones((2, 3), np.int64), "values of type int64"),
        (np.array([{"a": 1}], dtype=object), "object, which are pickled"),
    ],
)
def test_unfit_arrays_are_refused(folder: Path, array: np.ndarray, found: str) -> None:
    features = FeatureFolder(replaced(folder, array))
    with pytest.raises(DataError) as caught:
        features.verify(arrays(), NullProgress())
    assert found in caught.value.found


def test_half_precision_is_read_as_float32(folder: Path) -> None:
    read = FeatureFolder(replaced(folder, np.full((5, 3), 0.5, np.float16))).read("good/clip 0")
    assert read.dtype == np.float32
    assert (read == 0.5).all()


def test_a_file_that_is_not_the_hashed_one_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="as stated in the manifest"):
        FeatureFolder(replaced(folder, np.ones((2, 3)), hashed=False)).read("good/clip 0")


def test_a_missing_file_and_a_missing_sample_are_named(folder: Path) -> None:
    features = FeatureFolder(folder)
    assert features.manifest.features is not None
    (folder / features.manifest.features["good/clip 1"].file).unlink()
    with pytest.raises(DataError, match="good/clip 1"):
        features.read("good/clip 1")
    with pytest.raises(DataError, match="good/clip 9"):
        features.read("good/clip 9")


def test_vectors_and_sequences_are_not_mixed(folder: Path) -> None:
    features = FeatureFolder(replaced(folder, np.ones(3, np.float32)))
    with pytest.raises(DataError, match="not both"):
        features.verify(arrays(), NullProgress())


@pytest.mark.parametrize("escape", ["../outside.npy", "/etc/hostname"])
def test_files_elsewhere_are_not_read(folder: Path, escape: str) -> None:
    edited(folder, features={"good/clip 0": {"file": escape, "sha256": "0" * 64}})
    with pytest.raises(DataError, match="below the manifest's folder"):
        FeatureFolder(folder).read("good/clip 0")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"dims": 0}, "dims"),
        ({"extractor": None}, "extractor"),
        ({"licence": ""}, "licence"),
        ({"pretrained_on": None}, "pretrained_on"),
        ({"features": None}, "the document"),
        ({"archive": {"file": "a.npz", "sha256": "0" * 64}}, "the document"),
        ({"features": {"a": {"file": "a.npy", "sha256": "abc"}}}, "sha256"),
        ({"trained": 1}, "trained"),
        ({"version": 2}, "version"),
    ],
)
def test_a_manifest_off_the_schema_is_refused(folder: Path, changes: dict[str, object], found: str) -> None:
    with pytest.raises(DataError) as caught:
        FeatureFolder(edited(folder, **changes))
    assert found in str(caught.value.found)


def test_no_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no features to import"):
        FeatureFolder(tmp_path)
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(DataError, match="cannot be used"):
        FeatureFolder(tmp_path)


def test_nothing_to_write_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no samples"):
        write_features(tmp_path, [], FACTS)


def test_links_into_the_store_of_a_hub_are_followed(folder: Path, tmp_path: Path) -> None:
    """As hubs cache a download, and git-annex and DVC a checkout: names here, contents elsewhere."""
    snapshot, blobs = tmp_path / "cache" / "snapshots" / "abc", tmp_path / "cache" / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, file in enumerate(sorted(p for p in folder.iterdir() if p.is_file())):
        blob = blobs / f"{number:040x}"
        file.rename(blob)
        (snapshot / file.name).symlink_to(Path("../../blobs") / blob.name)
    features = FeatureFolder(snapshot)
    features.verify(arrays(), NullProgress())
    for name, array in arrays().items():
        np.testing.assert_array_equal(features.read(name), array)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("../../blobs/0288a2174ab197c8", "written out as text"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "git lfs pull"),
        ("/annex/objects/MD5E-s9--00.npy\n", "git annex get"),
        ("outs:\n- md5: 00\n  path: a.npy\n", "dvc pull"),
    ],
)
def test_pointers_in_place_of_files_are_named(folder: Path, text: str, found: str) -> None:
    entry = json.loads((folder / MANIFEST).read_text())["features"]["good/clip 0"]
    (folder / entry["file"]).write_text(text)
    with pytest.raises(DataError) as caught:
        FeatureFolder(folder).read("good/clip 0")
    assert found in str(caught.value.found)
    (folder / MANIFEST).write_text(text)
    with pytest.raises(DataError) as caught:
        FeatureFolder(folder)
    assert found in str(caught.value.found)


def test_a_manifest_from_an_editor_of_windows_is_read(folder: Path) -> None:
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    np.testing.assert_array_equal(FeatureFolder(folder).read("good/clip 0"), arrays()["good/clip 0"])


def test_bfloat16_is_read_to_the_last_bit(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    tensors = {name: torch.from_numpy(array).to(torch.bfloat16) for name, array in arrays().items()}
    save_torch(tensors, tmp_path / "f.safetensors")
    document = {
        "dims": 3,
        "archive": {"file": "f.safetensors", "sha256": sha256_file(tmp_path / "f.safetensors")},
    }
    (tmp_path / MANIFEST).write_text(json.dumps(FACTS | document))
    features = FeatureFolder(tmp_path)
    features.verify(arrays(), NullProgress())
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(features.read(name), tensor.float().numpy())
