"""The pictures of a dataset: rendered in parallel, written once, only those that are asked for."""

from __future__ import annotations

import functools
import io
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.arrays import ArrayArchive
from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, pretty_json, write_atomic
from aqa_bench.core.lock import exclusive

from ..fitness_aqa.layout import Kind
from .annotate import stills_of
from .annotated import Annotated, computed
from .clip import make_clip, make_shot
from .detector import detected_boxes, detected_heights
from .parallel import in_processes
from .plan import ClipPlan, plan_clips
from .presets import GENERATOR_VERSION, PRESETS, Exercise, preset_named
from .stills import crop_person
from .writer import (
    KEYPOINT_ARRAYS,
    image_folder,
    jpeg,
    mp4,
    trajectory_file,
    video_file,
    write_annotations,
    write_keypoints,
    write_labels,
)

__all__ = ["EVERYTHING", "MANIFEST", "Progress", "generate", "rendered_kinds"]

MANIFEST = "generator.json"
_PARTS = ".parts"
_log = logging.getLogger(__name__)

#: What can be rendered: videos of labelled clips, stills cut from them, and videos of the pool.
EVERYTHING = frozenset({Kind.CLIP, Kind.IMAGE, Kind.POOL})

#: Called with the number of clips done and the number of all clips.
Progress = Callable[[int, int], None]


def rendered_kinds(preset: str, exercise: Exercise) -> frozenset[Kind]:
    """What there is to render of an exercise: rows have no videos and no pool, presses no stills.

    Raises:
        UsageError: There is no such preset.
    """
    kinds = {Kind.IMAGE} if exercise == "barbell-row" else {Kind.CLIP}
    if exercise == "backsquat":
        kinds.add(Kind.IMAGE)
    if preset_named(preset).clips[exercise][1]:
        kinds.add(Kind.POOL)
    return frozenset(kinds)


def generate(
    preset: str,
    exercise: Exercise,
    out: Path,
    *,
    kinds: Collection[Kind] = EVERYTHING,
    jobs: int = 1,
    progress: Progress | None = None,
    device: str = "cpu",
    known: Annotated | None = None,
) -> Path:
    """Render a dataset, or some of it, into a folder in the layout of the Fitness-AQA release.

    Every file is written whole; work is collected in ``<out>.partial`` and renamed to ``out`` at the
    end. A run that was stopped goes on where it was; one that finds another at work waits for it. A
    picture is the same whatever else is rendered beside it.

    Args:
        preset: Name of the preset.
        exercise: Which exercise.
        out: Folder of these pictures alone.
        kinds: What to render; where only stills are wanted, no other frame of their clips is drawn.
        jobs: Worker processes; 1 renders in this process.
        progress: Told after every clip.
        device: Where to render; ``jobs`` above 1 is for the CPU.
        known: The dataset's annotations, where they are known; otherwise they are computed.

    Returns:
        ``out``.

    Raises:
        UsageError: There is no such preset.
        DataError: ``out`` exists and is not this dataset, or holds other kinds of pictures.
        AqaBenchError: ``out`` cannot be written.
    """
    wanted = rendered_kinds(preset, exercise) & frozenset(kinds)
    known = computed(preset, exercise, jobs) if known is None else known
    manifest = {
        "generator": "synthetic-gym",
        "version": GENERATOR_VERSION,
        "preset": preset,
        "exercise": exercise,
        "kinds": sorted(wanted),
        "fingerprint": known.fingerprint,
    }
    if not out.exists():
        with exclusive(out.with_name(f".{out.name}.lock")):
            if not out.exists():
                _generate(manifest, known, wanted, out, jobs, progress, device)
    _check(out, manifest)
    return out


def _generate(
    manifest: dict[str, Any],
    known: Annotated,
    kinds: frozenset[Kind],
    out: Path,
    jobs: int,
    progress: Progress | None,
    device: str,
) -> None:
    partial = out.with_name(f"{out.name}.partial")
    if (partial / MANIFEST).is_file():
        _check(partial, manifest)
    write_atomic(partial / MANIFEST, pretty_json(manifest))

    make = functools.partial(_make, partial, device, kinds)
    plans = [plan for plan in plan_clips(known.preset, known.exercise) if _is_wanted(plan, kinds)]
    todo = [plan for plan in plans if _rows(partial, plan) is None]
    if progress is not None:
        progress(len(plans) - len(todo), len(plans))
    for done, _ in enumerate(in_processes(make, todo, jobs), len(plans) - len(todo) + 1):
        if progress is not None:
            progress(done, len(plans))
    _write_index_files(partial, known, kinds, plans)
    for part in (partial / _PARTS).iterdir():
        part.unlink()
    (partial / _PARTS).rmdir()
    # Temporary names of files at which an earlier start was killed.
    for left in [file for file in partial.rglob(".*") if file.is_file()]:
        left.unlink()
    partial.rename(out)


