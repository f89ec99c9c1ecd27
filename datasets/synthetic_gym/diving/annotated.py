"""The dives' annotations on disk: what scoring and keypoint methods need, without any rendering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.lock import exclusive

from ..parallel import results_of, worthwhile
from ..regenerated import Annotation, check_fingerprint, check_some, differing, read_sealed, write_sealed
from .dive import DiveAnnotation, make_dive
from .plan import DivePlan, plan_dives
from .presets import DIVING_VERSION

__all__ = [
    "AnnotatedDives",
    "annotate_dives",
    "annotated_dives",
    "differing_dives",
    "diving_fingerprint",
    "preset_folder",
]


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


def annotate_dives(preset: str, jobs: int = 1) -> list[DiveAnnotation]:
    """Scores, faults and keypoints of a preset, without rendering it.

    Args:
        preset: Name of the preset.
        jobs: Worker processes; the annotations are the same to the last bit.

    Raises:
        UsageError: There is no such preset.
    """
    return results_of(_annotation, plan_dives(preset), jobs)


def _annotation(plan: DivePlan) -> DiveAnnotation:
    return make_dive(plan).annotation


def diving_fingerprint(preset: str, annotations: Sequence[DiveAnnotation]) -> str:
    """SHA-256 over the generator's version and what is annotated, floats to 6 significant digits."""
    return _records_fingerprint(preset, [annotation.record() for annotation in annotations])


def _records_fingerprint(preset: str, records: Sequence[Mapping[str, Any]]) -> str:
    return sha256_bytes(canonical_json(["diving", DIVING_VERSION, preset, list(records)]).encode())


def annotated_dives(preset: str, home: Path) -> AnnotatedDives:
    """Annotations of a preset, computed once (seconds) and then read; some dives are computed again.

    Args:
        preset: Name of the preset.
        home: The family's data folder.

    Raises:
        UsageError: There is no such preset.
        Damaged: The file was changed, or is not what the generator computes.
        AqaBenchError: It cannot be written.
    """
    file = preset_folder(home, preset) / "dives.annotations"
    if not file.is_file():
        with exclusive(file.with_name(f".{file.name}.lock")):
            if not file.is_file():
                _compute(preset, file)
    status = file.stat()
    return _read(preset, file, status.st_mtime_ns, status.st_size, status.st_ino)


def differing_dives(known: AnnotatedDives) -> list[str]:
    """Ids of the dives that are not as the generator computes them."""
    plans = plan_dives(known.preset)
    strange = known.dives.keys() - {plan.id for plan in plans}
    return [*differing(plans, partial(_kept, known), _made), *sorted(strange)]


@lru_cache(maxsize=8)
def _read(preset: str, file: Path, _mtime: int, _size: int, _inode: int) -> AnnotatedDives:
    document, arrays = read_sealed(file, ["keypoints_2d"])
    dives = {record["id"]: record for record in document["dives"]}
    known = AnnotatedDives(preset, document["fingerprint"], dives, arrays["keypoints_2d"])
    check_fingerprint(file, known.fingerprint, _records_fingerprint(preset, document["dives"]))
    check_some(file, plan_dives(preset), partial(_kept, known), _made)
    return known


def _kept(known: AnnotatedDives, dive: str) -> Annotation:
    return known.dives[dive], {"keypoints_2d": known.keypoints_of(dive)}


def _made(plan: DivePlan) -> Annotation:
    annotation = make_dive(plan).annotation
    return annotation.record(), {"keypoints_2d": annotation.keypoints_2d.astype(np.float32)}


def _compute(preset: str, file: Path) -> None:
    annotations = annotate_dives(preset, worthwhile(len(plan_dives(preset)), None))
    document = {
        "fingerprint": diving_fingerprint(preset, annotations),
        "dives": [annotation.record() for annotation in annotations],
    }
    keypoints = np.stack([a.keypoints_2d for a in annotations]).astype(np.float32)
    write_sealed(file, document, {"keypoints_2d": keypoints})
