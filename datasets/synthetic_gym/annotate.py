"""What is known of a dataset's clips before any is rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aqa_bench.core.files import canonical_json, sha256_bytes

from .clip import ClipAnnotation, make_clip
from .parallel import results_of
from .plan import ClipPlan, plan_clips
from .presets import GENERATOR_VERSION, Exercise, preset_named
from .splits import split_sources
from .stills import Still, row_stills, squat_stills

__all__ = ["annotate", "annotation_fingerprint", "fingerprint", "records_fingerprint", "splits", "stills_of"]


def annotate(preset: str, exercise: Exercise, jobs: int = 1) -> list[ClipAnnotation]:
    """Labels, keypoints and trajectories of a dataset without rendering it.

    Args:
        preset: Name of the preset.
        exercise: Which exercise.
        jobs: Worker processes; the annotations are the same to the last bit.

    Returns:
        One annotation per clip, the labelled ones first, in the order of :func:`plan_clips`.

    Raises:
        UsageError: There is no such preset.
    """
    return results_of(_annotation, plan_clips(preset, exercise), jobs)


def _annotation(plan: ClipPlan) -> ClipAnnotation:
    return make_clip(plan).annotation


def annotation_fingerprint(preset: str, exercise: Exercise, annotations: Sequence[ClipAnnotation]) -> str:
    """SHA-256 over the generator's version and what is annotated, floats to 6 significant digits."""
    return records_fingerprint(preset, exercise, [annotation.record() for annotation in annotations])


def records_fingerprint(preset: str, exercise: Exercise, records: Sequence[Mapping[str, Any]]) -> str:
    """As :func:`annotation_fingerprint`, of the annotations' records."""
    return sha256_bytes(canonical_json([GENERATOR_VERSION, preset, exercise, list(records)]).encode())


def fingerprint(preset: str, exercise: Exercise) -> str:
    """Identity of a dataset, the same wherever it is computed; nothing is rendered.

    Raises:
        UsageError: There is no such preset.
    """
    return annotation_fingerprint(preset, exercise, annotate(preset, exercise))


def splits(preset: str, exercise: Exercise, annotations: Sequence[ClipAnnotation]) -> dict[str, str]:
    """Part (train, val or test) of every labelled source."""
    labels: dict[str, list[dict[str, int]]] = {}
    for annotation in annotations:
        if annotation.role == "labelled":
            labels.setdefault(annotation.source, []).append(dict(annotation.labels))
    return split_sources(f"{preset}/{exercise}", labels, exact=preset_named(preset).exact)


def stills_of(plan: ClipPlan, annotation: ClipAnnotation) -> list[Still]:
    """Images of the image tasks that are taken from a clip; none of an unlabelled one or of a press."""
    if plan.role != "labelled" or plan.exercise == "overhead-press":
        return []
    choose = squat_stills if plan.exercise == "backsquat" else row_stills
    return choose(plan, annotation)
