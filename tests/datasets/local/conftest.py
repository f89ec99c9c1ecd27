from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqa_bench.core.dataset import Added, Adds
from aqa_bench.core.own import OWN, OwnTable
from aqa_bench.core.paths import data_home
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.registry import find_family
from aqa_bench.media.layouts import find_layout

Poses = dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / OWN


@pytest.fixture
def poses() -> Poses:
    """Six clips ``(T, 17, 3)`` of coco-17 in pixels, of three people."""
    rng = np.random.default_rng(1)
    found = {}
    for number in range(6):
        values = rng.uniform(50, 400, (8 + number, len(find_layout("coco-17")), 3)).astype(np.float32)
        values[..., 2] = rng.uniform(0.2, 1, values.shape[:2])
        found[f"clip-{number}"] = values
    return found


@pytest.fixture
def media(tmp_path: Path, poses: Poses) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    for name, values in poses.items():
        np.savez(folder / f"{name}.npz", keypoints=values, layout="coco-17")
    return folder


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Sequence[Sequence[object]] | None = None, **columns: Sequence[object]) -> Path:
        path = tmp_path / "labels.csv"
        if rows is None:
            rows = [list(columns), *zip(*columns.values(), strict=True)]
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        return path

    return write


@pytest.fixture
def six(table: Callable[..., Path]) -> Path:
    return table(
        file=[f"clip-{n}" for n in range(6)], label=[0, 1, 0, 1, 0, 1], group=["a", "a", "b", "b", "c", "c"]
    )


@pytest.fixture
def add(media: Path) -> Callable[..., Added]:
    def call(table: Path, **options: Any) -> Added:
        family = find_family(OWN).load()
        assert isinstance(family, Adds)
        request = OwnTable(**{"name": "mine", "table": table, "media": media, **options})
        return family.add(request, data_home() / OWN, NullProgress())

    return call
