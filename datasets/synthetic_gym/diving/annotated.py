"""The dives' annotations on disk: what scoring and keypoint methods need, without any rendering."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.arrays import ArrayArchive, text_of
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes, write_atomic

from .dive import DiveAnnotation, make_dive
from .plan import plan_dives
from .presets import DIVING_VERSION

__all__ = ["AnnotatedDives", "annotate_dives", "annotated_dives", "diving_fingerprint", "preset_folder"]


@dataclass(frozen=True)
class AnnotatedDives:
    """What is known of every dive of a preset.

    Attributes:
        preset: Name of the preset.
        fingerprint: Hash over the generator's version and the annotations.
        dives: Record of every dive by id, see :meth:`DiveAnnotation.record`.
        keypoints: Pixel x, y and confidence, shape ``(N, T, 17, 3)``, float32, in the order of ``dives``.
    """

    preset: str
    fingerprint: str
    dives: Mapping[str, Mapping[str, Any]]
    keypoints: NDArray[np.float32]

    def keypoints_of(self, dive: str) -> NDArray[np.float32]:
        """Keypoints of a dive, shape ``(T, 17, 3)``."""
        row: NDArray[np.float32] = self.keypoints[self._rows[dive]]
        return row

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rows", {name: row for row, name in enumerate(self.dives)})

    _rows: Any = field(default=None, repr=False)


def preset_folder(home: Path, preset: str) -> Path:
    """Where annotations and videos of a preset lie below the family's data folder."""
    return home / "diving" / f"v{DIVING_VERSION}" / preset


def annotate_dives(preset: str) -> list[DiveAnnotation]:
    """Scores, faults and keypoints of a preset, without rendering it.

    Raises:
        UsageError: There is no such preset.
    """
    return [make_dive(plan).annotation for plan in plan_dives(preset)]


def diving_fingerprint(preset: str, annotations: Sequence[DiveAnnotation]) -> str:
    """SHA-256 over the generator's version and what is annotated, floats to 6 significant digits."""
    records = [annotation.record() for annotation in annotations]
    return sha256_bytes(canonical_json(["diving", DIVING_VERSION, preset, records]).encode())


def annotated_dives(preset: str, home: Path) -> AnnotatedDives:
    """Annotations of a preset, computed once (seconds) and then read.

    Args:
        preset: Name of the preset.
        home: The family's data folder.

    Raises:
        UsageError: There is no such preset.
        DataError: The file cannot be read.
        AqaBenchError: It cannot be written.
    """
    file = preset_folder(home, preset) / "annotations.npz"
    if not file.is_file():
        _compute(preset, file)
    try:
        with ArrayArchive(file) as content:
            document, keypoints = json.loads(text_of(content.read("document"))), content.read("keypoints_2d")
    except (OSError, ValueError) as error:
        raise DataError(
            "The annotations of the synthetic dives cannot be read.",
            where=file,
            expected="the file that dataset prepare writes",
            found=str(error),
            remedy="Delete it; it is computed again.",
        ) from error
    return AnnotatedDives(
        preset, document["fingerprint"], {record["id"]: record for record in document["dives"]}, keypoints
    )


def _compute(preset: str, file: Path) -> None:
    annotations = annotate_dives(preset)
    document = {
        "fingerprint": diving_fingerprint(preset, annotations),
        "dives": [annotation.record() for annotation in annotations],
    }
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        document=np.array(canonical_json(document)),
        keypoints_2d=np.stack([a.keypoints_2d for a in annotations]).astype(np.float32),
    )
    write_atomic(file, buffer.getvalue())
