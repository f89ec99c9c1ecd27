"""The record of a run: everything a reader or a rerun needs, and nothing that cannot be recomputed."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.cards import Decision, Regime
from aqa_bench.core.code_digest import CodeDigest
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import pretty_json, recover_directory
from aqa_bench.core.lines import Line, PlainDict
from aqa_bench.core.sealed import Damaged, blank_stamp, check_stamp, stamped

__all__ = [
    "PREDICTIONS_FILE",
    "RECORD_FILE",
    "RECORD_LIMIT",
    "Environment",
    "KeypointFiles",
    "MetricValue",
    "RowKind",
    "RunRecord",
    "Submitter",
    "TaskCoverage",
    "read_record",
    "record_schema",
]

Submitter = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}$")]
"""The name of an account of GitHub."""

RECORD_FILE = "run.json"
PREDICTIONS_FILE = "predictions.csv"
RECORD_LIMIT = 2**20
"""Greatest size of a record in bytes; it is read no further."""

_SEAL = "run", 1
_REMEDY = "Repeat the run with --force. Never edit records by hand."


class RowKind(StrEnum):
    """Where a table row's numbers come from."""

    MEASURED = "measured"
    """A run of this harness whose predictions are kept."""
    REPORTED = "reported"
    """Printed in a paper; never re-scored."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class MetricValue(_Strict):
    """A metric with its 95% interval: percentile bootstrap over groups. None where undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class TaskCoverage(_Strict):
    """Samples that the splits name, and those of them that could be scored."""

    expected: int
    scored: int


Sandbox = Literal["bubblewrap", "landlock"]
"""Kinds of sandboxes."""


class Environment(_Strict):
    """What the run ran on.

    Attributes:
        python: Version of Python.
        platform: System and machine.
        processor: Its name.
        threads: Threads per process.
        packages: Versions of what results depend on.
        sandbox: The kind of sandbox that the method was shut in; None where it was not.
    """

    python: Line
    platform: Line
    processor: Line
    threads: int
    packages: dict[Line, Line]
    sandbox: Sandbox | None = None


class KeypointFiles(_Strict):
    """Keypoints from files that took the place of a dataset's own (``--keypoints``).

    Attributes:
        sha256: Hash of the names and contents of all the files.
        files: Number of files.
        kind: ``keypoints`` (in the picture), ``joints`` (in space) or ``distances``.
        layout: Joint order of the files; None for distances.
        people: Who was taken of several people; None where several are refused.
        estimator: What estimated them, as their manifest says.
        licence: Their licence, as their manifest says.
    """

    sha256: Line
    files: int
    kind: Line
    layout: Line | None = None
    people: Line | None = None
    estimator: Line | None = None
    licence: Line | None = None

    def identity(self) -> dict[str, str | None]:
        """What of it decides a run's result; the files say the rest."""
        return {"sha256": self.sha256, "people": self.people}

    def told(self) -> str:
        """A name for tables: the estimator, or the layout, and the beginning of the hash."""
        rule = f", {self.people} person" if self.people else ""
        return f"{self.estimator or self.layout or self.kind} {self.sha256[:8]}{rule}"


