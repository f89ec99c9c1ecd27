"""What is judged: a task and how it is scored."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

__all__ = ["Modality", "Task", "TaskKind", "Unit"]


class TaskKind(StrEnum):
    """Kind of target."""

    BINARY = "binary"
    """1 = the error is present, 0 = it is absent."""
    SCORE = "score"
    """A real number, higher is better execution."""
    ONE_CLASS = "one-class"
    """Like binary, but only error-free samples may be trained on."""


class Unit(StrEnum):
    """What one sample is."""

    CLIP = "clip"
    IMAGE = "image"
    SEQUENCE = "sequence"


class Modality(StrEnum):
    """What a sample's media can offer and a method can need."""

    FRAMES = "frames"
    IMAGE = "image"
    KEYPOINTS = "keypoints"
    JOINTS_3D = "joints-3d"
    DISTANCES = "distances"
    TRAJECTORY = "trajectory"
    BAR_BOXES = "bar-boxes"
    ATTRIBUTES = "attributes"
    FEATURES = "features"


class Task(BaseModel):
    """One question asked of every sample of a dataset.

    Attributes:
        id: Short id, e.g. ``kie``.
        name: The question in words.
        kind: Kind of target.
        unit: What one sample is.
        primary: Id of the metric that ranks methods.
        secondary: Ids of the metrics printed beside it.
        frames_per_clip: Frames a clip method should use, or None where the paper names none.
        withheld: Modalities of the dataset that samples of this task do not offer, so that tasks that
            tell different things of the same clips are never ranked together.
        description: What the positive class or the score means.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    kind: TaskKind
    unit: Unit
    primary: str
    secondary: tuple[str, ...] = ()
    frames_per_clip: int | None = None
    withheld: frozenset[Modality] = frozenset()
    description: str = ""
