"""One job of a worker, from the runner's side: it is asked, served with media, and believed nothing."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Semaphore
from typing import Any

from aqa_bench.core.errors import AqaBenchError, MethodError
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.record import Sandbox
from aqa_bench.protocol.worker.failures import ended, raised, shown, strange
from aqa_bench.protocol.worker.folders import variables
from aqa_bench.protocol.worker.media_desk import MediaDesk
from aqa_bench.protocol.worker.preload import fits_import, wanted
from aqa_bench.protocol.worker.processes import Worker, environment, fork
from aqa_bench.protocol.worker.wire import Channel, ClosedError, Message, UnreadableError

__all__ = ["Job", "Launcher", "do", "forked"]

_THREADS = 4
_LAST_S = 5.0


@dataclass(frozen=True)
class Job:
    """What one worker is asked to do.

    Attributes:
        plugin: The method.
        stage: Name of a stage.
        where: Dataset, task and split, for errors.
        told: Plain JSON that the stage takes.
        body: Bytes that go with it.
        cache: The one folder that the worker may write to.
        shared: Folders that it may read besides.
    """

    plugin: MethodPlugin
    stage: str
    where: str
    told: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    cache: Path = Path()
    shared: tuple[Path, ...] = ()

    @property
    def holds_labels(self) -> bool:
        """Whether labels go along, or what was fitted to some: both travel as its body."""
        return bool(self.body)

    def message(self, variables_besides: Mapping[str, str]) -> dict[str, Any]:
        """The job as it travels."""
        return {
            **self.told,
            "stage": self.stage,
            "method": self.plugin.card.id,
            "factory": self.plugin.factory,
            "folder": str(self.plugin.folder),
            "where": self.where,
            "environment": environment({**variables(self.cache), **variables_besides}),
            "path": sys.path,
            "log_level": logging.getLogger("aqa_bench").getEffectiveLevel(),
        }


@dataclass(frozen=True)
class Launcher:
    """Starts the worker of a job.

    Attributes:
        start: Does so.
        sandbox: The kind of sandbox that it starts it in.
    """

    start: Callable[[Job], Worker]
    sandbox: Sandbox | None = None

    def __call__(self, job: Job) -> Worker:
        """The worker."""
        return self.start(job)


forked = Launcher(lambda job: fork(job.plugin))
"""Workers that are forked off a process with the heavy imports made."""


def do(
    job: Job,
    desk: MediaDesk | None = None,
    *,
    launch: Launcher = forked,
    progress: Progress | None = None,
    part: Callable[[Message], None] | None = None,
) -> Message:
    """Have a fresh worker do a job; it and all that it started are gone when this returns.

    Args:
        job: The job.
        desk: Answers questions about media.
        launch: Starts the worker.
        progress: Shows what the method reports.
        part: Takes the parts of an answer that comes in parts.

    Returns:
        The answer, none of whose values has been checked.

    Raises:
        AqaBenchError: What the method raised, or that it ended or answered in a way that is no answer.
    """
    method = job.plugin.card.id
    worker = launch(job)
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="media")
    try:
        confinement = {} if worker.confinement is None else {"confinement": worker.confinement}
        worker.channel.send(job.message(worker.environment) | confinement, job.body)
        answer = _conversation(worker.channel, job, desk, progress or NullProgress(), part, pool)
        # The next worker finds these imported: had they been chosen by labels, it would find labels.
        learnt = fits_import(job.plugin) if job.holds_labels else wanted(answer.header.get("modules"))
        worker.learn(learnt)
        return answer
    except UnreadableError as error:
        raise strange(method, job.where, str(error)) from None
    except ClosedError:
        # The end of the line comes before the end of the process.
        how = worker.ending(_LAST_S) or "the line was closed, and the process went on"
        raise ended(method, job.where, how) from None
    finally:
        worker.end()
        pool.shutdown(cancel_futures=True)


def _conversation(
    channel: Channel,
    job: Job,
    desk: MediaDesk | None,
    progress: Progress,
    part: Callable[[Message], None] | None,
    pool: ThreadPoolExecutor,
) -> Message:
    free = Semaphore(_THREADS)
    while True:
        message = channel.receive()
        header = message.header
        if "ask" in header and desk is not None:
            # Questions that nobody has time for wait on the line, not in memory.
            free.acquire()
            pool.submit(desk.answer, channel, header).add_done_callback(lambda _: free.release())
            continue
        match header.get("say"):
            case "done":
                return message
            case "failed" if isinstance(header.get("error"), dict):
                document = header["error"]
                raise _raised(job, document if desk is None else desk.reworded(document))
            case "part" if part is not None:
                try:
                    part(message)
                except (KeyError, TypeError, ValueError, OverflowError) as error:
                    raise UnreadableError("a part that is none") from error
            case "log":
                _log(header, desk)
            case "start" | "advance" | "close":
                _show(progress, header)
            case _:
                raise UnreadableError(f"a message about {shown(header.get('say'), 100)!r}")


def _raised(job: Job, document: Mapping[str, Any]) -> Exception:
    error: Any = raised(document)
    if not isinstance(error, AqaBenchError):
        place = document.get("place")
        foreign = MethodError(
            f"Method {job.plugin.card.id!r} failed.",
            where=job.where,
            found=str(error) if place is None else f"{error} ({shown(place, 300)})",
            remedy="For the traceback, run with aqa-bench --debug; finished splits are kept.",
        )
        for note in getattr(error, "__notes__", ()):
            foreign.add_note(note)
        return foreign
    error.where = error.where or job.where
    return error


def _log(header: Mapping[str, Any], desk: MediaDesk | None) -> None:
    name, level, text = header.get("name"), header.get("level"), header.get("text")
    if isinstance(name, str) and isinstance(text, str) and type(level) is int and 0 <= level <= 50:
        if desk is not None:
            document = desk.reworded({"what": text})
            text = ": ".join(str(document[key]) for key in ("what", "where", "found") if document.get(key))
        logging.getLogger(_known(name)).log(level, "%s", shown(text, 4000))


def _known(name: str) -> str:
    """The nearest logger that there is: loggers stay for good, and a stranger may name any number of them."""
    while name not in logging.root.manager.loggerDict and "." in name:
        name = name.rpartition(".")[0]
    return name if name in logging.root.manager.loggerDict else "aqa_bench"


def _show(progress: Progress, header: Mapping[str, Any]) -> None:
    match header:
        case {"say": "start", "task": str(task), "total": total} if total is None or _is_count(total):
            progress.start(shown(task, 200), total)
        case {"say": "advance", "steps": steps, "fields": dict(fields)} if _is_count(steps):
            progress.advance(steps, **{shown(k, 50): _figure(v) for k, v in list(fields.items())[:8]})
        case {"say": "close"}:
            progress.close()


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _figure(value: object) -> object:
    return value if type(value) is float else shown(value, 50)
