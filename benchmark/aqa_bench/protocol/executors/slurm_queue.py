"""What was handed to SLURM, and what its queue says of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.sealed import Damaged, sealed_read_json, sealed_write_json

__all__ = ["Queued", "SlurmQueue", "cancel_tasks", "command", "largest_array"]

_KIND, _VERSION = "slurm-submissions", 1
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Queued:
    """A job in SLURM's queue.

    Attributes:
        task: SLURM's id, e.g. ``17_3``.
        state: SLURM's word for its state, e.g. ``PENDING``.
        where: Its nodes, or why it waits.
    """

    task: str
    state: str
    where: str


class SlurmQueue:
    """Which task of SLURM each job of a suite was handed to: ``slurm.json`` in the suite's log.

    Args:
        folder: Folder of the suite's log.
    """

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "slurm"
        self._file = folder / "slurm.json"

    def tasks(self) -> dict[str, str]:
        """SLURM's id by job id, of everything that was submitted last."""
        if not self._file.exists():
            return {}
        try:
            found = sealed_read_json(self._file, _KIND, _VERSION)
            return {str(job): str(task) for job, task in found["tasks"].items()}
        except (Damaged, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                "What was handed to SLURM cannot be read.",
                where=self._file,
                expected="a sealed file",
                found=str(error).splitlines()[0],
                remedy="See squeue for what still runs, then delete the file.",
            ) from error

    def add(self, tasks: Mapping[str, str]) -> None:
        """Note what was submitted."""
        sealed_write_json(self._file, _KIND, _VERSION, {"tasks": self.tasks() | dict(tasks)})

    def queued(self) -> dict[str, Queued]:
        """Jobs that SLURM has in its queue, waiting or running; empty where there is no SLURM here."""
        tasks = self.tasks()
        if not tasks or shutil.which("squeue") is None:
            return {}
        arrays = sorted({task.partition("_")[0] for task in tasks.values()})
        # Without -r tasks that wait are told together.
        answer = command("squeue", "-h", "-r", "-o", "%i|%T|%N|%r", "-j", ",".join(arrays), unknown="")
        known: dict[str, Queued] = {}
        for line in answer.splitlines():
            task, state, nodes, reason = [*line.split("|"), "", "", ""][:4]
            known[task] = Queued(task, state, nodes or reason)
        return {job: known[task] for job, task in tasks.items() if task in known}

    def log_of(self, job: str) -> Path | None:
        """The last log of a job, if there is one."""
        task = self.tasks().get(job)
        found = [] if task is None else sorted(self.logs.glob(f"{task}_*log.err"))
        return found[-1] if found else None


def cancel_tasks(tasks: Iterable[str]) -> None:
    """Cancel tasks.

    Raises:
        AqaBenchError: SLURM refuses.
    """
    if names := sorted(tasks):
        command("scancel", *names)


def largest_array() -> int:
    """Most tasks that an array may have here: ``MaxArraySize``.

    Raises:
        AqaBenchError: SLURM does not answer.
    """
    for line in command("scontrol", "show", "config").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "MaxArraySize":
            return max(int(value), 1)
    return 1


def command(*arguments: str, unknown: str | None = None) -> str:
    """What a command of SLURM prints.

    Args:
        arguments: The command.
        unknown: What is answered where SLURM knows none of the jobs any more; an error by default.

    Raises:
        AqaBenchError: It fails.
    """
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _refused(arguments, str(error)) from error
    if done.returncode == 0:
        return done.stdout
    if unknown is not None and "Invalid job id" in done.stderr:
        return unknown
    raise _refused(arguments, done.stderr.strip() or f"exit status {done.returncode}")


def _refused(arguments: Sequence[str], found: str) -> AqaBenchError:
    return AqaBenchError(
        "SLURM did not do what it was asked for.",
        where=" ".join(arguments[:2]),
        expected="exit status 0",
        found=found,
        remedy="Run it on a node from which jobs are submitted; sinfo shows whether the cluster answers.",
    )
