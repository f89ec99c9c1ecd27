from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

_ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with real releases (``pose-trainer/``, ``mtl-aqa/``); tests skip where it is absent."""
    folder = Path(os.environ.get("AQA_BENCH_SHARED_DATA") or _ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (AQA_BENCH_SHARED_DATA names another folder)")
    return folder


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aqa-bench")


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, _homes: Path) -> None:
    """No test touches this user's data or caches, or opens a socket."""
    monkeypatch.setenv("AQA_BENCH_DATA", str(_homes / "data"))
    monkeypatch.setenv("AQA_BENCH_CACHE", str(_homes / "cache"))
    monkeypatch.setenv("AQA_BENCH_OFFLINE", "1")


@pytest.fixture
def standing() -> np.ndarray:
    """Three frames of a person facing right, arm hanging: torso 100 px, upper arm and forearm 40 px."""
    joints = {1: (200, 100), 2: (200, 100), 3: (200, 140), 4: (200, 180), 8: (200, 200)}
    joints |= {left: joints[right] for left, right in ((5, 2), (6, 3), (7, 4), (11, 8))}
    frame = np.zeros((18, 3))
    for joint, position in joints.items():
        frame[joint] = (*position, 0.9)
    return np.repeat(frame[None], 3, axis=0)
