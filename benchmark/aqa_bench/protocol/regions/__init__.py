"""Where all methods look: the whole picture, the lifter, or the lifter's legs, cut out by the runner."""

from __future__ import annotations

from aqa_bench.protocol.regions.boxes import found_boxes
from aqa_bench.protocol.regions.choice import Region, region_of
from aqa_bench.protocol.regions.cutting import Cutter
from aqa_bench.protocol.regions.dataset import RegionDataset, cut_out
from aqa_bench.protocol.regions.finding import finder_name, finder_of

__all__ = [
    "Cutter",
    "Region",
    "RegionDataset",
    "cut_out",
    "finder_name",
    "finder_of",
    "found_boxes",
    "region_of",
]
