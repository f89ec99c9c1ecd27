"""What was published of the release: sizes, positives, and where the release departs from the paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .layout import Kind

__all__ = ["PUBLISHED", "Published", "PublishedTask"]


@dataclass(frozen=True, slots=True)
class PublishedTask:
    """Published sizes of one task.

    Attributes:
        splits: Ids in the release's train, val and test files.
        positive: Of all of them, those that show the error; counted in the release by its users.
        test_positive: Errors among the test ids, where known.
        paper: Samples without and with the error in the paper's figure of the dataset.
    """

    splits: Mapping[str, int]
    positive: int
    paper: tuple[int, int]
    test_positive: int | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """Published sizes of one exercise.

    Attributes:
        tasks: By task id.
        files: Files of each kind in the complete download.
        paper_pool: Unlabelled videos according to the paper; 0 where the release has none.
        notes: Known departures of the release from the paper.
    """

    tasks: Mapping[str, PublishedTask]
    files: Mapping[Kind, int]
    paper_pool: int = 0
    notes: tuple[str, ...] = ()


_SQUAT = {"train": 1136, "val": 243, "test": 244}
_PRESS = {"train": 1582, "val": 339, "test": 339}

PUBLISHED: Mapping[str, Published] = {
    "backsquat": Published(
        tasks={
            "kie": PublishedTask(_SQUAT, 232, (1387, 236), test_positive=36),
            "kfe": PublishedTask(_SQUAT, 1109, (515, 1108), test_positive=169),
            "ss": PublishedTask({"train": 2542, "val": 529, "test": 540}, 1584, (1543, 2068)),
        },
        files={Kind.CLIP: 1739, Kind.IMAGE: 3738, Kind.POOL: 4970, Kind.TRAJECTORY: 4970},
        paper_pool=4000,
        notes=(
            "Shallow squat: the paper's figure gives 57% errors, the released labels 44%, so the paper's "
            "numbers on it are not comparable.",
        ),
    ),
    "overhead-press": Published(
        tasks={
            "elbow": PublishedTask(_PRESS, 576, (1686, 574)),
            "knees": PublishedTask(_PRESS, 777, (1486, 774)),
        },
        files={Kind.CLIP: 2367, Kind.POOL: 5490, Kind.TRAJECTORY: 5490},
        paper_pool=3300,
    ),
    "barbell-row": Published(
        tasks={
            "lumbar": PublishedTask({"train": 10360, "val": 2227, "test": 2191}, 2317, (5408, 1082)),
            "torso": PublishedTask({"train": 11881, "val": 2564, "test": 2585}, 1568, (5900, 590)),
        },
        files={Kind.IMAGE: 33759},
        notes=(
            "Barbell row: the release holds more than twice the 6,490 images of the paper, with a lower "
            "error rate, so the paper's numbers on it are not comparable.",
        ),
    ),
}
