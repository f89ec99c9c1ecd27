"""The worker's process: takes one job, does it, answers, and is gone."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from importlib import invalidate_caches
from pathlib import Path
from typing import NoReturn

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.guard import enter_custody
from aqa_bench.protocol.worker.bench import Bench
from aqa_bench.protocol.worker.failures import failure
from aqa_bench.protocol.worker.memory import keep_freed_memory
from aqa_bench.protocol.worker.preload import loaded
from aqa_bench.protocol.worker.remote_media import Reception
from aqa_bench.protocol.worker.runner_link import RemoteLog, RunnerLink
from aqa_bench.protocol.worker.stages import stage_of
from aqa_bench.protocol.worker.wire import Channel, ClosedError, Message

__all__ = ["serve"]


def serve(connection: socket.socket) -> NoReturn:
    """Do the job that arrives, then end this process without ado: no exit handler of a method runs late."""
    keep_freed_memory()
    channel, before = Channel(connection, takes_files=True), frozenset(sys.modules)
    code = 1
    try:
        job = channel.receive()
        refusal = _settle(job)
        link = RunnerLink(channel)
        root = logging.getLogger()
        root.handlers[:] = [RemoteLog(link)]
        root.setLevel(int(job.header["log_level"]))
        if refusal is None:
            _answer(job, link, before)
        else:
            link.tell({"say": "failed", "error": failure(refusal)})
        code = 0
    except ClosedError:
        pass
    finally:
        # Whatever threads and handlers a method has left go with the process, at once.
        os._exit(code)


def _settle(job: Message) -> AqaBenchError | None:
    """Take over what the runner's process has: environment, import path, folder, and no data.

    Returns:
        Why this process cannot shut itself in, where it is to.
    """
    told = job.header
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.path[:] = told["path"]
    invalidate_caches()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    enter_custody(str(told["method"]))
    # What a method prints must not stand between the lines of ``--json``.
    os.dup2(2, 1)
    if "confinement" not in told:
        return None
    from aqa_bench.protocol.worker.confinement import confine

    try:
        # Before there is a second thread, which would stay outside.
        confine(told["confinement"])
    except AqaBenchError as error:
        return error
    return None


def _answer(job: Message, link: RunnerLink, before: frozenset[str]) -> None:
    bench = Bench(job.header, job.body, link, Reception(link, Path(job.header.get("frames", ""))))
    try:
        answer = stage_of(job)(bench)
        link.tell({"say": "done", **answer.header, "modules": loaded(before)}, answer.body)
    except ClosedError:
        raise
    except BaseException as error:
        # A method is foreign code and may raise anything, SystemExit among it.
        document = failure(error)
        if not isinstance(error, AqaBenchError):
            document |= {"kind": "foreign", "what": f"{type(error).__name__}: {_said(error)}"}
        link.tell({"say": "failed", "error": document})


def _said(error: BaseException) -> str:
    try:
        return str(error)[:4000]
    except Exception:
        return "an error that cannot be described"
