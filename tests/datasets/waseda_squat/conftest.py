"""A release in the shape of the public one, with drawn skeletons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.datasets.waseda_squat.release import CLASSES
from aqa_bench.media.distance_geometry import pairwise_distances
from aqa_bench.media.layouts import LAYOUTS

DAYS = ("0918", "0926", "1003", "1029")
PER_DAY = 2
_HMR = LAYOUTS["hmr-19"]


def squat(folder: str, seed: int, frames: int = 300) -> np.ndarray:
    """A squatting body ``(T, 19, 3)``; each error class changes the movement in its own way."""
    rng = np.random.default_rng(seed)
    depth = (0.2 if folder == "bad_shallow" else 0.5) * np.sin(np.linspace(0, 3 * np.pi, frames)) ** 2
    depth *= rng.uniform(0.9, 1.1)
    inward = 0.1 * depth if folder == "bad_innner_thigh" else -0.05 * depth
    forward = {"bad_toe": 0.9, "bad_back_round": 0.5, "bad_back_warp": 0.3}.get(folder, 0.4) * depth
    bend = {"bad_back_round": 0.4, "bad_back_warp": -0.3, "bad_head": 0.1}.get(folder, 0.0) * depth
    body = np.zeros((frames, 19, 3))

    def put(joint: str, x: object, y: object, z: object) -> None:
        for axis, values in enumerate((x, y, z)):
            body[:, _HMR.index(joint), axis] = values

    for side, sign in (("left", 1), ("right", -1)):
        put(f"{side}_ankle", 0.15 * sign, 0, 0)
        put(f"{side}_knee", sign * (0.15 - inward), -0.5 + 0.2 * depth, -forward)
        put(f"{side}_hip", 0.13 * sign, -0.95 + depth, 0.5 * depth)
        put(f"{side}_shoulder", 0.17 * sign, -1.45 + depth, bend)
        put(f"{side}_elbow", 0.3 * sign, -1.2 + depth, -0.1)
        put(f"{side}_wrist", 0.2 * sign, -1.3 + depth, -0.2)
        put(f"{side}_eye", 0.03 * sign, -1.68 + depth, bend - 0.1)
        put(f"{side}_ear", 0.07 * sign, -1.65 + depth, bend)
    put("neck", 0, -1.5 + depth, bend)
    put("head_top", 0, -1.8 + depth, bend)
    put("nose", 0, -1.65 + depth, bend - 0.12)
    return body * rng.uniform(0.97, 1.03) + rng.normal(0, 0.002, (1, 19, 3))


def pose_json(distances: np.ndarray) -> str:
    return json.dumps({str(i): {"index": i, "3d_joint": row} for i, row in enumerate(distances.tolist())})


@dataclass(frozen=True)
class Release:
    """A release on disk, and what is in it."""

    root: Path

    @property
    def poses(self) -> Path:
        return self.root / "Pose_Dataset"

    def pose(self, folder: str, stem: str) -> Path:
        return self.poses / folder / "1115_3djoints_index" / f"{stem}.json"

    def stems(self) -> list[tuple[str, str]]:
        numbers = range(1, PER_DAY + 1)
        return [(c, f"{day}_squat_{n:06d}") for c in CLASSES for day in DAYS for n in numbers]

    def write_official(self, parts: dict[str, Sequence[str]], folder: str = "Divided") -> Path:
        target = self.root / "Video_Dataset" / folder
        target.mkdir(parents=True, exist_ok=True)
        for part, ids in parts.items():
            entries = {
                str(i): {
                    "folder_path": f"Squat/Video_Dataset/{name.replace('/', '/1115_video/')}.mp4",
                    "label": 0,
                }
                for i, name in enumerate(ids)
            }
            (target / f"{part}.json").write_text(json.dumps(entries))
        return target


def make_release(root: Path, frames: int) -> Release:
    """Four days x seven classes x two clips; one is a frame longer, one two shorter."""
    release = Release(root)
    for seed, (folder, stem) in enumerate(release.stems()):
        count = frames + {0: 1, 1: -2}.get(seed, 0)
        path = release.pose(folder, stem)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pose_json(pairwise_distances(squat(folder, seed, count))))
    return release


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Clips of few frames, so that tests are fast."""
    return make_release(tmp_path / "Squat", 6)
