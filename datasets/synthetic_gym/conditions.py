"""What the generator knows of a clip beside its labels: by these, results are split."""

from __future__ import annotations

from collections.abc import Mapping

from aqa_bench.core.condition import Condition
from aqa_bench.core.task import Unit

from .annotated import Annotated
from .clip import COCO_17
from .errors import ERRORS

__all__ = ["conditions_of"]

#: Joints from which each task can be read.
_TELLING: Mapping[str, tuple[str, ...]] = {
    "kie": ("hip", "knee", "ankle"),
    "kfe": ("hip", "knee", "ankle"),
    "ss": ("hip", "knee", "ankle"),
    "elbow": ("shoulder", "elbow", "wrist"),
    "knees": ("hip", "knee", "ankle"),
    "lumbar": ("shoulder", "hip"),
    "torso": ("shoulder", "hip"),
}
_IN_SIGHT = 1.0


def conditions_of(known: Annotated, task: str, unit: Unit) -> list[Condition]:
    """Size of the error, angle of the camera and share of the telling joints that nothing hides.

    The size is the largest of the repetition, so it is left out where a label is that of a single image and
    the error comes and goes. Joints are counted over the whole clip.

    Args:
        known: Annotations of the dataset.
        task: A task of it.
        unit: Whether its samples are clips or images.
    """
    if unit is Unit.CLIP:
        clips = {name: name for name, clip in known.clips.items() if clip["role"] == "labelled"}
    else:
        clips = {
            name: name.rpartition("_")[0] for name, still in known.stills.items() if task in still.labels
        }
    spec = next(spec for spec in ERRORS[known.exercise] if spec.name == task)
    joints = [i for i, name in enumerate(COCO_17) if name.partition("_")[2] in _TELLING[task]]
    records = known.clips
    in_sight = {
        clip: float((known.row(clip, "keypoints_2d")[:, joints, 2] >= _IN_SIGHT).mean())
        for clip in set(clips.values())
    }
    angle = {name: abs(_turned(records[clip]["camera"]["azimuth"])) for name, clip in clips.items()}
    found = [
        Condition("camera angle", "degrees off the front", angle),
        Condition("joints in sight", "share", {name: in_sight[clip] for name, clip in clips.items()}),
    ]
    if unit is Unit.CLIP or spec.when is None:
        sizes = {name: float(records[clip]["magnitudes"][task]) for name, clip in clips.items()}
        found.insert(0, Condition("error size", _UNITS[spec.unit], sizes, of_errors=True))
    return found


_UNITS = {"m": "metres", "deg": "degrees", "shank": "shank lengths"}


def _turned(degrees: float) -> float:
    """The angle between -180 and 180 degrees."""
    return (degrees + 180.0) % 360.0 - 180.0
