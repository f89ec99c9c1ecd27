from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import UsageError
from aqa_bench.core.paths import data_home
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.recipe import build_recipe
from aqa_bench.core.registry import find_family, open_dataset
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.media.video import encode
from aqa_bench.protocol.feature_export import export_features
from aqa_bench.protocol.feature_folder import FeatureFolder
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.runner import run

DATASET = "waseda-squat"
SMALL = ("backbone=resnet18", "weights=random", "resize=32", "crop=32", "frames=2", "components=null")


@pytest.fixture
def videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two classes, two days, two clips each."""
    monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path / "data"))
    rng = np.random.default_rng(0)
    for folder in ("good", "bad_toe", "bad_shallow", "bad_back_round", "bad_back_warp", "bad_innner_thigh"):
        for day in ("0918", "1003"):
            for number in (1, 2):
                path = tmp_path / "release" / folder / f"{day}_squat_{number:06d}.mp4"
                path.parent.mkdir(parents=True, exist_ok=True)
                encode(path, rng.integers(0, 255, (3, 32, 32, 3), dtype=np.uint8))
    home = data_home() / DATASET
    find_family(DATASET).load().prepare(None, [tmp_path / "release"], home, {}, NullProgress())


def test_exported_features_come_back_as_the_method_saw_them(videos: None, tmp_path: Path) -> None:
    request = Request(DATASET, "imagenet", tasks=("kfe",), overrides=SMALL)
    manifest = export_features(request, tmp_path / "features", device="cpu")
    folder = FeatureFolder(tmp_path / "features")
    samples = open_dataset(DATASET).samples("kfe")
    assert folder.manifest == manifest
    assert folder.ids == samples.keys()
    assert manifest.dims == 512
    assert manifest.dataset == DATASET
    resolved = resolve(request)
    kind = resolved.plugin.load()
    method = kind(build_recipe(kind.recipe_type(), resolved.recipe.model_dump(), "test"))
    assert isinstance(method, ImageMethod)
    name, sample = next(iter(samples.items()))
    torch.manual_seed(0)
    from aqa_bench.core.seeds import derive_seed

    backbone = method.build(derive_seed("imagenet", "backbone", DATASET, 0))
    (expected,) = method.extractor(backbone, 2, torch.device("cpu")).extract([sample])
    np.testing.assert_allclose(folder.read(name), expected, rtol=1e-5, atol=1e-6)
    settings = (f"path={tmp_path / 'features'}", "epochs=2", "components=null", "length=8")
    done = run(resolve(Request(DATASET, "features", tasks=("kfe",), overrides=settings)), tmp_path / "runs")
    assert done.record.coverage["kfe"].scored == done.record.coverage["kfe"].expected
    assert done.record.pretrained_on == manifest.pretrained_on == "nothing"
    with pytest.raises(UsageError, match="already exists"):
        export_features(request, tmp_path / "features")


def test_methods_without_features_of_frames_are_refused(videos: None, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no frame features"):
        export_features(Request(DATASET, "prior"), tmp_path / "features")
    assert not (tmp_path / "features").exists()


def test_weights_that_differ_from_task_to_task_are_refused(videos: None, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pre-trains separately"):
        export_features(Request(DATASET, "simsiam", overrides=SMALL), tmp_path / "features")
