"""The queue: one row per clip, from upload to deletion."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aqa_bench.coach.web.database import Database

__all__ = ["Job", "Jobs", "State", "new_key"]


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """A clip to judge.

    Attributes:
        key: Unguessable name; whoever knows it may look.
        owner: Digest of the browser that uploaded it, which alone may delete it or have it judged again.
        name: Name of the file as uploaded, for people.
        exercise: Exercise id.
        blur: Whether faces are blurred.
        person: Who is to be judged; None leaves the choice to the engine.
        state: Where it stands.
        tries: How often it was started.
        step: What is being done, in words.
        steps_done: Steps done of it.
        steps: Steps in all; None where that is unknown.
        failure: What failed, as ``what``, ``expected``, ``found`` and ``remedy``.
        summary: Good repetitions, errors, not judged, as ``good``, ``error`` and ``cannot judge``.
        created_ms: Time of the upload, milliseconds since 1970.
        started_ms: When the last try began.
        ended_ms: When it ended.
    """

    key: str
    owner: str
    name: str
    exercise: str
    blur: bool
    person: int | None
    state: State
    tries: int
    step: str
    steps_done: int
    steps: int | None
    failure: Mapping[str, str] | None
    summary: Mapping[str, int] | None
    created_ms: int
    started_ms: int | None
    ended_ms: int | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state in (State.DONE, State.FAILED)


class Jobs:
    """The table of jobs.

    Args:
        database: The app's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: str, owner: str, *, name: str, exercise: str, blur: bool) -> None:
        """Queue a clip whose file is in the storage."""
        now = _now()
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO jobs (key, owner, name, exercise, blur, state, created_ms, queued_ms)"
                " VALUES (?, ?, ?, ?, ?, 'queued', ?, ?)",
                (key, owner, name, exercise, int(blur), now, now),
            )

    def find(self, key: str) -> Job | None:
        """The job of that key."""
        rows = self._database.read("SELECT * FROM jobs WHERE key = ?", (key,))
        return _job(rows[0]) if rows else None

    def of(self, owner: str) -> list[Job]:
        """The jobs of a browser, newest first."""
        rows = self._database.read("SELECT * FROM jobs WHERE owner = ? ORDER BY number DESC", (owner,))
        return [_job(row) for row in rows]

    def ahead(self, key: str) -> int:
        """How many jobs are done before this one begins, with the one that is running."""
        rows = self._database.read(
            "SELECT COUNT(*) FROM jobs, (SELECT queued_ms AS at, number AS own FROM jobs WHERE key = ?)"
            " WHERE state = 'running' OR (state = 'queued' AND (queued_ms, number) < (at, own))",
            (key,),
        )
        return int(rows[0][0])

    def again(self, key: str, person: int) -> bool:
        """Queue a finished job once more, to judge another person.

        Returns:
            Whether it was finished; one that is waiting or running is left alone.
        """
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE jobs SET state = 'queued', person = ?, tries = 0, step = '', steps_done = 0,"
                " steps = NULL, failure = NULL, queued_ms = ? WHERE key = ? AND state IN ('done', 'failed')",
                (person, _now(), key),
            )
            return changed.rowcount == 1

    def delete(self, key: str) -> None:
        """Forget a job; its worker sees that and stops."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM jobs WHERE key = ?", (key,))

    def claim(self) -> Job | None:
        """Take the job that has waited longest."""
        with self._database.write() as connection:
            row = connection.execute(
                "UPDATE jobs SET state = 'running', tries = tries + 1, started_ms = ?, ended_ms = NULL,"
                " step = '', steps_done = 0, steps = NULL"
                " WHERE number = (SELECT number FROM jobs WHERE state = 'queued'"
                " ORDER BY queued_ms, number LIMIT 1) RETURNING *",
                (_now(),),
            ).fetchone()
            return None if row is None else _job(row)

    def progress(self, key: str, step: str, done: int, total: int | None) -> bool:
        """Note how far a running job is.

        Returns:
            False where the job was deleted meanwhile.
        """
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE jobs SET step = ?, steps_done = ?, steps = ? WHERE key = ? AND state = 'running'",
                (step, done, total, key),
            )
            return changed.rowcount == 1

    def finish(self, key: str, summary: Mapping[str, int]) -> bool:
        """Note that the results of a running job are in the storage.

        Returns:
            False where the job was deleted meanwhile.
        """
        return self._end(key, State.DONE, "summary", dict(summary))

    def fail(self, key: str, failure: Mapping[str, str]) -> bool:
        """Note why a running job has no result.

        Returns:
            False where the job was deleted meanwhile.
        """
        return self._end(key, State.FAILED, "failure", dict(failure))

    def recover(self, most_tries: int, failure: Mapping[str, str]) -> int:
        """Queue again what a worker left when it ended; to be called by the only worker, at its start.

        Args:
            most_tries: Jobs that were begun so often fail instead.
            failure: What is said of those.

        Returns:
            How many jobs are queued again.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'failed', failure = ?, ended_ms = ?"
                " WHERE state = 'running' AND tries >= ?",
                (json.dumps(dict(failure)), _now(), most_tries),
            )
            return connection.execute("UPDATE jobs SET state = 'queued' WHERE state = 'running'").rowcount

    def release(self, key: str) -> None:
        """Queue a running job again, as if it had not begun: the app was asked to stop."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'queued', tries = tries - 1 WHERE key = ? AND state = 'running'",
                (key,),
            )

    def older_than(self, seconds: float) -> list[str]:
        """Keys of jobs that were uploaded longer ago and are not running."""
        rows = self._database.read(
            "SELECT key FROM jobs WHERE created_ms < ? AND state != 'running'",
            (_now() - int(seconds * 1000),),
        )
        return [str(row["key"]) for row in rows]

    def _end(self, key: str, state: State, column: str, value: Mapping[str, Any]) -> bool:
        with self._database.write() as connection:
            changed = connection.execute(
                f"UPDATE jobs SET state = ?, {column} = ?, ended_ms = ? WHERE key = ? AND state = 'running'",
                (state, json.dumps(value), _now(), key),
            )
            return changed.rowcount == 1


def new_key() -> str:
    """A name that nobody guesses: 192 random bits, 32 characters of the URL alphabet."""
    return secrets.token_urlsafe(24)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _job(row: sqlite3.Row) -> Job:
    failure, summary = (
        None if row[name] is None else json.loads(row[name]) for name in ("failure", "summary")
    )
    return Job(
        key=row["key"],
        owner=row["owner"],
        name=row["name"],
        exercise=row["exercise"],
        blur=bool(row["blur"]),
        person=row["person"],
        state=State(row["state"]),
        tries=row["tries"],
        step=row["step"],
        steps_done=row["steps_done"],
        steps=row["steps"],
        failure=failure,
        summary=summary,
        created_ms=row["created_ms"],
        started_ms=row["started_ms"],
        ended_ms=row["ended_ms"],
    )
