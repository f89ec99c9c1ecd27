"""A warm process that judges, and what happens to it when a clip is too much for it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final

from aqa_bench.coach.web.failures import CRASHED, SILENT, TOO_LONG, TOO_MUCH_MEMORY, UNEXPECTED, Failure
from aqa_bench.coach.web.processes import end_group, memory_below
from aqa_bench.coach.web.settings import Limits
from aqa_bench.core.lifeline import end_with_starter

__all__ = ["Judge", "StoppedError"]

_LOOK_S: Final = 0.2
_START_S: Final = 120.0
_MEMORY_S: Final = 0.5
_NICE: Final = 5
_LONGEST_LINE: Final = 1 << 16

#: Takes step, steps done and steps in all; answers whether to go on.
Report = Callable[[str, int, int | None], bool]


class StoppedError(Exception):
    """A job was given up while it ran: deleted, or the worker is to end."""


class Judge:
    """A child process that is started when first needed, and anew after it was ended.

    Args:
        engine: The function that judges, ``module:name``.
        limits: What one clip may take.
        log: What the child writes to stderr goes here.
    """

    def __init__(self, engine: str, limits: Limits, log: IO[str]) -> None:
        self._engine, self._limits, self._log = engine, limits, log
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._ready = False

    def warm_up(self) -> None:
        """Start the child where there is none, and do not wait for it."""
        if self._process is not None and self._process.poll() is None:
            return
        self._lines, self._ready = queue.Queue(), False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "aqa_bench.coach.web.child", self._engine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            preexec_fn=_before,
        )
        threading.Thread(target=_pump, args=(self._process.stdout, self._lines), daemon=True).start()

    def run(self, request: Mapping[str, Any], report: Report) -> Failure | None:
        """Have one clip judged.

        Args:
            request: ``clip``, ``exercise``, ``out``, ``person`` and ``blur``.
            report: Hears of progress, and of silence a few times per second; answers whether to go on.

        Returns:
            None when it is judged, else what failed.

        Raises:
            StoppedError: ``report`` said so.
        """
        self.warm_up()
        process = self._process
        if process is None or process.stdin is None:
            raise RuntimeError("no judging process")
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            return self._ended(CRASHED)
        begun = heard = looked = time.monotonic()
        now: tuple[str, int, int | None] = ("", 0, None)
        while True:
            try:
                line = self._lines.get(timeout=_LOOK_S)
                if line is None:
                    # Before it is ready no clip is to blame.
                    return self._ended(CRASHED if self._ready else UNEXPECTED)
                message = json.loads(line)
                if "ready" in message:
                    self._ready = True
                    begun = time.monotonic()
                if "failed" in message:
                    return {str(name): str(text) for name, text in message["failed"].items()}
                if "finished" in message:
                    return None
                heard = time.monotonic()
                if "step" in message:
                    total = message["total"]
                    now = (
                        str(message["step"])[:200],
                        int(message["done"]),
                        None if total is None else int(total),
                    )
            except queue.Empty:
                pass
            except (ValueError, TypeError, KeyError, AttributeError):
                # Whoever took over a decoder may write what they like.
                return self._ended(UNEXPECTED)
            if not report(*now):
                self.end()
                raise StoppedError
            clock = time.monotonic()
            patience = self._limits.silent_s if self._ready else max(_START_S, self._limits.silent_s)
            if clock - heard > patience:
                return self._ended(SILENT)
            if self._ready and clock - begun > self._limits.job_s:
                return self._ended(TOO_LONG)
            if clock - looked > _MEMORY_S:
                looked = clock
                if memory_below(process.pid) > self._limits.memory:
                    return self._ended(TOO_MUCH_MEMORY)

    def end(self) -> None:
        """Kill the child and whatever it started in its group."""
        process, self._process = self._process, None
        if process is not None:
            end_group(process.pid)
            process.wait()

    def _ended(self, failure: Failure) -> Failure:
        self.end()
        return failure


def _before() -> None:
    end_with_starter()
    # Pages are answered first.
    os.nice(_NICE)


def _pump(source: IO[str] | None, lines: queue.Queue[str | None]) -> None:
    if source is not None:
        while line := source.readline(_LONGEST_LINE):
            lines.put(line)
    lines.put(None)


def request_for(clip: Path, exercise: str, out: Path, person: int | None, blur: bool) -> dict[str, Any]:
    """The line that asks for one clip."""
    return {"clip": str(clip), "exercise": exercise, "out": str(out), "person": person, "blur": blur}
