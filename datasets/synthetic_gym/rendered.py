"""Rendered media on disk: folders by what they hold, under one index, grown as runs ask for more."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from aqa_bench.core.errors import DataError
from aqa_bench.core.lock import exclusive
from aqa_bench.core.progress import Progress

from ..fitness_aqa.adapter import FitnessAQA
from ..fitness_aqa.build import build_indexes
from ..fitness_aqa.family import FitnessAQAFamily
from ..fitness_aqa.index import write_index
from ..fitness_aqa.layout import Kind
from .annotated import annotated
from .cards import CARDS
from .generate import EVERYTHING, MANIFEST, generate, rendered_kinds
from .presets import GENERATOR_VERSION, Exercise, Role, preset_named

__all__ = ["KINDS_OF_ROLE", "open_release", "release_folder", "render"]

#: What is rendered of the clips of each role.
KINDS_OF_ROLE: dict[Role, frozenset[Kind]] = {
    "labelled": frozenset({Kind.CLIP, Kind.IMAGE}),
    "unlabelled": frozenset({Kind.POOL}),
}
_NAMES = {Kind.CLIP: "labelled videos", Kind.IMAGE: "stills", Kind.POOL: "unlabelled videos"}
_FAMILY = FitnessAQAFamily(CARDS)


def release_folder(home: Path, preset: str, exercise: Exercise) -> Path:
    """Where the rendered media lie, or will."""
    return home / f"v{GENERATOR_VERSION}" / preset_named(preset).drawn_as / exercise


def open_release(home: Path, preset: str, exercise: Exercise) -> FitnessAQA:
    """What has been rendered, read by the adapter of the real release.

    Raises:
        DataError: Nothing has been rendered, or the index is damaged.
    """
    return _FAMILY.open(f"synthetic-gym/{exercise}", release_folder(home, preset, exercise).parent)


def render(
    exercise: Exercise,
    preset: str,
    home: Path,
    progress: Progress,
    device: str = "cpu",
    jobs: int | None = None,
    kinds: Collection[Kind] = EVERYTHING,
) -> Sequence[str]:
    """Render of one exercise what is wanted and not there yet, and index it.

    Args:
        exercise: Which exercise.
        preset: Name of the preset.
        home: The family's data folder.
        progress: Where to report.
        device: Where to render.
        jobs: Processes, one for each processor where None; a GPU is fed by one.
        kinds: What is wanted.

    Returns:
        What is there now, in sentences.
    """
    folder, title = release_folder(home, preset, exercise), f"synthetic-gym/{exercise} ({preset})"
    wanted = rendered_kinds(preset, exercise) & frozenset(kinds)
    missing = wanted - _found(home, preset, exercise).keys()
    if missing and _complete(folder):
        _index(home, preset, exercise, progress)
        missing = wanted - _found(home, preset, exercise).keys()
    if missing:
        jobs = jobs or os.cpu_count() or 1
        progress.start(f"annotating {title}")
        known = annotated(preset, exercise, home, jobs)
        for name, contents in _folders_for(missing).items():
            steps = _Steps(progress, f"{title}: {name}")
            generate(
                preset,
                exercise,
                folder / name,
                kinds=contents,
                jobs=jobs if device == "cpu" else 1,
                progress=steps,
                device=device,
                known=known,
            )
        progress.close()
        _index(home, preset, exercise, progress)
    found = _found(home, preset, exercise)
    held = ", ".join(f"{found[kind]:,} {_NAMES[kind]}" for kind in sorted(found))
    said = f"{held or 'nothing to render'} {'rendered into' if missing else 'already in'} {folder}"
    return [f"synthetic-gym/{exercise}, preset {preset}: {said}"]


def _found(home: Path, preset: str, exercise: Exercise) -> dict[Kind, int]:
    """Number of media of each kind that the index names."""
    try:
        index = open_release(home, preset, exercise).index
    except DataError:
        return {}
    return {kind: len(index.entries(kind)) for kind in EVERYTHING if index.entries(kind)}


def _folders_for(kinds: frozenset[Kind]) -> dict[str, frozenset[Kind]]:
    """Folders to render into. Videos come with their stills; stills alone cost a third of them."""
    folders: dict[str, frozenset[Kind]] = {}
    if Kind.CLIP in kinds:
        folders["labelled"] = KINDS_OF_ROLE["labelled"]
    elif Kind.IMAGE in kinds:
        folders["images"] = frozenset({Kind.IMAGE})
    if Kind.POOL in kinds:
        folders["unlabelled"] = frozenset({Kind.POOL})
    return folders


def _complete(folder: Path) -> list[Path]:
    """Folders whose media are all there and in no other one of them."""
    # An earlier version rendered everything into the folder itself.
    if (folder / MANIFEST).is_file():
        return [folder]
    whole = [name for name in ("labelled", "images", "unlabelled") if (folder / name / MANIFEST).is_file()]
    return [folder / name for name in whole if name != "images" or "labelled" not in whole]


def _index(home: Path, preset: str, exercise: Exercise, progress: Progress) -> None:
    """Index every folder that is complete; the one that ends last sees them all."""
    folder = release_folder(home, preset, exercise)
    with exclusive(folder.with_name(f".{exercise}.index.lock")):
        try:
            earlier = [open_release(home, preset, exercise).index]
        except DataError:
            earlier = []
        indexes = build_indexes(_complete(folder), progress, earlier, [exercise])
        write_index(indexes[exercise], _FAMILY.index_path(exercise, folder.parent))


class _Steps:
    """Turns counts of clips done into steps."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress, self._name, self._done = progress, name, -1

    def __call__(self, done: int, total: int) -> None:
        if self._done < 0:
            self._progress.start(f"rendering {self._name}", total)
            self._done = 0
        self._progress.advance(done - self._done)
        self._done = done
