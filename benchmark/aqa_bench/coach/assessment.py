"""What is said of a clip: its people, its repetitions, a verdict for each, and the evidence behind it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Answer",
    "Assessment",
    "Clip",
    "Evidence",
    "Finding",
    "Obstacle",
    "Person",
    "Repetition",
    "Series",
    "Verdict",
]

Frame = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(max_length=2000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Answer(StrEnum):
    """The answer for one repetition and task."""

    GOOD = "good"
    ERROR = "error"
    CANNOT_JUDGE = "cannot judge"


class Clip(_Strict):
    """The file as it was read.

    Attributes:
        name: Name of the file, without its folder.
        sha256: Digest of its bytes.
        width: Width in pixels as shown, after rotation.
        height: Height in pixels as shown.
        fps: Frames per second of time; mean where it varies.
        frames: Frames that were read.
        seconds: Length that was read.
        notes: What was done on reading, e.g. ``rotated by 90 degrees``, ``only the first 60 s were read``.
    """

    name: Text
    sha256: str
    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    notes: list[Text] = []


class Person(_Strict):
    """Somebody in the clip.

    Attributes:
        index: Number from 0, what ``--person`` takes.
        frames: Frames in which this person was seen.
        box: x1, y1, x2, y2 in pixels over the whole clip.
        moving: Median path of the joints, in body heights.
        frame: A frame in which this person is well seen, for a picture to click on.
        box_in_frame: x1, y1, x2, y2 in pixels in that frame.
    """

    index: int
    frames: int
    box: tuple[float, float, float, float]
    moving: float
    frame: Frame
    box_in_frame: tuple[float, float, float, float]


class Finding(_Strict):
    """A rule that fired, or the part of the movement that decided.

    Attributes:
        text: One sentence in plain words.
        joints: Joints concerned, by name; they are marked in the video.
        start: First frame concerned.
        end: Last frame concerned.
        value: What was measured, where there is such a number.
        limit: What it was held against.
        unit: Unit of both, e.g. ``degrees``.
    """

    text: Text
    joints: list[str] = []
    start: Frame | None = None
    end: Frame | None = None
    value: float | None = None
    limit: float | None = None
    unit: str | None = None


class Obstacle(_Strict):
    """Why a repetition cannot be judged.

    Attributes:
        kind: What is unlike the clips that the judge was tested on: ``view``, ``size``, ``joints``,
            ``tempo``, ``posture``, ``exercise``, ``judge``.
        text: One sentence, e.g. ``Filmed from the front; tested on side views only.``
        advice: What to change.
    """

    kind: Literal["view", "size", "joints", "tempo", "posture", "exercise", "judge"]
    text: Text
    advice: Text


class Verdict(_Strict):
    """The verdict on one repetition for one task.

    Attributes:
        task: Task id.
        name: The task in words, e.g. ``Knees inward``.
        answer: Good, error, or no answer.
        score: The judge's score; higher means error. None without a judgement.
        threshold: Scores from here on are errors.
        findings: What decided.
        obstacles: Why there is no answer; empty where there is one.
    """

    task: str
    name: Text
    answer: Answer
    score: float | None = None
    threshold: float | None = None
    findings: list[Finding] = []
    obstacles: list[Obstacle] = []


class Repetition(_Strict):
    """One repetition.

    Attributes:
        index: Number from 1.
        start: Frame in which it begins.
        turn: Frame of the turning point.
        end: Frame in which it ends.
        complete: False for a partial one, which is shown and not judged.
        verdicts: One per task; empty for partial ones.
    """

    index: int
    start: Frame
    turn: Frame
    end: Frame
    complete: bool = True
    verdicts: list[Verdict] = []


class Evidence(_Strict):
    """How well the judge does where it was tested.

    Attributes:
        task: Task id.
        name: The task in words.
        judge: Who judges, e.g. ``pose-trainer-rules``.
        tested_on: Dataset id.
        samples: Test clips.
        metric: Name of the metric.
        value: Its value on the test clips.
        low: Lower end of its 95% interval.
        high: Upper end.
        floor: What answering without looking reaches.
        thresholds: Thresholds of score, ascending, for the slider; empty where there are none.
        precision: At each threshold on the test clips; None where nothing is called an error.
        recall: At each threshold.
        warnings: E.g. ``Trained on synthetic lifters, not validated on people.``
    """

    task: str
    name: Text
    judge: str
    tested_on: str
    samples: int
    metric: str
    value: float
    low: float | None
    high: float | None
    floor: float | None
    thresholds: list[float] = []
    precision: list[float | None] = []
    recall: list[float] = []
    warnings: list[Text] = []


class Series(_Strict):
    """A number over time, for the plot under the video.

    Attributes:
        name: In words, e.g. ``Left knee angle``.
        unit: E.g. ``degrees``.
        values: One per frame; None where it is unknown.
    """

    name: Text
    unit: str
    values: list[float | None]


class Assessment(_Strict):
    """All that is said of a clip: ``assessment.json``.

    Attributes:
        schema_version: Version of this schema; keys are only ever added within one.
        version: Version of aqa-bench.
        exercise: The exercise that was asked for.
        clip: The file.
        people: Everybody who was tracked, lifter or not.
        lifter: Index of the person that was judged; None where there was nobody.
        poses: Where the joints come from, e.g. ``mediapipe 0.10.14`` or ``keypoint file``.
        repetitions: In order of time.
        evidence: One per task that the judge knows.
        series: The decisive joint angles or the bar's path.
        obstacles: Why the clip as a whole cannot be judged; empty where it can.
        video: Name of the drawn video in the same folder; None where none was drawn.
        notes: What else to know.
        seconds: Time taken by each step.
    """

    schema_version: Literal[1] = 1
    version: str
    exercise: str
    clip: Clip
    people: list[Person]
    lifter: int | None
    poses: str
    repetitions: list[Repetition]
    evidence: list[Evidence]
    series: list[Series]
    obstacles: list[Obstacle] = []
    video: str | None = None
    notes: list[Text] = []
    seconds: dict[str, float] = {}
