"""What was published: the exercises, and name, size and SHA-256 of every file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["EXERCISES", "Exercise", "Release", "ReleasedFile", "parse_name", "release"]

_NAME = re.compile(r"(bicep|frontraise|shoulderpress|shouldershrug)_?(good|bad)_?([0-9]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise of the release.

    Attributes:
        dataset: Dataset id.
        name: Name in words.
        folder: Folder below ``poses_compressed``; file names start with it.
        good: Number of clips in good form.
        bad: Number of clips in bad form.
        missing: Share of joints that were not detected, as the mean over clips.
    """

    dataset: str
    name: str
    folder: str
    good: int
    bad: int
    missing: float


EXERCISES: Mapping[str, Exercise] = {
    exercise.dataset: exercise
    for exercise in (
        Exercise("pose-trainer/bicep-curl", "Bicep curl", "bicep", 6, 10, 0.284),
        Exercise("pose-trainer/front-raise", "Front raise", "frontraise", 15, 13, 0.203),
        Exercise("pose-trainer/shoulder-press", "Shoulder press", "shoulderpress", 19, 17, 0.211),
        Exercise("pose-trainer/shoulder-shrug", "Shoulder shrug", "shouldershrug", 15, 17, 0.0),
    )
}
"""Every exercise by dataset id, with what was measured on the published files."""


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    """One published file.

    Attributes:
        id: Sample id: the file's stem.
        path: Path below ``poses_compressed``.
        exercise: Its exercise.
        target: 1.0 = bad form, 0.0 = good form.
        size: Bytes.
        sha256: Hex digest of the content.
        recording: Recording it was cut from, named by its first clip. Clips that share a frame, byte
            for byte, are cuts of one recording, and so are clips linked by a chain of such pairs.
    """

    id: str
    path: str
    exercise: Exercise
    target: float
    size: int
    sha256: str
    recording: str


@dataclass(frozen=True, slots=True)
class Release:
    """The published files.

    Attributes:
        repository: ``owner/name`` on GitHub.
        commit: Commit that the hashes were taken at.
        files: Every file by sample id: by exercise, bad before good, then by number.
    """

    repository: str
    commit: str
    files: Mapping[str, ReleasedFile]

    def of(self, dataset: str) -> tuple[ReleasedFile, ...]:
        """The files of a dataset id."""
        return tuple(file for file in self.files.values() if file.exercise.dataset == dataset)


def parse_name(stem: str) -> tuple[Exercise, float] | None:
    """Read exercise and target off a file's stem.

    Args:
        stem: File name without ``.npy``.

    Returns:
        The exercise and 1.0 for bad or 0.0 for good form; None where the name follows no pattern
        of the release.

    Example:
        >>> exercise, target = parse_name("shoulderpressbad12")
        >>> exercise.dataset, target
        ('pose-trainer/shoulder-press', 1.0)
    """
    match = _NAME.fullmatch(stem)
    if match is None:
        return None
    exercise = next(e for e in EXERCISES.values() if e.folder == match[1])
    return exercise, float(match[2] == "bad")


@cache
def release() -> Release:
    """The manifest that comes with the adapter."""
    manifest = json.loads(Path(__file__).with_name("manifest.json").read_text(encoding="utf-8"))
    files = {}
    for path, facts in manifest["files"].items():
        stem = Path(path).stem
        parsed = parse_name(stem)
        if parsed is not None:
            files[stem] = ReleasedFile(stem, path, *parsed, **facts)
    return Release(manifest["repository"], manifest["commit"], files)
