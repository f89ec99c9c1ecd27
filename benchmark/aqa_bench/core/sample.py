"""Samples: what a method may look at. A sample carries no label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.seeds import derive_seed
from aqa_bench.core.task import Modality

__all__ = ["FloatArray", "LabeledSet", "Media", "Sample", "Trajectory", "UInt8Array"]

FloatArray = npt.NDArray[np.floating[Any]]
UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Elevation of the bar over one repetition (Parmar et al., ECCV 2022, section 3, "Synchronizing videos").

    Attributes:
        elevation: ``(T,)`` float32 in [0, 1]: amplitude-normalised height of the bar, 1 at its highest.
        confidence: ``(T,)`` float32 in [0, 1]: 0 where the bar was not detected and the value is filled in.
        turning_point: Frame at which the first half-cycle ends and the second begins.
    """

    elevation: npt.NDArray[np.float32]
    confidence: npt.NDArray[np.float32]
    turning_point: int


class Media:
    """Lazy readers of what a dataset has of one sample.

    Datasets override what they offer; everything else answers with a clear error.

    Attributes:
        provides: The modalities that can be read.
    """

    provides: frozenset[Modality] = frozenset()

    @property
    def length(self) -> int:
        """Number of frames of the clip (1 for an image)."""
        raise self._absent("frame count")

    @property
    def content_key(self) -> str:
        """Names the media's content: the key of caches.

        Towards a method it is keyed with a secret of this machine's cache, so that no public list of hashes
        tells which sample it is. It therefore differs from machine to machine: draws that belong to a
        sample take :meth:`draw_seed`.
        """
        raise self._absent("content key")

    def draw_seed(self, name: str) -> int:
        """Seed of what is drawn for this sample: by its content, the same in every run on every machine.

        Args:
            name: Names the draw.
        """
        return derive_seed(name, self.content_key)

    @property
    def fps(self) -> float | None:
        """Frames a second, or None where the dataset does not say."""
        return None

    @property
    def attributes(self) -> Mapping[str, float | str]:
        """What is known of the sample besides its media, e.g. the difficulty of a dive."""
        raise self._absent(Modality.ATTRIBUTES)

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames as ``(T, H, W, 3)`` RGB.

        Args:
            indices: Zero-based frame numbers, all frames by default.
            size: Side in pixels of the square that frames are resized to, native size by default.
        """
        raise self._absent(Modality.FRAMES)

    def image(self, size: int | None = None) -> UInt8Array:
        """The single image as ``(H, W, 3)`` RGB, resized to a square of side ``size`` if given."""
        raise self._absent(Modality.IMAGE)

    def keypoints(self, layout: str) -> FloatArray:
        """Keypoints as ``(T, V, 3)`` float32: x, y in pixels and confidence in [0, 1]; 0 where missing.

        Args:
            layout: Name of the joint order wanted, e.g. ``openpose-18``.
        """
        raise self._absent(Modality.KEYPOINTS)

    def joints_3d(self, layout: str) -> FloatArray:
        """Joints in space as ``(T, V, 4)`` float32: x, y, z in one unit and confidence; 0 where missing.

        Args:
            layout: Name of the joint order wanted, e.g. ``hmr-19``.
        """
        raise self._absent(Modality.JOINTS_3D)

    def distances(self) -> FloatArray:
        """Pairwise joint distances as ``(T, V(V-1)/2)`` float32, upper triangle row by row."""
        raise self._absent(Modality.DISTANCES)

    def trajectory(self) -> Trajectory:
        """The barbell's trajectory."""
        raise self._absent(Modality.TRAJECTORY)

    def bar_boxes(self) -> FloatArray:
        """Boxes of the barbell as ``(T, 4)`` float32: left, top, right and bottom in pixels."""
        raise self._absent(Modality.BAR_BOXES)

    def features(self) -> FloatArray:
        """Features that were computed elsewhere, as ``(T, D)`` or ``(D,)`` float32."""
        raise self._absent(Modality.FEATURES)

    def _absent(self, thing: str) -> DataError:
        offered = ", ".join(sorted(self.provides)) or "nothing"
        return DataError(
            f"This dataset's samples have no {thing}.",
            expected=f"media that provide {thing}",
            found=offered,
            remedy="Choose a method whose needs this dataset meets (aqa-bench list methods).",
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """One clip, image or sequence, as methods see it.

    Attributes:
        id: Identity. The release's own towards the runner; an opaque token towards a method, since
            some releases write the label into the file name.
        group: Source video, subject or event: what must not straddle splits.
        media: Lazy readers.
    """

    id: str
    group: str
    media: Media


@dataclass(frozen=True, slots=True)
class LabeledSet:
    """Samples with their targets, in the same order.

    Attributes:
        samples: The samples.
        targets: ``(n,)`` float64; 1 = error and 0 = none for binary tasks, the score otherwise.
    """

    samples: tuple[Sample, ...]
    targets: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.targets.shape != (len(self.samples),):
            raise MethodError(
                "Samples and targets do not match.",
                expected=f"({len(self.samples)},)",
                found=str(self.targets.shape),
            )

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[tuple[Sample, float]]:
        return zip(self.samples, self.targets.tolist(), strict=True)

    def where(self, target: float) -> LabeledSet:
        """The subset whose target equals ``target``."""
        keep = np.flatnonzero(self.targets == target)
        return LabeledSet(tuple(self.samples[i] for i in keep), self.targets[keep])
