"""The worker's line to the runner: questions and their answers, progress, and log lines."""

from __future__ import annotations

import itertools
import logging
import math
import os
import threading
import time
from queue import SimpleQueue
from typing import Any

from aqa_bench.core.errors import MethodError
from aqa_bench.protocol.worker.failures import raised
from aqa_bench.protocol.worker.wire import Channel, ClosedError, Message, UnreadableError

__all__ = ["RemoteLog", "RemoteProgress", "RunnerLink"]

_EVERY_S = 0.1


class RunnerLink:
    """Asks the runner. Threads may ask at once; processes that a method forks may not.

    Args:
        channel: To the runner; nobody else receives from it.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._process = os.getpid()
        self._numbers = itertools.count()
        self._waiting: dict[int, SimpleQueue[Message]] = {}
        threading.Thread(target=self._listen, name="runner", daemon=True).start()

    def ask(self, question: str, *arguments: Any, media: int | None = None) -> Message:
        """The answer to a question.

        Raises:
            AqaBenchError: What the runner met when it looked; plain errors of media as they were.
            MethodError: This is a process that the method forked.
        """
        if os.getpid() != self._process:
            raise MethodError(
                "Media were requested by a process that the method forked.",
                expected="requests from the process that fits and predicts, or its threads",
                found=f"process {os.getpid()}",
                remedy="Read the media before forking, or use threads.",
            )
        number = next(self._numbers)
        answers = self._waiting[number] = SimpleQueue[Message]()
        try:
            self._channel.send({"id": number, "ask": question, "media": media, "arguments": list(arguments)})
            answer = answers.get()
        finally:
            del self._waiting[number]
        if "error" in answer.header:
            raise raised(answer.header["error"])
        return answer

    def tell(self, header: dict[str, Any], body: bytes | memoryview = b"") -> None:
        """Say something that is not answered."""
        self._channel.send(header, body)

    def _listen(self) -> None:
        try:
            while True:
                message = self._channel.receive()
                answers = self._waiting.get(message.header.get("id", -1))
                if answers is not None:
                    answers.put(message)
        except (ClosedError, UnreadableError, OSError):
            # A killed runner cannot tell its worker.
            os._exit(1)


class RemoteProgress:
    """A progress display that the runner shows; steps are sent a few times a second.

    Args:
        link: To the runner.
    """

    def __init__(self, link: RunnerLink) -> None:
        self._link = link
        self._steps = 0
        self._sent = 0.0

    def start(self, task: str, total: int | None = None) -> None:
        """Begin a task of ``total`` steps."""
        self._steps = 0
        self._link.tell({"say": "start", "task": task, "total": total})

    def advance(self, steps: int = 1, **fields: object) -> None:
        """Report steps done."""
        self._steps += steps
        if time.monotonic() - self._sent >= _EVERY_S:
            self._flush(fields)

    def close(self) -> None:
        """End the task."""
        self._flush({})
        self._link.tell({"say": "close"})

    def _flush(self, fields: dict[str, object]) -> None:
        plain = {name: value if _is_plain(value) else str(value) for name, value in fields.items()}
        self._link.tell({"say": "advance", "steps": self._steps, "fields": plain})
        self._steps, self._sent = 0, time.monotonic()


def _is_plain(value: object) -> bool:
    return isinstance(value, int | str) or (isinstance(value, float) and math.isfinite(value))


class RemoteLog(logging.Handler):
    """Hands log records to the runner, whose own settings say which of them are shown.

    Args:
        link: To the runner.
    """

    def __init__(self, link: RunnerLink) -> None:
        super().__init__()
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record's text."""
        try:
            text = record.getMessage()
            self._link.tell({"say": "log", "level": record.levelno, "name": record.name, "text": text[:4000]})
        except Exception:
            self.handleError(record)
