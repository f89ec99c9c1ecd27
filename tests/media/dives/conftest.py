from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Modality
from aqa_bench.datasets.mtl_aqa.cards import CARD as MTL_AQA
from aqa_bench.media.dives.family import DiveFamily
from aqa_bench.media.dives.release import EVENT_GROUPED, Release

ENDS = {(1, 1): 110, (1, 2): 118, (2, 1): 112, (2, 2): 124, (7, 1): 116, (7, 102): 121}


def dive(end: int, n: int, **changed: Any) -> dict[str, Any]:
    facts = {
        "primary_view": 0, "start_frame": end - 80 - n, "end_frame": end, "position": n % 3,
        "difficulty": 2.0 + n / 10, "armstand": n % 2, "rotation_type": n % 4, "ss_no": n + 2, "tw_no": n,
        "final_score": 60.0 + 3 * n,
    }  # fmt: skip
    return facts | changed


@dataclass
class TinyRelease:
    """A release of six dives of three events, each about 130 frames long."""

    root: Path
    annotations: dict[Any, Any] = field(
        default_factory=lambda: {key: dive(end, n) for n, (key, end) in enumerate(ENDS.items())}
    )
    train: list[Any] = field(default_factory=lambda: [(1, 1), (2, 1), (7, 1), (2, 2)])
    test: list[Any] = field(default_factory=lambda: [(1, 2), (7, 102)])

    def write(self, protocol: int = 2) -> Path:
        folder = self.root / "Ready_2_Use" / "TINY"
        folder.mkdir(parents=True, exist_ok=True)
        contents = {"final_annotations_dict": self.annotations, "train": self.train, "test": self.test}
        for name, content in contents.items():
            (folder / f"{name}.pkl").write_bytes(pickle.dumps(content, protocol))
        return self.root


def picture(event: int, number: int) -> np.ndarray:
    """A flat grey that tells the frame's number, and a corner that tells the event."""
    image = np.full((12, 16, 3), number, np.uint8)
    image[:2, :2] = 20 * event
    return image


def write_frames(
    folder: Path, event: int, numbers: list[int] | range, name: Callable[[int], str], shift: int = 0
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / name(number - shift)).write_bytes(_png(event, number))


@cache
def _png(event: int, number: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture(event, number)).save(buffer, format="png")
    return buffer.getvalue()


@pytest.fixture
def tiny(tmp_path: Path) -> TinyRelease:
    return TinyRelease(tmp_path / "release")


@pytest.fixture
def family() -> DiveFamily:
    card = DatasetCard(
        id="tiny-dives",
        name="Tiny",
        licence="ours",
        source="drawn",
        citation="none",
        access="none",
        tasks=MTL_AQA.tasks,
        schemes=(MTL_AQA.schemes[0], Scheme(EVENT_GROUPED, "events")),
        provides=frozenset({Modality.FRAMES, Modality.ATTRIBUTES}),
    )
    return DiveFamily(Release(card, "TINY", "train.pkl", "test.pkl", (4, 2), baseline=0.5))
