"""Receipts: what running a record again gave, bound to the two files of the run that was claimed.

A receipt is stamped, so that damage and edits by hand are found. A stamp is no signature: what makes a
receipt worth something is that only maintainers write below ``receipts/`` (docs/protocol.md).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import pretty_json, sha256_file, write_atomic
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, Environment, Sandbox
from aqa_bench.core.sealed import Damaged, blank_stamp, check_stamp, stamped

__all__ = ["RECEIPTS", "RECEIPT_FILE", "Receipt", "Verdict", "read_receipt", "receipt_place", "write_receipt"]

RECEIPTS = "receipts"
"""Name of the folder of receipts; it lies beside the folder of submissions."""
RECEIPT_FILE = "receipt.json"
_KIND, _VERSION = "receipt", 1
_LIMIT = 1 << 20
_REMEDY = "Delete it and run aqa-bench reproduce again."


class Verdict(StrEnum):
    """What a rerun says of the run that was claimed."""

    IDENTICAL = "identical"
    """The predictions are the same to the last digit, and so are all numbers of the record."""
    WITHIN = "within tolerance"
    """Made on another machine, and as near as docs/protocol.md asks."""
    DIFFERS = "differs"

    @property
    def holds(self) -> bool:
        """Whether it counts as reproduced."""
        return self is not Verdict.DIFFERS


class Receipt(BaseModel):
    """What a rerun found.

    Attributes:
        stamp: Digest of this file.
        dataset: Dataset id.
        method: Method id.
        run_id: The run's id.
        seed: Its seed.
        record_sha256: Hash of the claimed ``run.json``.
        predictions_sha256: Hash of the claimed ``predictions.csv``.
        rerun_sha256: Hash of the rerun's ``predictions.csv``.
        machine: What of the machine differs between the two: ``device``, ``dtype``, ``processor``, ...
        largest_difference: Greatest difference of two scores, as a share of the scores' range; None where
            the two do not score the same samples.
        rank_correlation: Smallest rank correlation of a task and fold; None where it is undefined.
        metric_difference: Greatest difference of a number of the two records; None where one is missing.
        code: Digests of the code, as the two records have them.
        environment: What the rerun ran on.
        device: Name of its device.
        dtype: Its arithmetic.
        sandbox: The kind of sandbox that it ran in; False where it ran in none.
        fresh_cache: Whether it began with an empty cache.
        created: When it ended, UTC.
        harness: Version of the package that ran it.
        source_revision: Its source-control revision.
        verdict: What follows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    stamp: str
    dataset: str
    method: str
    run_id: str
    seed: int
    record_sha256: str
    predictions_sha256: str
    rerun_sha256: str
    machine: list[str]
    largest_difference: float | None
    rank_correlation: float | None
    metric_difference: float | None
    code: dict[str, Any] = Field(default_factory=dict)
    environment: Environment
    device: str
    dtype: str
    sandbox: bool | Sandbox
    fresh_cache: bool
    created: datetime
    harness: str
    source_revision: str | None
    verdict: Verdict

    def apart(self, folder: Path) -> tuple[str, str] | None:
        """What should lie in a run's folder, and what is named; None where it is of those two files."""
        pairs = ((RECORD_FILE, self.record_sha256), (PREDICTIONS_FILE, self.predictions_sha256))
        for name, digest in pairs:
            there = sha256_file(folder / name) if (folder / name).is_file() else "of no file"
            if there != digest:
                return f"the {name} there, sha256 {there[:16]}", f"a different {name}, sha256 {digest[:16]}"
        return None


def receipt_place(receipts: Path, dataset: str, method: str, run_id: str) -> Path:
    """File of a run's receipt below a folder of receipts."""
    return receipts / dataset / method / run_id / RECEIPT_FILE


def write_receipt(file: Path, receipt: Receipt) -> Receipt:
    """Stamp a receipt and write it in one step.

    Returns:
        The receipt as it stands in the file.
    """
    blank = receipt.model_copy(update={"stamp": blank_stamp(_KIND, _VERSION)})
    text = pretty_json(blank.model_dump(mode="json"))
    write_atomic(file, stamped(text.encode(), _KIND, _VERSION))
    return read_receipt(file)


def read_receipt(file: Path) -> Receipt:
    """Read a receipt.

    Raises:
        Damaged: It is missing, too large, not what was stamped, or does not follow the schema.
    """
    try:
        if file.stat().st_size > _LIMIT:
            raise _damaged(file, f"at most {_LIMIT} bytes", f"{file.stat().st_size}")
        content = file.read_bytes()
    except OSError as error:
        raise _damaged(file, "a receipt", error.strerror or str(error)) from error
    check_stamp(file, content, _KIND, _VERSION, remedy=_REMEDY)
    try:
        return Receipt.model_validate_json(content)
    except ValidationError as error:
        detail = error.errors()[0]
        found = f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"
        raise _damaged(file, "the schema of receipts", found) from error


def _damaged(file: Path, expected: str, found: str) -> DataError:
    return Damaged("A receipt cannot be used.", where=file, expected=expected, found=found, remedy=_REMEDY)
