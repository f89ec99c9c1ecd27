"""What is known of the release: its classes, how files are named, and how many there should be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "CLASSES",
    "DISTANCES",
    "ERRORS",
    "FRAMES",
    "GOOD",
    "JOINTS",
    "LAYOUT",
    "ClipName",
    "class_of",
    "parse_stem",
]

GOOD = "good"
LAYOUT = "hmr-19"
JOINTS = 19
DISTANCES = JOINTS * (JOINTS - 1) // 2
FRAMES = 300
"""Frames of a clip that are used: files hold 298 to 301."""

CLASSES: dict[str, int] = {
    GOOD: 293,
    "bad_back_round": 280,
    "bad_back_warp": 312,
    "bad_head": 272,
    "bad_innner_thigh": 230,
    "bad_shallow": 319,
    "bad_toe": 295,
}
"""Number of pose files by class folder as counted by a user of the release, in the release's spelling."""

ERRORS: dict[str, str] = {
    "kie": "bad_innner_thigh",
    "cvrb": "bad_back_round",
    "ccrb": "bad_back_warp",
    "ss": "bad_shallow",
    "kfe": "bad_toe",
}
"""Error class by task (Parmar et al., ECCV 2022, Table 1); ``bad_head`` is in none."""

_STEM = re.compile(r"([0-9]{4})_squat_([0-9]+)", re.ASCII)
_SPELLINGS = {"bad_inner_thigh": "bad_innner_thigh"}


@dataclass(frozen=True, slots=True, order=True)
class ClipName:
    """A clip as its file is named.

    Attributes:
        folder: Class folder, in the release's spelling.
        stem: File name without suffix; numbers may start again in each class.
    """

    folder: str
    stem: str

    @property
    def id(self) -> str:
        """Sample id, e.g. ``good/0918_squat_000001``."""
        return f"{self.folder}/{self.stem}"

    @property
    def day(self) -> str:
        """Month and day of the recording."""
        return self.stem[:4]


def parse_stem(stem: str) -> str | None:
    """The recording day in a file's stem, or None where the release names no file so.

    Example:
        >>> parse_stem("0918_squat_000012")
        '0918'
    """
    match = _STEM.fullmatch(stem)
    return match[1] if match else None


def class_of(folders: Iterable[str]) -> str | None:
    """The class that the nearest of some folders names, or None.

    Args:
        folders: Folder names, from the file upwards. Case does not matter, and the thigh may be spelt
            with two n.

    Example:
        >>> class_of(["1115_3djoints_index", "Bad_inner_thigh", "good"])
        'bad_innner_thigh'
    """
    for folder in folders:
        name = folder.lower()
        name = _SPELLINGS.get(name, name)
        if name in CLASSES:
            return name
    return None
