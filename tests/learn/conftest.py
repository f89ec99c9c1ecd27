from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Media, Sample, Trajectory
from aqa_bench.core.task import Modality


@dataclass
class DrawnClip(Media):
    """A clip made of a seed: frame t is a plain colour, with a bright square where the bar is."""

    seed: int
    count: int = 12
    native: tuple[int, int] = (40, 60)
    reads: list[int] = field(default_factory=list)
    provides: frozenset[Modality] = frozenset({Modality.FRAMES, Modality.TRAJECTORY})
    broken: bool = False

    @property
    def length(self) -> int:
        return self.count

    @property
    def content_key(self) -> str:
        return f"drawn-{self.seed}-{self.count}"

    def picture(self, index: int, height: int, width: int) -> np.ndarray:
        frame = np.empty((height, width, 3), np.uint8)
        frame[:] = (self.seed * 20 % 256, index * 5 % 256, 90)
        top = round((1 - self.trajectory().elevation[index]) * height * 0.7)
        frame[top : top + height // 8, width // 4 : 3 * width // 4] = 255
        return frame

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        if self.broken:
            raise DataError("The video is damaged.")
        wanted = list(range(self.count)) if indices is None else list(indices)
        self.reads.extend(wanted)
        height, width = (size, size) if size else self.native
        return np.stack([self.picture(i, height, width) for i in wanted])

    def trajectory(self) -> Trajectory:
        elevation = np.abs(np.linspace(-1, 1, self.count)).astype(np.float32)
        elevation = (elevation - elevation.min()) / np.ptp(elevation)
        return Trajectory(elevation, np.ones(self.count, np.float32), self.count // 2)


@dataclass
class DrawnImage(Media):
    seed: int
    provides: frozenset[Modality] = frozenset({Modality.IMAGE})

    @property
    def content_key(self) -> str:
        return f"image-{self.seed}"

    def image(self, size: int | None = None) -> np.ndarray:
        return DrawnClip(self.seed).frames([3], size)[0]


def make_clips(n: int, count: int = 12) -> list[Sample]:
    return [Sample(f"token{i}", f"group{i}", DrawnClip(i, count + i)) for i in range(n)]


@pytest.fixture
def clips() -> list[Sample]:
    """Five clips of 12 to 16 frames."""
    return make_clips(5)


@pytest.fixture
def stills() -> list[Sample]:
    return [Sample(f"still{i}", f"group{i}", DrawnImage(i)) for i in range(3)]


@dataclass
class DrawnDive(DrawnClip):
    """A drawn clip that is told to be a dive."""

    told: Mapping[str, float | str] = field(default_factory=dict)
    provides: frozenset[Modality] = frozenset({Modality.FRAMES, Modality.ATTRIBUTES})

    @property
    def attributes(self) -> Mapping[str, float | str]:
        return dict(self.told)


def dive(seed: int, told: Mapping[str, float | str], count: int = 12) -> Sample:
    return Sample(str(seed), str(seed), DrawnDive(seed, count, told=told))
