"""Cutting a part of the lifter out of clips, whatever dataset or file they are from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.sample import FloatArray, Media, Sample, Trajectory, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.protocol.regions.boxes import BoxOf
from aqa_bench.protocol.regions.choice import Region

__all__ = ["Cutter"]


class Cutter:
    """Leaves a region of every clip.

    Args:
        region: Which.
        boxes: Says where the lifter is.
    """

    def __init__(self, region: Region, boxes: BoxOf) -> None:
        self.region, self.boxes = region, boxes

    def cut(self, sample: Sample) -> Sample:
        """A sample of which the region is left; a still image as it is."""
        if Modality.FRAMES not in sample.media.provides:
            return sample
        return Sample(sample.id, sample.group, _RegionMedia(sample.media, self))

    def box(self, media: Media) -> npt.NDArray[np.int64]:
        """What is shown of a clip: ``(4,)`` whole pixels, left, top, right and bottom."""
        found = self.boxes(media, self.region.part)
        centre = (found[:2] + found[2:]) / 2
        half = (found[2:] - found[:2]) / 2 * self.region.zoom
        corners = np.rint(np.concatenate([centre - half, centre + half])).astype(np.int64)
        corners[2:] = np.maximum(corners[2:], corners[:2] + 1)
        return np.asarray(corners)

    @property
    def key(self) -> str:
        """Names what is shown, for the keys of caches."""
        return f"{self.region.part} x{self.region.zoom:.6f} by {self.boxes.name}"


class _RegionMedia(Media):
    """A clip of which the region is left; joints and boxes are in the pixels of what is left."""

    def __init__(self, media: Media, cutter: Cutter) -> None:
        self.provides = media.provides
        self._media, self._cutter = media, cutter

    @property
    def length(self) -> int:
        return self._media.length

    @property
    def fps(self) -> float | None:
        return self._media.fps

    @property
    def attributes(self) -> Mapping[str, float | str]:
        return self._media.attributes

    @property
    def content_key(self) -> str:
        return sha256_bytes(f"{self._cutter.key}\x1f{self._media.content_key}".encode())

    def draw_seed(self, name: str) -> int:
        # The clip's own: what is drawn for it does not depend on where one looks.
        return self._media.draw_seed(name)

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        from aqa_bench.media.images import resized
        from aqa_bench.media.pose.box import crop

        cut = crop(self._media.frames(indices), self._cutter.box(self._media))
        return cut if size is None else np.stack([resized(frame, size) for frame in cut])

    def keypoints(self, layout: str) -> FloatArray:
        found = self._media.keypoints(layout).copy()
        found[..., :2] -= np.where(found[..., 2:] > 0, self._corner, 0)
        return found

    def joints_3d(self, layout: str) -> FloatArray:
        return self._media.joints_3d(layout)

    def distances(self) -> FloatArray:
        return self._media.distances()

    def trajectory(self) -> Trajectory:
        return self._media.trajectory()

    def bar_boxes(self) -> FloatArray:
        return self._media.bar_boxes() - np.tile(self._corner, 2).astype(np.float32)

    @property
    def _corner(self) -> npt.NDArray[np.float32]:
        return self._cutter.box(self._media)[:2].astype(np.float32)
