"""The release's file names and sizes; the reader is shared with its relatives."""

from __future__ import annotations

from aqa_bench.media.dives.family import DiveFamily
from aqa_bench.media.dives.release import Release

from .cards import CARD

__all__ = ["FAMILY", "RELEASE"]

RELEASE = Release(
    card=CARD,
    folder="UNLV_Dive_split_4",
    train="train_split_370_4.pkl",
    test="test_split_370_4.pkl",
    sizes=(300, 70),
)
FAMILY = DiveFamily(RELEASE)
