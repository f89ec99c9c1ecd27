from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.registry import open_dataset
from aqa_bench.stats import scoring

DATASET = "stick-figures/shoulder-press"


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested with the statistics; here they only have to be there."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)


def telling(name: str, target: float, frames: int) -> np.ndarray:
    """A pose whose right wrist tells the label, ``(T, 18, 3)``."""
    rng = np.random.default_rng(int.from_bytes(name.encode()[-4:], "big"))
    pose = np.ones((frames, 18, 3))
    pose[..., :2] = rng.normal(size=(1, 18, 2)) * 4 + np.linspace(50, 300, 18)[:, None]
    pose[:, 4, 1] += 200 * target * np.sin(np.linspace(0, np.pi, frames))
    return pose.astype(np.float32)


@pytest.fixture
def poses(tmp_path: Path) -> Callable[..., Path]:
    """Write poses of the stick figures: an ``.npz`` each, and a manifest."""

    def write(folder: str = "poses", leave_out: int = 0, shift: float = 0, **manifest: object) -> Path:
        root = tmp_path / folder
        dataset = open_dataset(DATASET)
        samples = dataset.samples("form")
        for name, target in list(dataset.targets("form").items())[leave_out:]:
            path = root / f"{name}.npz"
            path.parent.mkdir(parents=True, exist_ok=True)
            pose = telling(name, target, samples[name].media.length) + np.array([shift, 0, 0])
            np.savez(path, keypoints=pose.astype(np.float32))
        document = {"layout": "openpose-18", "estimator": "OpenPose 1.7.0"} | manifest
        (root / "manifest.json").write_text(json.dumps(document))
        return root

    return write
