"""The one process that takes jobs from the queue: ``python -m aqa_bench.coach.web.worker SETTINGS``."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sqlite3
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Final

from aqa_bench.coach.assessment import Assessment
from aqa_bench.coach.web.database import Database
from aqa_bench.coach.web.failures import INTERRUPTED, NO_SPACE, UNEXPECTED
from aqa_bench.coach.web.jobs import Job, Jobs
from aqa_bench.coach.web.judge import Judge, StoppedError, request_for
from aqa_bench.coach.web.settings import Limits, Settings
from aqa_bench.coach.web.storage import CLIP, Storage
from aqa_bench.coach.web.storages import open_storage
from aqa_bench.coach.web.summary import summary_of
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.lock import exclusive

__all__ = ["ASSESSMENT", "POSES", "Worker", "main", "settings_from", "settings_line"]

#: Names of what the engine writes.
ASSESSMENT: Final = "assessment.json"
POSES: Final = "poses.npz"

_IDLE_S: Final = 0.25
_TELL_S: Final = 0.25
_EXPIRE_S: Final = 60.0

logger = logging.getLogger(__name__)


class Worker:
    """Takes one job after the other.

    Args:
        settings: What the app was told.
        log: Where the judging process writes.
    """

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings = settings
        self._jobs = Jobs(Database(settings.data / "jobs.sqlite"))
        self._storage: Storage = open_storage(settings.storage, settings.data)
        self._work = settings.data / "work"
        self._log = log.open("a", encoding="utf-8")
        self._judge = Judge(settings.engine, settings.limits, self._log)
        self._parent = os.getppid()
        self._stopped = False
        self._told, self._expired = 0.0, -_EXPIRE_S

    def stop(self, *_: int | FrameType | None) -> None:
        """Ask it to end soon; the job that is running goes back to the queue."""
        self._stopped = True

    def run(self) -> None:
        """Work until asked to stop, or until the starter is gone."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._jobs.recover(self._settings.limits.tries, INTERRUPTED)
        self._judge.warm_up()
        try:
            while self._goes_on():
                if not self.step():
                    time.sleep(_IDLE_S)
        finally:
            self.close()

    def close(self) -> None:
        """End the process that judges."""
        self._judge.end()
        self._log.close()

    def step(self) -> bool:
        """Delete what is too old, then judge the next clip.

        Returns:
            Whether there was a clip.
        """
        self._expire()
        job = self._jobs.claim()
        if job is None:
            return False
        out = self._work / job.key
        try:
            self._do(job, out)
        except StoppedError:
            if not self._goes_on():
                self._jobs.release(job.key)
        finally:
            shutil.rmtree(out, ignore_errors=True)
        if self._jobs.find(job.key) is None:
            # It was deleted while results were on their way.
            self._storage.delete(job.key)
        return True

    def _do(self, job: Job, out: Path) -> None:
        out.mkdir(parents=True, mode=0o700)
        clip = self._storage.local(job.key, CLIP)
        if clip is None:
            self._jobs.fail(job.key, UNEXPECTED)
            return
        poses = self._storage.local(job.key, POSES)
        if poses is not None:
            shutil.copyfile(poses, out / POSES)

        def report(step: str, done: int, total: int | None) -> bool:
            now = time.monotonic()
            if now - self._told < _TELL_S:
                return True
            self._told = now
            return self._jobs.progress(job.key, step, done, total) and self._goes_on()

        failure = self._judge.run(request_for(clip, job.exercise, out, job.person, job.blur), report)
        if failure is None:
            try:
                assessment = Assessment.model_validate_json((out / ASSESSMENT).read_bytes())
            except (OSError, ValueError):
                logger.exception("no assessment of %s", job.key)
                failure = UNEXPECTED
        if failure is not None:
            self._jobs.fail(job.key, failure)
            return
        try:
            # Whoever sees the assessment finds what it speaks of.
            for file in sorted(out.iterdir(), key=lambda file: file.name == ASSESSMENT):
                if file.is_file() and not file.is_symlink():
                    self._storage.put(job.key, file.name, file)
        except OSError:
            logger.exception("results of %s", job.key)
            self._jobs.fail(job.key, NO_SPACE)
            return
        self._jobs.finish(job.key, summary_of(assessment))

    def _expire(self) -> None:
        if time.monotonic() - self._expired < _EXPIRE_S:
            return
        self._expired = time.monotonic()
        for key in self._jobs.older_than(self._settings.keep_s):
            self._jobs.delete(key)
            self._storage.delete(key)

    def _goes_on(self) -> bool:
        return not self._stopped and os.getppid() == self._parent


def settings_line(settings: Settings) -> str:
    """What the worker has to know, as text; the password is not part of it."""
    known = asdict(settings) | {"data": str(settings.data)}
    return json.dumps({name: known[name] for name in ("data", "keep_s", "storage", "engine", "limits")})


def settings_from(line: str) -> Settings:
    """The settings that :func:`settings_line` wrote."""
    known = json.loads(line)
    return Settings(**known | {"data": Path(known["data"]), "limits": Limits(**known["limits"])})


def main(line: str) -> int:
    """Be the worker."""
    settings = settings_from(line)
    log = settings.data / "worker.log"
    logging.basicConfig(filename=log, format="%(asctime)s %(levelname)s %(message)s")
    with exclusive(settings.data / "worker.lock"):
        worker = Worker(settings, log)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, worker.stop)
        try:
            worker.run()
        except (OSError, sqlite3.Error, AqaBenchError):
            # The job stays as it is; whoever starts the next worker waits a little.
            logger.exception("the worker ends")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