def _is_wanted(plan: ClipPlan, kinds: frozenset[Kind]) -> bool:
    return Kind.POOL in kinds if plan.role == "unlabelled" else bool(kinds - {Kind.POOL})


def _part(root: Path, plan: ClipPlan) -> Path:
    return root / _PARTS / f"{plan.id}.npz"


def _rows(root: Path, plan: ClipPlan) -> dict[str, NDArray[np.float32]] | None:
    """What the part file of a rendered clip holds; None where the clip is to be rendered."""
    file = _part(root, plan)
    try:
        with ArrayArchive(read_bounded(file)) as part:
            return {name: part.read(name) for name in ("visibility", *KEYPOINT_ARRAYS)}
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _log.warning("%s is damaged (%s); the clip is rendered again.", file, error)
        return None


def _write_index_files(
    root: Path, known: Annotated, kinds: frozenset[Kind], plans: Sequence[ClipPlan]
) -> None:
    """Labels, splits, annotations and keypoints of the clips rendered."""
    records = [known.clips[plan.id] for plan in plans]
    labelled = [record for record in records if record["role"] == "labelled"]
    if labelled:
        stills = list(known.stills.values()) if Kind.IMAGE in kinds else []
        write_labels(root, known.exercise, labelled, stills, known.parts)
    rows = {plan.id: found for plan in plans if (found := _rows(root, plan)) is not None}
    visibility = {name: float(row["visibility"]) for name, row in rows.items()}
    write_annotations(root, records, known.parts, visibility)
    arrays = {name: [row[name] for row in rows.values()] for name in KEYPOINT_ARRAYS}
    write_keypoints(root, known.exercise, list(rows), arrays)


def _check(folder: Path, manifest: Mapping[str, Any]) -> None:
    try:
        found = parse_json(read_bounded(folder / MANIFEST))
    except (OSError, ValueError):
        found = None
    if found != manifest:
        what = f"{manifest['exercise']}, preset {manifest['preset']}, generator {manifest['version']}"
        raise DataError(
            "The folder contains something other than the requested dataset.",
            where=folder,
            expected=f"{what}: {', '.join(manifest['kinds'])}",
            found="another dataset, or different pictures of it" if found else f"no readable {MANIFEST}",
            remedy="Choose another folder, or delete this one.",
        )


def _make(root: Path, device: str, kinds: frozenset[Kind], plan: ClipPlan) -> None:
    """Render one clip and write its media; the part file, written last, says that it is done."""
    from .render import render_shot

    preset, clip = PRESETS[plan.preset], make_clip(plan)
    annotation = clip.annotation
    stills = stills_of(plan, annotation) if Kind.IMAGE in kinds else []
    filmed = Kind.POOL if plan.role == "unlabelled" else Kind.CLIP
    shown = list(range(preset.frames)) if filmed in kinds else [still.frame for still in stills]
    visibility = float("nan")
    if shown:
        rendered = render_shot(make_shot(clip), preset.size, preset.supersample, device, shown)
        frames, visibility = rendered.frames.numpy(), float(rendered.visibility.mean())
    if filmed in kinds:
        write_atomic(root / video_file(plan.exercise, plan.role, plan.id), mp4(frames, preset.fps))
    for still in stills:
        image = frames[shown.index(still.frame)]
        if plan.exercise == "backsquat":
            image = crop_person(image, annotation.keypoints_2d[still.frame, :, :2])
        write_atomic(root / image_folder(plan.exercise) / f"{still.id}.jpg", jpeg(image))
    if plan.role == "unlabelled":
        rng = plan.stream("detector")
        detect = detected_heights if plan.exercise == "backsquat" else detected_boxes
        track: Any = detect(rng, annotation.bar_box, preset.size)
        write_atomic(root / trajectory_file(plan.exercise, plan.id), canonical_json(track))
    buffer = io.BytesIO()
    arrays: Any = {name: getattr(annotation, name).astype(np.float32) for name in KEYPOINT_ARRAYS}
    np.savez(buffer, visibility=np.float32(visibility), **arrays)
    write_atomic(_part(root, plan), buffer.getvalue())
