"""A dataset's annotations on disk: what scoring and keypoint methods need, without any rendering."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, write_atomic

from .clip import ClipAnnotation
from .generate import annotate, annotation_fingerprint, stills_of
from .generate import splits as source_splits
from .plan import plan_clips
from .presets import GENERATOR_VERSION, Exercise
from .stills import Still

__all__ = ["Annotated", "annotated", "keep_annotations"]

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


def annotated(preset: str, exercise: Exercise, home: Path) -> Annotated:
    """Annotations of a preset, computed once (seconds) and then read.

    Args:
        preset: Name of the preset.
        exercise: Which exercise.
        home: The family's data folder.

    Raises:
        UsageError: There is no such preset.
        DataError: The file cannot be read.
        AqaBenchError: It cannot be written.
    """
    file = _file(preset, exercise, home)
    if not file.is_file():
        keep_annotations(preset, exercise, home, annotate(preset, exercise))
    try:
        with np.load(file, allow_pickle=False) as content:
            document = json.loads(str(content["document"]))
            arrays = {name: content[name] for name in _ARRAYS}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            "The annotations of the synthetic gym cannot be read.",
            where=file,
            expected="the file that dataset prepare writes",
            found=str(error),
            remedy="Delete it; it is computed again.",
        ) from error
    return Annotated(
        preset=preset,
        exercise=exercise,
        fingerprint=document["fingerprint"],
        clips={record["id"]: record for record in document["clips"]},
        parts=document["parts"],
        stills={still["id"]: Still(**still) for still in document["stills"]},
        arrays=arrays,
    )


def keep_annotations(
    preset: str, exercise: Exercise, home: Path, annotations: Sequence[ClipAnnotation]
) -> None:
    """Write the annotations of a preset where :func:`annotated` reads them.

    Args:
        preset: Name of the preset.
        exercise: Which exercise.
        home: The family's data folder.
        annotations: What :func:`~.generate.annotate` gives for it.

    Raises:
        AqaBenchError: The file cannot be written.
    """
    plans = plan_clips(preset, exercise)
    stills = [asdict(s) for plan, a in zip(plans, annotations, strict=True) for s in stills_of(plan, a)]
    document = {
        "fingerprint": annotation_fingerprint(preset, exercise, annotations),
        "clips": [annotation.record() for annotation in annotations],
        "parts": source_splits(preset, exercise, annotations),
        "stills": stills,
    }
    arrays = {name: np.stack([getattr(a, name) for a in annotations]).astype(np.float32) for name in _ARRAYS}
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        document=np.array(canonical_json(document)),
        keypoints_2d=arrays["keypoints_2d"],
        bar_box=arrays["bar_box"],
    )
    write_atomic(_file(preset, exercise, home), buffer.getvalue())


def _file(preset: str, exercise: Exercise, home: Path) -> Path:
    return home / f"v{GENERATOR_VERSION}" / preset / f"{exercise}.annotations.npz"
