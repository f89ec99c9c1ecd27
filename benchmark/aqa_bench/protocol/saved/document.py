"""What a saved model says of itself: the run that it is of, its folds, thresholds and input."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from aqa_bench.core.bounded import DOCUMENT_BYTES, parse_json, read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import pretty_json
from aqa_bench.core.lines import Line
from aqa_bench.core.record import MetricValue, RunRecord
from aqa_bench.core.sealed import Damaged, blank_stamp, check_stamp, stamped
from aqa_bench.core.task import Task

__all__ = [
    "MODEL_FILE",
    "Fold",
    "Input",
    "ModelDocument",
    "SavedFinder",
    "SavedTask",
    "model_schema",
    "read_document",
]

MODEL_FILE = "model.json"

_SEAL = "model", 1
_REMEDY = "Save the model again (aqa-bench run ... --save-model DIR). Never edit its files by hand."
_MOST_SCORES = 1001

_FOLDER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
_Name = Annotated[str, StringConstraints(pattern=_FOLDER)]
_Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Fold(_Strict):
    """One fit.

    Attributes:
        split: Split id; the fold's file is named by task and split.
        seed: Seed of the fit.
        sha256: Digest of its file.
        threshold: Scores from here on are errors; None for score tasks.
        val_scores: Its scores on val, ascending: all, or 1,001 quantiles of more. Empty without val.
    """

    split: _Name
    seed: Annotated[int, Field(ge=0)]
    sha256: _Digest
    threshold: float | None
    val_scores: list[float] = Field(max_length=_MOST_SCORES)


class SavedTask(_Strict):
    """One task, with one fit for each split.

    Attributes:
        task: The task.
        folds: Its fits.
        primary: The metric that ranks on it.
        measured: That metric on the run's test samples.
        floor: What nothing but the labels' shares reaches; None where there is none.
        tested: Test samples that were scored.
    """

    task: Task
    folds: list[Fold] = Field(min_length=1, max_length=10_000)
    primary: Line
    measured: MetricValue
    floor: float | None
    tested: int

    @field_validator("task")
    @classmethod
    def _names_a_folder(cls, task: Task) -> Task:
        if not re.fullmatch(_FOLDER, task.id):
            raise ValueError("a task id is not a valid folder name")
        return task


class Input(_Strict):
    """What the method looks at, and what it was trained on.

    Attributes:
        read: Modalities that were read of samples to be judged, as the runner saw it.
        layouts: Joint orders that keypoints were asked for in.
        sizes: Sides in pixels to which pictures were brought.
        frames_read: Numbers of frames that were read of a sample at once.
        region: The part of the lifter that pictures show; None for all of them.
        samples: Training samples, of the largest fold.
        length: Least and most frames of a training sample; None where they are not known.
        fps: Least and most frames per second; None where they are not known.
        width: Least and most pixels of training pictures; None where none were read.
        height: As ``width``.
    """

    read: list[Line] = Field(max_length=64)
    layouts: list[Line] = Field(max_length=64)
    sizes: list[int] = Field(max_length=64)
    frames_read: list[int] = Field(max_length=64)
    region: Line | None
    samples: int
    length: tuple[int, int] | None
    fps: tuple[float, float] | None
    width: tuple[int, int] | None
    height: tuple[int, int] | None


class SavedFinder(_Strict):
    """The finder of the lifter whose boxes the pictures were cut to.

    Attributes:
        name: What tells its boxes from those of others.
        sha256: Digest of its file.
    """

    name: Line
    sha256: _Digest


class ModelDocument(_Strict):
    """What a saved model says of itself.

    Attributes:
        schema_version: Version of this schema; keys are only ever added within one.
        run: The record of the run.
        tasks: The tasks, in the run's order.
        input: What it looks at.
        shared: Digest of the file of arrays that all fits share; None without one.
        finder: The finder that comes with it; None where pictures are not cut, or are cut by joints.
        licence: Licence of the data that it was trained on.
        notes: What the dataset's card says of its data.
        seal: Kind, version and digest of the file of this document.
    """

    schema_version: Literal[1] = 1
    run: RunRecord
    tasks: list[SavedTask] = Field(min_length=1, max_length=100)
    input: Input
    shared: _Digest | None
    finder: SavedFinder | None = None
    licence: Annotated[str, StringConstraints(max_length=2000)]
    notes: list[Annotated[str, StringConstraints(max_length=2000)]] = Field(max_length=100)
    seal: str = ""

    def to_json(self) -> bytes:
        """The content of its file, sealed."""
        document = self.model_dump(mode="json") | {"seal": blank_stamp(*_SEAL)}
        return stamped(pretty_json(document).encode(), *_SEAL)


def read_document(folder: Path) -> ModelDocument:
    """The document of a saved model.

    Raises:
        Damaged: It is not what was written.
        DataError: There is none, or it is of another version.
    """
    file = folder / MODEL_FILE
    try:
        content = read_bounded(file, DOCUMENT_BYTES)
    except OSError as error:
        raise DataError(
            "There is no saved model here.",
            where=folder,
            expected=f"a folder with {MODEL_FILE}",
            found=error.strerror or str(error),
            remedy="Save one with aqa-bench run ... --save-model DIR.",
        ) from error
    check_stamp(file, content, *_SEAL, remedy=_REMEDY)
    try:
        return ModelDocument.model_validate(parse_json(content))
    except ValidationError as error:
        detail = error.errors()[0]
        place = ".".join(str(step) for step in detail["loc"])
        raise _odd(file, f"{place}: {detail['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise _odd(file, str(error)[:200]) from error


def _odd(file: Path, found: str) -> Damaged:
    return Damaged(
        "The model.json of a saved model cannot be read.",
        where=file,
        expected="a file written by aqa-bench run --save-model",
        found=found,
        remedy=_REMEDY,
    )


def model_schema() -> str:
    """JSON Schema of the document, as committed under ``docs/schemas``."""
    return json.dumps(ModelDocument.model_json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(model_schema())
