"""One box per clip, kept by what was looked at and by whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.paths import cache_home
from aqa_bench.core.sample import Media
from aqa_bench.core.sealed import Damaged, sealed_read_json, sealed_write_json
from aqa_bench.learn.lifter.parts import LAYOUT, Part, joints_box
from aqa_bench.media.clips import uniform

if TYPE_CHECKING:
    from aqa_bench.learn.lifter.finder import LifterFinder

__all__ = ["BoxOf", "FoundBoxes", "JointBoxes", "found_boxes"]

_FILE = "lifter-boxes", 1
_FRAMES = 8
_DIGITS = 3


class BoxOf(Protocol):
    """Says where the lifter of a clip is."""

    @property
    def name(self) -> str:
        """What tells its boxes from others, for the keys of caches and for records."""
        ...

    def __call__(self, media: Media, part: Part) -> npt.NDArray[np.float64]:
        """The box ``(4,)``: left, top, right and bottom of a square in pixels of the clip's frames."""
        ...


class FoundBoxes:
    """Boxes that a finder finds in eight frames, spread evenly over the clip.

    Args:
        name: Names the finder.
        finder: Opens it; called when the first clip is looked at that nobody has looked at before.
        folder: Where boxes are kept.
    """

    def __init__(self, name: str, finder: Callable[[], LifterFinder], folder: Path) -> None:
        self._finder, self._folder = finder, folder
        self.name = f"finder {name}"

    def __call__(self, media: Media, part: Part) -> npt.NDArray[np.float64]:
        """The box of a clip.

        Raises:
            DataError: Its frames cannot be read.
        """
        key = sha256_bytes(f"{self.name}\x1f{media.content_key}".encode())
        path = self._folder / key[:2] / f"{key}.json"
        try:
            boxes = sealed_read_json(path, *_FILE)
        except Damaged:
            shown = np.unique(uniform(media.length, _FRAMES)).tolist()
            found = self._finder().find(media.frames(shown))
            # Rounded, so that another processor's last bits make no other pixels.
            boxes = {name: np.round(box, _DIGITS).tolist() for name, box in found.items()}
            sealed_write_json(path, *_FILE, boxes)
        return np.array(boxes[part], np.float64)


def found_boxes(name: str, finder: Callable[[], LifterFinder]) -> FoundBoxes:
    """Boxes of a finder, kept in the cache."""
    return FoundBoxes(name, finder, cache_home() / "lifter" / "boxes")


class JointBoxes:
    """Boxes around the joints that the samples have.

    Args:
        name: Whose joints they are.
    """

    def __init__(self, name: str) -> None:
        self.name = f"joints of {name}"

    def __call__(self, media: Media, part: Part) -> npt.NDArray[np.float64]:
        """The box of a clip.

        Raises:
            DataError: The clip has no joints, or none of the part is seen.
        """
        return joints_box(media.keypoints(LAYOUT), part)
