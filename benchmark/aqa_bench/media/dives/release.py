"""What distinguishes one release of dives from another: names of files, published sizes, how to get it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aqa_bench.core.dataset_card import DatasetCard

__all__ = ["EVENT_GROUPED", "SCORE_DD", "Release"]

SCORE_DD = "score-dd"
"""Task id: the dive's attributes are told, difficulty among them."""
EVENT_GROUPED = "event-grouped"
"""Scheme id: whole events in each part."""


@dataclass(frozen=True)
class Release:
    """One release.

    Attributes:
        card: The dataset's card.
        folder: Name of the folder that holds its annotation files.
        train: File of the train keys.
        test: File of the test keys.
        sizes: Published number of dives in train and test.
        recordings: Number of the last frame of the last dive, by event, as published.
        baseline: Spearman correlation of a published supervised baseline that the audit sets beside
            difficulty alone, None where there is none.
    """

    card: DatasetCard
    folder: str
    train: str
    test: str
    sizes: tuple[int, int]
    recordings: Mapping[str, int] = field(default_factory=dict)
    baseline: float | None = None

    @property
    def family(self) -> str:
        """Name of the plug-in: the first part of the dataset id."""
        return self.card.id.partition("/")[0]

    @property
    def remedy(self) -> str:
        """How to get frames."""
        return (
            "Download the events' videos (links in the release's Video_List.xlsx; name them 01.mp4, 02.mp4, "
            "...), then run aqa-bench dataset prepare {self.family} --source RELEASE --source VIDEOS "
            "--option extract=frames. Or extract them yourself at their own frame rate "
            "(ffmpeg -i 01.mp4 frames/01/%06d.jpg) and pass the folder frames with --source."
        )

    def candidates(self, source: Path) -> tuple[Path, ...]:
        """Folders of a source that may hold the annotation files."""
        ready = source / "Ready_2_Use" / self.folder
        nested = source / "MTL-AQA_dataset_release" / "Ready_2_Use" / self.folder
        return source, source / self.folder, ready, nested
