"""Starting workers: forked by a process with the heavy imports made, or as a command of their own."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.protocol.worker.fork_server import STATUS
from aqa_bench.protocol.worker.preload import modules_for
from aqa_bench.protocol.worker.reaping import end_group, how
from aqa_bench.protocol.worker.wire import Channel

__all__ = ["PYTHON", "Worker", "commanded", "environment", "fork", "orders"]

_DATA = "AQA_BENCH_DATA"
PYTHON = (sys.executable, "-P", "--check-hash-based-pycs", "always", "-m")
"""Runs a module of ours, or of a method, that no compiled file beside the source takes the place of."""


class Worker:
    """A worker's process as the runner holds it.

    Args:
        work: Connected to the worker.
        life: Tells its wait status when it has ended, and ends it when it is closed.
        learn: Takes modules that the next worker will want imported.

    Attributes:
        environment: Variables that it is to have besides a job's.
        confinement: What it may do, where it is to shut itself in.
    """

    def __init__(
        self,
        work: socket.socket,
        life: socket.socket,
        learn: Callable[[Sequence[str]], None] = lambda _: None,
    ) -> None:
        self.learn = learn
        self.environment: Mapping[str, str] = {}
        self.confinement: Mapping[str, Any] | None = None
        self.channel = Channel(work)
        self._work = work
        self._life = life
        self._status: int | None = None
        self._watch = threading.Thread(target=self._wait, name="worker's end", daemon=True)
        self._watch.start()

    def ending(self, timeout_s: float) -> str | None:
        """How it ended, waiting for that so long; None where it has not."""
        self._watch.join(timeout_s)
        if self._watch.is_alive():
            return None
        return "its process was ended" if self._status is None else how(self._status)

    def end(self) -> None:
        """End it with all that it started, and wait for that."""
        with suppress(OSError):
            self._life.shutdown(socket.SHUT_WR)
        self._watch.join(10)
        self._work.close()
        self._life.close()

    def _wait(self) -> None:
        with suppress(OSError):
            data = self._life.recv(STATUS.size, socket.MSG_WAITALL)
            if len(data) == STATUS.size:
                (self._status,) = STATUS.unpack(data)
        # A child that it forked may hold the other end open: what was sent is still read, then nothing.
        with suppress(OSError):
            self._work.shutdown(socket.SHUT_RD)


def environment(also: Mapping[str, str]) -> dict[str, str]:
    """The environment of a worker: this process's, without the folder of data."""
    return {k: v for k, v in os.environ.items() if k != _DATA} | dict(also)


def orders(modules: Sequence[str]) -> bytes:
    """How a fork server is asked to import modules, whose names are at most 255 bytes long."""
    return b"".join(b"i" + bytes([len(name)]) + name for name in map(str.encode, modules))


def fork(plugin: MethodPlugin) -> Worker:
    """A worker that a fork server starts, which is started first where there is none."""
    modules = modules_for(plugin)
    with _guard:
        server = _servers.get(modules)
        if server is None or not server.is_alive():
            server = _servers[modules] = _ForkServer(modules)
        return server.start()


def commanded(command: Sequence[str], work: socket.socket, theirs: socket.socket) -> Worker:
    """A worker that a command starts; it leads a group of its own.

    Args:
        command: Inherits ``theirs``.
        work: The runner's end.
        theirs: The worker's end, closed here.
    """
    life, told = socket.socketpair()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=2,
        env=environment({"PYTHONPATH": os.pathsep.join(sys.path)}),
        pass_fds=[theirs.fileno()],
        start_new_session=True,
    )
    theirs.close()

    ended = threading.Event()

    def watch() -> None:
        status = end_group(process.pid)
        ended.set()
        with suppress(OSError):
            told.send(STATUS.pack(status))
        told.close()

    def obey() -> None:
        with suppress(OSError):
            told.recv(1)
        with suppress(ProcessLookupError):
            if ended.is_set():
                return
            os.killpg(process.pid, signal.SIGKILL)

    for task in (watch, obey):
        threading.Thread(target=task, daemon=True).start()
    return Worker(work, life)


class _ForkServer:
    def __init__(self, modules: tuple[str, ...]) -> None:
        self._control, theirs = socket.socketpair()
        self._owner = os.getpid()
        self._learnt: set[str] = set()
        # Its own session: Ctrl-C is for the runner, which ends workers in order.
        self._process = subprocess.Popen(
            [
                *PYTHON,
                "aqa_bench.protocol.worker.fork_server",
                str(theirs.fileno()),
                *modules,
            ],
            stdin=subprocess.DEVNULL,
            stdout=2,
            env=environment({"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}),
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        atexit.register(self.close)

    def is_alive(self) -> bool:
        return self._owner == os.getpid() and self._process.poll() is None

    def start(self) -> Worker:
        work, their_work = socket.socketpair()
        life, their_life = socket.socketpair()
        with their_work, their_life:
            socket.send_fds(self._control, [b"+"], [their_work.fileno(), their_life.fileno()])
        return Worker(work, life, self._learn)

    def _learn(self, modules: Sequence[str]) -> None:
        """Have modules imported for workers to come; each once."""
        fresh = [name for name in modules if name not in self._learnt]
        self._learnt.update(modules)
        with suppress(OSError):
            self._control.sendall(orders(fresh))

    def close(self) -> None:
        if self._owner == os.getpid():
            self._control.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)


_guard = threading.Lock()
_servers: dict[tuple[str, ...], _ForkServer] = {}
