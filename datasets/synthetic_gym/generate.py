"""The dataset as a whole: annotated in seconds, rendered in parallel, written once."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, pretty_json, sha256_bytes, write_atomic
from aqa_bench.core.lock import exclusive

from .clip import ClipAnnotation, make_clip, make_shot
from .detector import detected_boxes, detected_heights
from .parallel import in_processes, results_of
from .plan import ClipPlan, plan_clips
from .presets import GENERATOR_VERSION, PRESETS, Exercise, preset_named
from .splits import split_sources
from .stills import Still, crop_person, row_stills, squat_stills
from .writer import (
    image_folder,
    jpeg,
    mp4,
    trajectory_file,
    video_file,
    write_annotations,
    write_keypoints,
    write_labels,
)

__all__ = [
    "MANIFEST",
    "Progress",
    "annotate",
    "annotation_fingerprint",
    "fingerprint",
    "generate",
    "records_fingerprint",
    "splits",
    "stills_of",
]

MANIFEST = "generator.json"
_PARTS = ".parts"
_log = logging.getLogger(__name__)

#: Called with the number of clips done and the number of all clips.
Progress = Callable[[int, int], None]


def annotate(preset: str, exercise: Exercise, jobs: int = 1) -> list[ClipAnnotation]:
    """Labels, keypoints and trajectories of a dataset without rendering it.

    Args:
        preset: Name of the preset.
        exercise: Which exercise.
        jobs: Worker processes; the annotations are the same to the last bit.

    Returns:
        One annotation a clip, the labelled ones first, in the order of :func:`plan_clips`.

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
    return split_sources(f"{preset}/{exercise}", labels)


def generate(
    preset: str,
    exercise: Exercise,
    out: Path,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    device: str = "cpu",
    annotations: Sequence[ClipAnnotation] | None = None,
) -> Path:
    """Render a dataset into a folder in the layout of the Fitness-AQA release.

    Every file is written whole; work is collected in ``<out>.partial`` and renamed to ``out`` at the
    end. A run that was stopped goes on where it was; one that finds another at work waits for it.

    Args:
        preset: Name of the preset.
        exercise: Which exercise.
        out: Folder of this preset and exercise alone.
        jobs: Worker processes; 1 renders in this process.
        progress: Told after every clip.
        device: Where to render; ``jobs`` above 1 is for the CPU.
        annotations: What :func:`annotate` gave, where that was asked before.

    Returns:
        ``out``.

    Raises:
        UsageError: There is no such preset.
        DataError: ``out`` exists and is not this dataset.
        AqaBenchError: ``out`` cannot be written.
    """
    preset_named(preset)
    annotations = annotate(preset, exercise, jobs) if annotations is None else annotations
    manifest = {
        "generator": "synthetic-gym",
        "version": GENERATOR_VERSION,
        "preset": preset,
        "exercise": exercise,
        "fingerprint": annotation_fingerprint(preset, exercise, annotations),
    }
    if not out.exists():
        with exclusive(out.with_name(f".{out.name}.lock")):
            if not out.exists():
                _generate(manifest, annotations, out, jobs, progress, device)
    _check(out, manifest)
    return out


def _generate(
    manifest: dict[str, str],
    annotations: Sequence[ClipAnnotation],
    out: Path,
    jobs: int,
    progress: Progress | None,
    device: str,
) -> None:
    preset, exercise = manifest["preset"], cast(Exercise, manifest["exercise"])
    partial = out.with_name(f"{out.name}.partial")
    if (partial / MANIFEST).is_file():
        _check(partial, manifest)
    write_atomic(partial / MANIFEST, pretty_json(manifest))

    make = functools.partial(_make, partial, device)
    plans = plan_clips(preset, exercise)
    todo = [plan for plan in plans if _visibility(partial, plan) is None]
    if progress is not None:
        progress(len(plans) - len(todo), len(plans))
    for done, _ in enumerate(in_processes(make, todo, jobs), len(plans) - len(todo) + 1):
        if progress is not None:
            progress(done, len(plans))
    seen = {plan.id: _visibility(partial, plan) for plan in plans}
    visibility = {name: share for name, share in seen.items() if share is not None}
    split = splits(preset, exercise, annotations)
    stills = [still for plan, a in zip(plans, annotations, strict=True) for still in stills_of(plan, a)]
    write_labels(partial, exercise, [a for a in annotations if a.role == "labelled"], stills, split)
    write_keypoints(partial, exercise, annotations)
    write_annotations(partial, annotations, split, visibility)
    for part in (partial / _PARTS).iterdir():
        part.unlink()
    (partial / _PARTS).rmdir()
    # Temporary names of files at which an earlier start was killed.
    for left in [file for file in partial.rglob(".*") if file.is_file()]:
        left.unlink()
    partial.rename(out)


def _visibility(partial: Path, plan: ClipPlan) -> float | None:
    """What the part file of a rendered clip says; None where the clip is to be rendered."""
    file = partial / _PARTS / f"{plan.id}.json"
    try:
        return float(parse_json(read_bounded(file))["visibility"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("%s is damaged (%s): the clip is rendered again.", file, error)
        return None


def _check(folder: Path, manifest: dict[str, str]) -> None:
    try:
        found = parse_json(read_bounded(folder / MANIFEST))
    except (OSError, ValueError):
        found = None
    if found != manifest:
        raise DataError(
            "The folder holds something else than the dataset asked for.",
            where=folder,
            expected=f"{manifest['exercise']}, preset {manifest['preset']}, generator {manifest['version']}",
            found="another dataset" if found else f"no readable {MANIFEST}",
            remedy="Choose another folder, or delete this one.",
        )


def stills_of(plan: ClipPlan, annotation: ClipAnnotation) -> list[Still]:
    """Images of the image tasks that are taken from a clip; none of an unlabelled one or of a press."""
    if plan.role != "labelled" or plan.exercise == "overhead-press":
        return []
    choose = squat_stills if plan.exercise == "backsquat" else row_stills
    return choose(plan, annotation)


def _make(root: Path, device: str, plan: ClipPlan) -> None:
    """Render one clip and write its media; the part file, written last, says that it is done."""
    from .render import render_shot

    preset, clip = PRESETS[plan.preset], make_clip(plan)
    rendered = render_shot(make_shot(clip), preset.size, preset.supersample, device)
    frames, annotation = rendered.frames.numpy(), clip.annotation
    if plan.exercise != "barbell-row":
        write_atomic(root / video_file(plan.exercise, plan.role, plan.id), mp4(frames, preset.fps))
    for still in stills_of(plan, annotation):
        image = frames[still.frame]
        if plan.exercise == "backsquat":
            image = crop_person(image, annotation.keypoints_2d[still.frame, :, :2])
        write_atomic(root / image_folder(plan.exercise) / f"{still.id}.jpg", jpeg(image))
    if plan.role == "unlabelled":
        rng = plan.stream("detector")
        detect = detected_heights if plan.exercise == "backsquat" else detected_boxes
        track: Any = detect(rng, annotation.bar_box, preset.size)
        write_atomic(root / trajectory_file(plan.exercise, plan.id), canonical_json(track))
    part = {"visibility": round(float(rendered.visibility.mean()), 4)}
    write_atomic(root / _PARTS / f"{plan.id}.json", canonical_json(part))
