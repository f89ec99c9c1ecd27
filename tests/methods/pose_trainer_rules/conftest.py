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