class RunRecord(_Strict):
    """One run: a dataset, its tasks, a method, a recipe and a seed.

    Attributes:
        schema_version: Version of this schema; keys are only ever added within one.
        run_id: Hash of everything that decides the result; names the folder.
        kind: Always ``measured`` for a run.
        benchmark_version: Version of the protocol.
        dataset: Dataset id.
        dataset_fingerprint: Hash of the dataset's content.
        scheme: Split scheme.
        honest: False where the scheme shows test labels to the method.
        splits_fingerprint: Hash of the splits' ids, a task.
        pool_dataset: Dataset whose unlabelled samples were learned from, where it is another one.
        pool_fingerprint: Hash of that dataset's content.
        shuffled_labels: Whether training labels were permuted first, as a control.
        keypoints: Keypoints from files, where they took the place of the dataset's own.
        tasks: Task ids.
        method: Method id.
        method_version: The method's version.
        recipe: Name of the recipe.
        hyperparameters: The resolved recipe.
        seed: The run's seed.
        submitter: Who proposes the run: a GitHub name, written by ``aqa-bench submit --as``. None is the
            benchmark itself. It is no part of the run-id.
        members: Run-ids of an ensemble's members; empty otherwise.
        source_revision: Source-control revision of the code, recorded and not hashed.
        created: When the run ended, UTC.
        environment: What it ran on.
        device: Name of the device that fitted.
        dtype: Arithmetic of the fit.
        batch_size: Samples a step, or None where nothing is batched.
        timings: Wall-clock seconds of ``fit``, ``predict`` and ``total``.
        regime: How features are used.
        modality: What the method looks at.
        pretrained_on: Data its weights had seen before.
        control: Whether it is a floor or a shortcut control.
        oracle: Exact data of the generator that were read of samples to be judged, as the runner saw it:
            modalities, sorted. No deployed method has them.
        parameters: Trained and frozen parameters together, or None where there are none.
        gflops: Giga multiply-adds per sample, or None where not counted.
        facts: What else the method reported.
        pool_size: Unlabelled samples it was given, a task.
        decision: Where thresholds come from.
        thresholds: Threshold a task and split.
        coverage: Coverage a task.
        train_ranges: Lowest and highest train target a score task.
        metrics: Metric values per task, on test.
        floors: Trivial value of the primary metric by task; None where there is none.
        skill: (primary - floor) / (1 - floor) a task; None where there is no floor.
        predictions_sha256: Hash of the predictions' file.
        migrated_from: Run-id under an earlier protocol, where the run was made under that; not hashed.
        code: What it was computed with; None in records that were made before it was written.
        seal: Kind, version and digest of the file of this record (``core/sealed.py``), written with it.
    """

    schema_version: Literal[1] = 1
    run_id: Line
    kind: Literal[RowKind.MEASURED] = RowKind.MEASURED
    benchmark_version: Line
    dataset: Line
    dataset_fingerprint: Line
    scheme: Line
    honest: bool
    splits_fingerprint: dict[Line, Line]
    pool_dataset: Line | None = None
    pool_fingerprint: Line | None = None
    shuffled_labels: bool = False
    keypoints: KeypointFiles | None = None
    tasks: list[Line]
    method: Line
    method_version: int
    recipe: Line
    hyperparameters: PlainDict
    seed: int
    submitter: Submitter | None = None
    members: list[Line] = Field(default_factory=list)
    source_revision: Line | None
    created: datetime
    environment: Environment
    device: Line
    dtype: Line
    batch_size: int | None
    timings: dict[Line, float]
    regime: Regime
    modality: Line
    pretrained_on: Line
    control: bool
    oracle: list[Line] = Field(default_factory=list)
    parameters: int | None
    gflops: float | None
    facts: PlainDict
    pool_size: dict[Line, int]
    decision: Decision
    thresholds: dict[Line, dict[Line, float]]
    coverage: dict[Line, TaskCoverage]
    train_ranges: dict[Line, tuple[float, float]]
    metrics: dict[Line, dict[Line, MetricValue]]
    floors: dict[Line, float | None]
    skill: dict[Line, float | None]
    predictions_sha256: Line
    migrated_from: Line | None = None
    code: CodeDigest | None = None
    seal: Line | None = None

    def to_json(self) -> str:
        """The record as the text of ``run.json``, sealed."""
        # The seal is the last text of the file, whatever the others say.
        text = pretty_json(self.model_dump(mode="json") | {"seal": blank_stamp(*_SEAL)})
        return stamped(text.encode(), *_SEAL).decode()


def read_record(folder: Path) -> RunRecord:
    """Read a run's record.

    Args:
        folder: The run's folder.

    Raises:
        Damaged: It was changed after it was written.
        DataError: There is no record, or it does not follow the schema.
    """
    file = folder / RECORD_FILE
    if not file.exists():
        recover_directory(folder)
    try:
        content = read_bounded(file, RECORD_LIMIT)
        record = RunRecord.model_validate_json(content)
    except OSError as error:
        raise DataError(
            "This is not a run folder.",
            where=folder,
            expected=f"{RECORD_FILE} and {PREDICTIONS_FILE}",
            found=f"no {RECORD_FILE}" if isinstance(error, FileNotFoundError) else error.strerror,
            remedy="Pass a folder that aqa-bench run printed.",
        ) from error
    except ValidationError as error:
        detail = error.errors()[0]
        found = f"{'.'.join(map(str, detail['loc'])) or 'the document'}: {detail['msg']}"
        raise DataError(
            "A run's record does not follow the schema.",
            where=file,
            expected="docs/schemas/run.schema.json",
            found=found,
            remedy=_REMEDY,
        ) from error
    if record.seal is not None:
        check_stamp(file, content, *_SEAL, remedy=_REMEDY)
    elif record.code is not None:
        # Whoever records its code seals it.
        raise Damaged(
            "A run's record was changed after it was written.",
            where=file,
            expected="a seal",
            found="none",
            remedy=_REMEDY,
        )
    return record


def record_schema() -> str:
    """JSON Schema of the record, as committed under ``docs/schemas``."""
    return json.dumps(RunRecord.model_json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(record_schema())
