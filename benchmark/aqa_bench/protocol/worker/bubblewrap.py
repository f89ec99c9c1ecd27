"""A worker in a sandbox of bubblewrap: no network, no other process, a file system of its own making."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from functools import cache

from aqa_bench.protocol.worker.processes import PYTHON, Worker, commanded
from aqa_bench.protocol.worker.reach import SYSTEM, devices, environment_of, hidden, readable
from aqa_bench.protocol.worker.session import Job

__all__ = ["launch_bubblewrap", "why_no_bubblewrap"]

_PROGRAM = "bwrap"
_PROBE_S = 20


@cache
def why_no_bubblewrap() -> str:
    """Why there is no sandbox of this kind here; empty where there is one."""
    program = shutil.which(_PROGRAM)
    if program is None:
        return f"{_PROGRAM} is not on the path"
    probe = [program, "--unshare-all", "--ro-bind", "/", "/", "true"]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False, timeout=_PROBE_S)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{program} cannot be run: {error}"
    said = " ".join(done.stderr.split())[:200]
    return "" if done.returncode == 0 else f"{program} is not permitted: {said}"


def launch_bubblewrap(job: Job) -> Worker:
    """A worker as a command of its own, with the heavy imports to make.

    It has no network, sees no process but its own, and of files: the system's, Python's, the method's and
    ours without datasets; downloaded weights, decoded frames, and what the method has prepared. It writes to
    its cache.
    """
    job.cache.mkdir(parents=True, exist_ok=True)
    work, theirs = socket.socketpair()
    module = [*PYTHON, "aqa_bench.protocol.worker", str(theirs.fileno())]
    worker = commanded([shutil.which(_PROGRAM) or _PROGRAM, *_arguments(job), "--", *module], work, theirs)
    worker.environment = {**environment_of(job), "TMPDIR": "/tmp"}
    return worker


def _arguments(job: Job) -> Iterator[str]:
    yield from ("--unshare-all", "--die-with-parent", "--cap-drop", "ALL")
    for system in SYSTEM:
        yield from ("--ro-bind-try", system, system)
    yield from ("--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp")
    for device in devices():
        yield from ("--dev-bind-try", str(device), str(device))
    code = [place for place in readable(job) if place not in job.shared]
    for place in code:
        yield from ("--ro-bind-try", str(place), str(place))
    # Within what was just bound; what was prepared may lie anywhere, so that it comes last.
    for place in hidden():
        yield from ("--tmpfs", str(place))
    for place in job.shared:
        yield from ("--ro-bind-try", str(place), str(place))
    yield from ("--bind", str(job.cache), str(job.cache), "--chdir", "/")
