"""The release's file names and sizes; the reader is shared with its relatives."""

from __future__ import annotations

from aqa_bench.media.dives.family import DiveFamily
from aqa_bench.media.dives.release import Release

from .cards import CARD

__all__ = ["FAMILY", "RELEASE"]

RELEASE = Release(
    card=CARD,
    folder="MTL-AQA_split_0_data",
    train="train_split_0.pkl",
    test="test_split_0.pkl",
    sizes=(1059, 353),
    recordings={
        "01": 291_971, "02": 176_981, "03": 135_699, "04": 217_120, "05": 145_701, "06": 103_800,
        "07": 145_031, "09": 131_896, "10": 89_744, "13": 62_424, "14": 148_330, "17": 230_702,
        "18": 118_866, "22": 88_228, "26": 271_724,
    },
    # Parmar, Gharat and Rhodin, ECCV 2022, Table 6.
    baseline=0.5665,
)  # fmt: skip
FAMILY = DiveFamily(RELEASE)
