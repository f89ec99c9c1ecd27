"""A dataset's annotations on disk: what scoring and keypoint methods need, without any rendering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.lock import exclusive

from .annotate import annotate, annotation_fingerprint, records_fingerprint, stills_of
from .annotate import splits as source_splits
from .clip import ClipAnnotation, make_clip
from .parallel import worthwhile
from .plan import ClipPlan, plan_clips
from .presets import GENERATOR_VERSION, Exercise, preset_named
from .regenerated import Annotation, check_fingerprint, check_some, differing, read_sealed, write_sealed
from .splits import split_sources
from .stills import Still

__all__ = ["Annotated", "annotated", "computed", "differing_clips", "keep_annotations"]

_ARRAYS = ("keypoints_2d", "bar_box")


@dataclass(frozen=True)
class Annotated:
    """What is known of every clip of one preset and exercise.

    Attributes:
        preset: Name of the preset.
        exercise: Which exercise.
        fingerprint: Hash over the generator's version and the annotations.
        clips: Record of every clip by id, see :meth:`ClipAnnotation.record`.
        parts: Part (train, val or test) by labelled source.
        stills: Images of the image tasks by id.
        arrays: ``keypoints_2d`` (N, T, 17, 3) and ``bar_box`` (N, T, 4), float32, in the order of ``clips``.
    """

    preset: str
    exercise: Exercise
    fingerprint: str
    clips: Mapping[str, Mapping[str, Any]]
    parts: Mapping[str, str]
    stills: Mapping[str, Still]
    arrays: Mapping[str, NDArray[np.float32]]

    def row(self, clip: str, array: str) -> NDArray[np.float32]:
        """One clip's row of an array."""
        row: NDArray[np.float32] = self.arrays[array][self._rows[clip]]
        return row

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rows", {name: row for row, name in enumerate(self.clips)})

    _rows: Any = field(default=None, repr=False)


def annotated(preset: str, exercise: Exercise, home: Path, jobs: int | None = None) -> Annotated:
    """Annotations of a preset, computed once (seconds) and then read; some clips are computed again.

    Args:
        preset: Name of the preset.
        exercise: Which exercise.
        home: The family's data folder.
        jobs: Processes that compute them, one for each processor where None; what is kept is the same.

    Raises:
        UsageError: There is no such preset.
        Damaged: The file was changed, or is not what the generator computes.
        AqaBenchError: It cannot be written.
    """
    file = _file(preset, exercise, home)
    if not file.is_file():
        with exclusive(file.with_name(f".{file.name}.lock")):
            if not file.is_file():
                jobs = worthwhile(len(plan_clips(preset, exercise)), jobs)
                keep_annotations(preset, exercise, home, annotate(preset, exercise, jobs))
    status = file.stat()
    return _read(preset, exercise, file, status.st_mtime_ns, status.st_size, status.st_ino)


def differing_clips(known: Annotated) -> list[str]:
    """What is not as the generator computes it: ids of clips, and sources in another part."""
    plans = plan_clips(known.preset, known.exercise)
    strange = known.clips.keys() - {plan.id for plan in plans}
    labels: dict[str, list[dict[str, int]]] = {}
    for clip in known.clips.values():
        if clip["role"] == "labelled":
            labels.setdefault(clip["source"], []).append(clip["labels"])
    parts = split_sources(f"{known.preset}/{known.exercise}", labels, exact=preset_named(known.preset).exact)
    moved = [f"source {source}" for source in parts if known.parts.get(source) != parts[source]]
    return [*differing(plans, partial(_kept, known), _made), *sorted(strange), *moved]


@lru_cache(maxsize=8)
def _read(preset: str, exercise: Exercise, file: Path, _mtime: int, _size: int, _inode: int) -> Annotated:
    document, arrays = read_sealed(file, _ARRAYS)
    known = _known(preset, exercise, document, arrays)
    check_fingerprint(file, known.fingerprint, records_fingerprint(preset, exercise, document["clips"]))
    check_some(file, plan_clips(preset, exercise, "labelled"), partial(_kept, known), _made)
    return known


def _kept(known: Annotated, clip: str) -> Annotation:
    stills = [asdict(still) for name, still in known.stills.items() if name.rpartition("_")[0] == clip]
    arrays = {name: known.row(clip, name) for name in _ARRAYS}
    return {"record": known.clips[clip], "stills": stills}, arrays


def _made(plan: ClipPlan) -> Annotation:
    annotation = make_clip(plan).annotation
    stills = [asdict(still) for still in stills_of(plan, annotation)]
    arrays = {name: getattr(annotation, name).astype(np.float32) for name in _ARRAYS}
    return {"record": annotation.record(), "stills": stills}, arrays


def computed(preset: str, exercise: Exercise, jobs: int = 1) -> Annotated:
    """Annotations of a preset, computed and kept nowhere.

    Raises:
        UsageError: There is no such preset.
    """
    return _known(preset, exercise, *_contents(preset, exercise, annotate(preset, exercise, jobs)))


def keep_annotations(
    preset: str, exercise: Exercise, home: Path, annotations: Sequence[ClipAnnotation]
) -> None:
    """Write the annotations of a preset where :func:`annotated` reads them.

    Args:
        preset: Name of the preset.
        exercise: Which exercise.
        home: The family's data folder.
        annotations: What :func:`~.annotate.annotate` gives for it.

    Raises:
        AqaBenchError: The file cannot be written.
    """
    write_sealed(_file(preset, exercise, home), *_contents(preset, exercise, annotations))


def _contents(
    preset: str, exercise: Exercise, annotations: Sequence[ClipAnnotation]
) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    plans = plan_clips(preset, exercise)
    stills = [asdict(s) for plan, a in zip(plans, annotations, strict=True) for s in stills_of(plan, a)]
    document = {
        "fingerprint": annotation_fingerprint(preset, exercise, annotations),
        "clips": [annotation.record() for annotation in annotations],
        "parts": source_splits(preset, exercise, annotations),
        "stills": stills,
    }
    return document, {
        name: np.stack([getattr(a, name) for a in annotations]).astype(np.float32) for name in _ARRAYS
    }


def _known(
    preset: str, exercise: Exercise, document: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float32]]
) -> Annotated:
    return Annotated(
        preset=preset,
        exercise=exercise,
        fingerprint=document["fingerprint"],
        clips={record["id"]: record for record in document["clips"]},
        parts=document["parts"],
        stills={still["id"]: Still(**still) for still in document["stills"]},
        arrays=arrays,
    )


def _file(preset: str, exercise: Exercise, home: Path) -> Path:
    return home / f"v{GENERATOR_VERSION}" / preset_named(preset).drawn_as / f"{exercise}.annotations"
