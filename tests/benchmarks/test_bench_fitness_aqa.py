"""Seconds to index and to verify a release of full size, simulated with tiny files."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.fitness_aqa.family import FAMILY

_HELPER = Path(__file__).parents[1] / "datasets/fitness_aqa/tiny_release.py"


def _tiny() -> Any:
    spec = importlib.util.spec_from_file_location("tiny_release", _HELPER)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(_HELPER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _full_size() -> dict[str, bytes]:
    """14,566 clips, 10,460 trajectories and 37,497 images: the published numbers of files."""
    tiny = _tiny()
    files: dict[str, bytes] = {}

    def clips(folder: str, numbers: range) -> list[str]:
        ids = [f"{30000 + n}_1" for n in numbers]
        files.update({f"{folder}/videos.zip!videos/{i}.mp4": tiny.clip(n + 1) for n, i in enumerate(ids)})
        return ids

    def images(archive: str, count: int) -> list[str]:
        ids = [f"{30000 + n // 6}_1_{n % 6}" for n in range(count)]
        content = tiny.crop(1)
        files.update({f"{archive}/{i}.jpg": content + n.to_bytes(4) for n, i in enumerate(ids)})
        return ids

    def splits(folder: str, suffix: str, ids: list[str]) -> None:
        n, m = round(0.7 * len(ids)), round(0.85 * len(ids))
        for part, names in (("train", ids[:n]), ("val", ids[n:m]), ("test", ids[m:])):
            files[f"{folder}/{part}_{suffix}.json"] = json.dumps(names).encode()

    def labels(path: str, ids: list[str], values: tuple[object, object]) -> None:
        files[path] = json.dumps({key: values[n % 2] for n, key in enumerate(ids)}).encode()

    for folder, n, pool, judged, errors in (
        ("Squat", 1739, 4970, 1623, ("knees_inward", "knees_forward")),
        ("OHP", 2367, 5490, 2260, ("elbows", "knees")),
    ):
        ids = clips(f"{folder}/Labeled_Dataset", range(n))[:judged]
        splits(f"{folder}/Labeled_Dataset/Splits", "keys", ids)
        for error in errors:
            labels(f"{folder}/Labeled_Dataset/Labels/error_{error}.json", ids, ([], [[0.1, 0.4]]))
        track = json.dumps(tiny.heights() if folder == "Squat" else tiny.boxes()).encode()
        for i in clips(f"{folder}/Unlabeled_Dataset", range(pool)):
            files[f"{folder}/Unlabeled_Dataset/bar_trajectories_raw.zip!bar/{i}.json"] = track
    shallow = "Squat/Labeled_Dataset/Shallow_Squat_Error_Dataset"
    ids = images(f"{shallow}/images.zip!crops_unaligned", 3738)[:3611]
    splits(f"{shallow}/splits", "ids", ids)
    labels(f"{shallow}/labels_shallow_depth.json", ids, (0, 1))
    row = "BarbellRow/Labeled_Dataset"
    ids = images(f"{row}/barbellrow_images_raw.zip!barbellrow_images_raw", 33759)
    for error, folder, n in (
        ("lumbar_error", "Splits_Lumbar_Error", 14778),
        ("torso_angle_error", "Splits_TorsoAngle_Error", 17030),
    ):
        splits(f"{row}/Splits/{folder}", "ids", ids[:n])
        labels(f"{row}/Labels/labels_{error}.json", ids[:n], (0, 1))
    return files


@pytest.fixture(scope="module", params=["extracted", "zipped"])
def release(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("full") / "release"
    writer = getattr(_tiny(), f"write_{request.param}")
    writer(root, _full_size())
    return root


@pytest.fixture
def home(release: Path) -> Path:
    """The data folder of a release, prepared once."""
    folder = release.parent / "home"
    if not folder.is_dir():
        FAMILY.prepare(None, [release], folder, {}, NullProgress())
    return folder


@pytest.mark.benchmark(group="fitness-aqa: full release of tiny files (goal: index < 120 s)")
def test_index(benchmark: Any, release: Path) -> None:
    folder = release.parent / "home"
    benchmark.pedantic(
        lambda: FAMILY.prepare(None, [release], folder, {}, NullProgress()), rounds=1, iterations=1
    )
    assert len(FAMILY.open("fitness-aqa/barbell-row", folder).samples("torso")) == 17030


@pytest.mark.benchmark(group="fitness-aqa: full release of tiny files (goal: index < 120 s)")
def test_index_again(benchmark: Any, home: Path) -> None:
    benchmark.pedantic(lambda: FAMILY.prepare(None, [], home, {}, NullProgress()), rounds=1, iterations=1)


@pytest.mark.benchmark(group="fitness-aqa: full release of tiny files (goal: index < 120 s)")
def test_verify(benchmark: Any, home: Path) -> None:
    def verify() -> list[bool]:
        return [not FAMILY.open(card, home).audit().coverage.missing for card in FAMILY.cards]

    assert all(benchmark.pedantic(verify, rounds=1, iterations=1))


@pytest.mark.benchmark(group="fitness-aqa: open")
def test_open_and_fingerprint(benchmark: Any, home: Path) -> None:
    assert benchmark.pedantic(
        lambda: FAMILY.open("fitness-aqa/backsquat", home).fingerprint(), rounds=3, iterations=1
    )
