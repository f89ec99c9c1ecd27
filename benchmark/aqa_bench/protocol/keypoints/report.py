"""Outcome of an audit of poses, as the document of ``dataset verify --keypoints --json``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.record import KeypointFiles

__all__ = ["Confidence", "FrameCount", "KeypointAudit", "PeopleCount", "Problem", "TaskCoverage"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(_Strict):
    """One sample's files that a run would refuse."""

    sample: str
    what: str
    where: str
    expected: str
    found: str
    remedy: str


class TaskCoverage(_Strict):
    """Samples of a task that are available, and those of them with poses."""

    samples: int
    with_keypoints: int


class FrameCount(_Strict):
    """Frames of the clips, and what the files tell of them.

    Attributes:
        expected: Frames of all clips with poses.
        found: Frames that files tell of.
        missing: Frames that no file tells of.
        samples_with_missing: Samples with such frames.
        surplus: Frames beyond a clip's end, left out.
        empty: Frames that show nobody, those without a file among them.
    """

    expected: int = 0
    found: int = 0
    missing: int = 0
    samples_with_missing: int = 0
    surplus: int = 0
    empty: int = 0


class PeopleCount(_Strict):
    """Samples and frames with several people, and most people in one frame."""

    samples: int = 0
    frames: int = 0
    most: int = 0


class Confidence(_Strict):
    """Confidence of the joints that are seen."""

    low: float
    median: float
    high: float


class KeypointAudit(_Strict):
    """Outcome of ``dataset verify --keypoints``.

    Attributes:
        dataset: Dataset id.
        keypoints: The folder's hash, kind, layout, rule for several people and estimator.
        ok: Whether nothing is wrong with a file and no sample is without poses: of the tasks that were named,
            or else of those that have any.
        tasks: Coverage of each task that was looked at.
        missing: Ids of samples of those tasks that are without poses.
        extra: Files that belong to no sample: how many, by folder; those that lie in none by name.
        problems: Samples that a run would refuse.
        frames: Frames expected and found.
        several_people: Where several people are.
        missing_joints: Share of missing joints in the frames that show somebody; None for distances.
        missing_by_joint: The same of every joint.
        unknown_joints: Joints whose numbers were NaN or infinite.
        confidence: Confidence of joints that are seen; None for distances.
        notes: Everything else a user should know, in sentences.
    """

    dataset: str
    keypoints: KeypointFiles
    ok: bool
    tasks: dict[str, TaskCoverage]
    missing: list[str] = Field(default_factory=list)
    extra: dict[str, int] = Field(default_factory=dict)
    problems: list[Problem] = Field(default_factory=list)
    frames: FrameCount
    several_people: PeopleCount
    missing_joints: float | None
    missing_by_joint: dict[str, float] = Field(default_factory=dict)
    unknown_joints: int = 0
    confidence: Confidence | None
    notes: list[str] = Field(default_factory=list)
