from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqa_bench.datasets.pose_trainer.release import release


@pytest.fixture(scope="session")
def drawn_clips() -> dict[str, np.ndarray]:
    """A valid array for every id of the release."""
    rng = np.random.default_rng(0)
    clips = {}
    for name in release().files:
        clip = rng.uniform(1, 400, (int(rng.integers(3, 6)), 18, 3))
        clip[..., 2] = rng.uniform(0.2, 1, clip.shape[:2])
        clip[0, 17] = 0
        clips[name] = clip
    return clips


@pytest.fixture
def clone(tmp_path: Path, drawn_clips: dict[str, np.ndarray]) -> Path:
    """A clone of the repository: every file of the release, with drawn content."""
    root = tmp_path / "pose-trainer"
    for file in release().files.values():
        path = root / "poses_compressed" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, drawn_clips[file.id])
    return root
