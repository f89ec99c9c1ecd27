"""Where the lifter is: a small network trained on clips of no dataset, and one box per clip."""

from __future__ import annotations

from aqa_bench.learn.lifter.finder import LifterFinder, overlap
from aqa_bench.learn.lifter.parts import PARTS, Part, box_of_clip, joints_box
from aqa_bench.learn.lifter.train import FinderRecipe, train_finder

__all__ = [
    "PARTS",
    "FinderRecipe",
    "LifterFinder",
    "Part",
    "box_of_clip",
    "joints_box",
    "overlap",
    "train_finder",
]
