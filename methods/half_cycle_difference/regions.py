"""Where the lifter is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality
from aqa_bench.media.clips import Indices
from aqa_bench.media.layouts import find_layout
from aqa_bench.media.pose.box import person_box

__all__ = ["LifterRegions", "Part"]

Part = Literal["person", "lower-body"]
_LAYOUT = "openpose-18"
_LEGS = ("hip", "knee", "ankle")
_SCALE, _SHIFT = 0.04, 0.03
_WHOLE = np.array([0.0, 0.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True)
class LifterRegions:
    """One box per clip around the dataset's keypoints, moved a little, as a detector's box would be.

    The box is off by up to 3% of its side and too large or small by up to 4%: always the same for the
    same clip. Still images show the lifter already and are taken whole.

    Attributes:
        part: Whole person, or hips, knees and ankles.
    """

    part: Part

    @property
    def name(self) -> str:
        """What tells these regions from others."""
        return f"{self.part} of {_LAYOUT}, scale {_SCALE}, shift {_SHIFT}"

    def __call__(self, sample: Sample, indices: Indices) -> npt.NDArray[np.floating[Any]]:
        """The box ``(4,)``, as shares of the picture's width and height.

        Raises:
            DataError: The clip has no keypoints, or none of the part is seen.
        """
        media = sample.media
        if Modality.FRAMES not in media.provides:
            return _WHOLE
        if Modality.KEYPOINTS not in media.provides:
            raise DataError(
                "The lifter cannot be found in clips without keypoints.",
                expected=f"media that provide {Modality.KEYPOINTS}",
                found=", ".join(sorted(media.provides)),
                remedy="Look at the whole picture: --set region=frame",
            )
        keypoints = media.keypoints(_LAYOUT)
        if self.part == "lower-body":
            joints = find_layout(_LAYOUT).joints
            keypoints = keypoints[:, [i for i, joint in enumerate(joints) if joint.endswith(_LEGS)]]
        height, width = media.frames([0]).shape[1:3]
        # One box for the whole clip: a box that followed the person would take their motion away.
        box = person_box(keypoints).astype(np.float64)
        # A detector's box is never exact. Seeded by content, so that features can be kept in the cache.
        rng = np.random.default_rng(media.draw_seed("lifter box"))
        side = box[2] - box[0]
        centre = (box[:2] + box[2:]) / 2 + rng.uniform(-_SHIFT, _SHIFT, 2) * side
        half = side / 2 * (1 + rng.uniform(-_SCALE, _SCALE))
        moved = np.concatenate([centre - half, centre + half])
        return np.asarray(moved / (width, height, width, height))
