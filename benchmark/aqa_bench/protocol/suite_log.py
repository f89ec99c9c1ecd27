"""What a suite leaves beside its runs: the jobs planned, and why some of them failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.files import canonical_json, pretty_json, sha256_bytes, write_atomic
from aqa_bench.protocol.plan import Request

__all__ = ["Shard", "SuiteLog", "job_id"]

_DEFAULTS = {field.name: field.default for field in fields(Request)}


def _document(job: Request) -> dict[str, Any]:
    return {name: getattr(job, name) for name in _DEFAULTS}


def job_id(job: Request) -> str:
    """A job's id: 12 hexadecimal digits, the same on every machine."""
    # Defaults are left out, so that a new field of a request changes no id.
    asked = {name: value for name, value in _document(job).items() if value != _DEFAULTS[name]}
    return sha256_bytes(canonical_json(asked).encode())[:12]


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several parts of a suite; which part a job belongs to follows from its id alone.

    Attributes:
        index: Number of the part, 1 to ``count``.
        count: Number of parts.
    """

    index: int
    count: int

    def of(self, jobs: Iterable[Request]) -> list[Request]:
        """The part's jobs, in their order."""
        return [job for job in jobs if int(job_id(job), 16) % self.count == self.index - 1]


class SuiteLog:
    """``<out>/.suite/<name>/``: ``jobs.jsonl``, one line per job, and ``failed/<job>.json``.

    Every shard writes the whole plan, and a job's error has a file of its own, so that the folders of
    several machines are merged by copying them together.

    Args:
        out: Folder of runs.
        name: Name of the suite.

    Attributes:
        folder: The folder.
        claims: Folder where it is noted who is at which job.
    """

    def __init__(self, out: Path, name: str) -> None:
        self.folder = out / ".suite" / name
        self.claims = self.folder / "running"
        self._failures = self.folder / "failed"

    def plan(self, jobs: Sequence[Request]) -> Path:
        """Write ``jobs.jsonl`` and forget the errors of jobs that are no longer planned."""
        ids = [job_id(job) for job in jobs]
        lines = (canonical_json({"job": i} | _document(job)) for i, job in zip(ids, jobs, strict=True))
        for gone in self.failures().keys() - set(ids):
            self._file(gone).unlink(missing_ok=True)
        return write_atomic(self.folder / "jobs.jsonl", "".join(f"{line}\n" for line in lines))

    def failed(self, job: Request, error: str, details: str = "") -> Path:
        """Keep why a job failed; ``details`` is a traceback, if there is one."""
        content = {"job": job_id(job)} | _document(job) | {"error": error, "details": details}
        return write_atomic(self._file(job_id(job)), pretty_json(content))

    def succeeded(self, job: Request) -> None:
        """Forget why a job failed before."""
        with suppress(FileNotFoundError):
            self._file(job_id(job)).unlink()

    def failures(self) -> dict[str, str]:
        """Errors by job id."""
        found = {}
        for file in sorted(self._failures.glob("*.json")):
            try:
                found[file.stem] = str(parse_json(read_bounded(file))["error"])
            except (OSError, ValueError, KeyError, TypeError):
                found[file.stem] = f"{file} cannot be read"
        return found

    def _file(self, job: str) -> Path:
        return self._failures / f"{job}.json"
