"""A process that has made the heavy imports and forks workers; run as a module.

It holds no label, no adapter and no job; each of its children gets its job from the runner. It ends with the
runner, and takes its workers along.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import struct
import sys
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from aqa_bench.protocol.worker.reaping import end_group, orphans, take_in_orphans

__all__ = ["STATUS", "main"]

STATUS = struct.Struct("<i")
"""A worker's wait status, as it is told."""


def main(arguments: list[str]) -> None:
    """Serve until the runner is gone.

    Args:
        arguments: The descriptor, and modules to import beforehand.
    """
    control = socket.socket(fileno=int(arguments[0]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in arguments[1:]:
        with suppress(ImportError):
            import_module(name)
    take_in_orphans()
    gc.collect()
    # Objects that no collection visits stay in pages that all children share.
    gc.freeze()
    _Server(control).serve()


class _Server:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._workers: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._woken, wake = socket.socketpair()
        self._woken.setblocking(False)
        wake.setblocking(False)
        self._wake = wake
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._control:
                    if not self._take():
                        self._end_all()
                        return
                elif key.fileobj is self._woken:
                    with suppress(BlockingIOError):
                        self._woken.recv(4096)
                else:
                    # The runner has closed its end: it wants the worker no more.
                    self._kill(int(key.data))
            self._reap()

    def _take(self) -> bool:
        try:
            data, files, _, _ = socket.recv_fds(self._control, 1, 2)
        except OSError:
            return False
        if not data:
            return False
        if data == b"i":
            self._import()
            return True
        work, life = (socket.socket(fileno=file) for file in files)
        process = os.fork()
        if not process:
            self._work(work, life)
        work.close()
        self._workers[process] = life
        self._selector.register(life, selectors.EVENT_READ, process)
        return True

    def _import(self) -> None:
        (length,) = self._control.recv(1, socket.MSG_WAITALL)
        name = self._control.recv(length, socket.MSG_WAITALL).decode()
        # The runner let through names of libraries and of ours alone; some of them end the process.
        with suppress(Exception, SystemExit):
            import_module(name)

    def _work(self, work: socket.socket, life: socket.socket) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            for other in (self._control, life, self._woken, self._wake, *self._workers.values()):
                other.close()
            self._selector.close()
            from aqa_bench.protocol.worker.child import serve

            serve(work)
        finally:
            os._exit(1)

    def _reap(self) -> None:
        for process in list(self._workers):
            if os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
                continue
            status = end_group(process)
            life = self._workers.pop(process)
            self._selector.unregister(life)
            with suppress(OSError):
                life.send(STATUS.pack(status))
            life.close()
        if not self._workers:
            self._end_orphans()

    def _end_orphans(self) -> None:
        # Again until there are none: what is ended may leave children of its own.
        while left := orphans(set()):
            for process in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
                with suppress(ChildProcessError):
                    os.waitpid(process, 0)

    def _kill(self, process: int) -> None:
        if process in self._workers:
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
            with suppress(ProcessLookupError):
                # It may not have become a leader yet.
                os.kill(process, signal.SIGKILL)
            self._selector.unregister(self._workers[process])
            status = end_group(process)
            life = self._workers.pop(process)
            with suppress(OSError):
                life.send(STATUS.pack(status))
            life.close()

    def _end_all(self) -> None:
        for process in list(self._workers):
            self._kill(process)
        self._end_orphans()


if __name__ == "__main__":
    main(sys.argv[1:])
    # Nothing is left to do; some libraries complain at length when an interpreter ends in order.
    os._exit(0)
