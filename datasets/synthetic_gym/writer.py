"""Label, split and trajectory files in the layout of the Fitness-AQA release."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.files import canonical_json, write_atomic
from aqa_bench.media.x264 import x264_options

from .clip import COCO_17
from .presets import Exercise
from .splits import SPLITS
from .stills import Still

__all__ = [
    "ANNOTATIONS",
    "KEYPOINT_ARRAYS",
    "RELEASE",
    "image_folder",
    "jpeg",
    "keypoint_file",
    "mp4",
    "trajectory_file",
    "video_file",
    "write_annotations",
    "write_keypoints",
    "write_labels",
]

RELEASE = "Fitness-AQA_dataset_release"
ANNOTATIONS = "annotations.jsonl"
#: Arrays of a clip in the file of keypoints.
KEYPOINT_ARRAYS = ("keypoints_2d", "keypoints_3d", "bar_box", "bar_height", "cycle")
_FOLDER: Mapping[str, str] = {"backsquat": "Squat", "overhead-press": "OHP", "barbell-row": "BarbellRow"}
_ROLE: Mapping[str, str] = {"labelled": "Labeled_Dataset", "unlabelled": "Unlabeled_Dataset"}
_CLIP_LABELS: Mapping[str, str] = {
    "kie": "error_knees_inward",
    "kfe": "error_knees_forward",
    "elbow": "error_elbows",
    "knees": "error_knees",
}
_SHALLOW = "Shallow_Squat_Error_Dataset"
_IMAGE_LABELS: Mapping[str, tuple[str, str]] = {
    "ss": (f"{_SHALLOW}/labels_shallow_depth", f"{_SHALLOW}/splits"),
    "lumbar": ("Labels/labels_lumbar_error", "Splits/Splits_Lumbar_Error"),
    "torso": ("Labels/labels_torso_angle_error", "Splits/Splits_TorsoAngle_Error"),
}


def _folder(exercise: Exercise, role: str) -> Path:
    return Path(RELEASE) / _FOLDER[exercise] / _ROLE[role]


def video_file(exercise: Exercise, role: str, clip: str) -> Path:
    """Place of a clip's video below the root."""
    return _folder(exercise, role) / "videos" / f"{clip}.mp4"


def trajectory_file(exercise: Exercise, clip: str) -> Path:
    """Place of an unlabelled clip's bar trajectory below the root."""
    return _folder(exercise, "unlabelled") / "bar_trajectories_raw" / f"{clip}.json"


def image_folder(exercise: Exercise) -> Path:
    """Place of the images of the image tasks below the root."""
    inner = f"{_SHALLOW}/images/crops_unaligned" if exercise == "backsquat" else "barbellrow_images_raw"
    return _folder(exercise, "labelled") / inner


def keypoint_file(exercise: Exercise) -> Path:
    """Place of the keypoints below the root."""
    return Path("keypoints") / f"{exercise}.npz"


def mp4(frames: NDArray[np.uint8], fps: float) -> bytes:
    """Encode a video as H.264, 4:2:0, constant rate factor 18: the same bytes for the same frames.

    Args:
        frames: RGB, shape ``(T, S, S, 3)``; ``S`` is even.
        fps: Frames per second.
    """
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        rate, options = Fraction(fps).limit_denominator(1000), x264_options(18, "veryfast")
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def jpeg(image: NDArray[np.uint8]) -> bytes:
    """Encode an RGB image of shape ``(H, W, 3)`` as JPEG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def write_labels(
    root: Path,
    exercise: Exercise,
    records: Sequence[Mapping[str, Any]],
    stills: Sequence[Still],
    split: Mapping[str, str],
) -> None:
    """Write label and split files.

    Args:
        root: The dataset's folder.
        exercise: Which exercise.
        records: Labelled clips, see :meth:`ClipAnnotation.record`.
        stills: Images of the image tasks.
        split: Part by source.
    """
    base = root / _folder(exercise, "labelled")
    clips = sorted(records, key=lambda clip: str(clip["id"]))
    for task, name in _CLIP_LABELS.items():
        if clips and task in clips[0]["labels"]:
            intervals = {clip["id"]: [list(span) for span in clip["intervals"][task]] for clip in clips}
            write_atomic(base / "Labels" / f"{name}.json", canonical_json(intervals))
    if exercise != "barbell-row":
        _write_splits(base / "Splits", "keys", [clip["id"] for clip in clips], split)
    for task, (labels, folder) in _IMAGE_LABELS.items():
        images = {still.id: still.labels[task] for still in stills if task in still.labels}
        if images:
            write_atomic(base / f"{labels}.json", canonical_json(images))
            _write_splits(base / folder, "ids", list(images), split)


def _write_splits(folder: Path, kind: str, ids: Sequence[str], split: Mapping[str, str]) -> None:
    for name in SPLITS:
        members = sorted(i for i in ids if split[i.split("_")[0]] == name)
        write_atomic(folder / f"{name}_{kind}.json", canonical_json(members))


def write_annotations(
    root: Path,
    records: Iterable[Mapping[str, Any]],
    split: Mapping[str, str],
    visibility: Mapping[str, float],
) -> None:
    """Write one JSON line per clip: everything known about it but its arrays.

    Args:
        root: The dataset's folder.
        records: The clips, see :meth:`ClipAnnotation.record`.
        split: Part by source of the labelled clips.
        visibility: Share of the lifter's pixels in sight over the frames rendered, by clip; NaN, written
            as null, where none was.
    """
    lines: list[dict[str, Any]] = []
    for record in records:
        part, seen = split.get(record["source"]), visibility[record["id"]]
        line = {"split": part if record["role"] == "labelled" else None}
        lines.append({**record, **line, "visibility": None if math.isnan(seen) else round(seen, 4)})
    write_atomic(root / ANNOTATIONS, "".join(canonical_json(line) + "\n" for line in lines))


def write_keypoints(
    root: Path, exercise: Exercise, ids: Sequence[str], rows: Mapping[str, Sequence[NDArray[np.float32]]]
) -> None:
    """Write the arrays of clips to one npz file.

    Arrays: ``ids`` (N,), ``joints`` (17,), ``keypoints_2d`` (N, T, 17, 3) as x, y, confidence in
    pixels, ``keypoints_3d`` (N, T, 17, 3) in metres, ``bar_box`` (N, T, 4) in pixels,
    ``bar_height`` (N, T) in metres and ``cycle`` (N, T); floats are float32.

    Args:
        root: The dataset's folder.
        exercise: Which exercise.
        ids: Ids of the clips.
        rows: Of each of ``KEYPOINT_ARRAYS``, one row per clip.
    """
    arrays: dict[str, Any] = {name: np.stack(rows[name]) for name in KEYPOINT_ARRAYS}
    arrays |= {"ids": np.array(ids), "joints": np.array(COCO_17)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_atomic(root / keypoint_file(exercise), buffer.getvalue())
