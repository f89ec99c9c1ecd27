from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

FOLDERS = {
    "bicep-curl": "bicep",
    "front-raise": "frontraise",
    "shoulder-press": "shoulderpress",
    "shoulder-shrug": "shouldershrug",
}


@pytest.fixture(scope="session")
def real_clips(shared_data: Path):
    def read(exercise: str) -> dict[str, np.ndarray]:
        folder = shared_data / "pose-trainer" / "poses_compressed" / FOLDERS[exercise]
        files = sorted(folder.glob("*.npy"))
        if not files:
            pytest.skip(f"no clips in {folder}")
        return {file.stem: np.load(file, allow_pickle=False) for file in files}

    return read


@pytest.fixture
def standing() -> np.ndarray:
    """Three frames of a person facing right, arm hanging: torso 100 px, upper arm and forearm 40 px."""
    joints = {1: (200, 100), 2: (200, 100), 3: (200, 140), 4: (200, 180), 8: (200, 200)}
    joints |= {left: joints[right] for left, right in ((5, 2), (6, 3), (7, 4), (11, 8))}
    frame = np.zeros((18, 3))
    for joint, position in joints.items():
        frame[joint] = (*position, 0.9)
    return np.repeat(frame[None], 3, axis=0)
