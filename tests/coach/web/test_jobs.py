"""The queue on SQLite: order, states, what a killed worker leaves, several processes, migrations."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aqa_bench.coach.web import database
from aqa_bench.coach.web.database import Database
from aqa_bench.coach.web.jobs import Jobs, State, new_key
from aqa_bench.core.errors import DataError

FAILURE = {"what": "interrupted"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def jobs(file: Path) -> Jobs:
    return Jobs(Database(file))


def add(jobs: Jobs, owner: str = "me") -> str:
    key = new_key()
    jobs.add(key, owner, name="a.mp4", exercise="squat", blur=False)
    return key


def state(jobs: Jobs, key: str) -> State | None:
    job = jobs.find(key)
    return None if job is None else job.state


def test_first_come_first_served(jobs: Jobs) -> None:
    keys = [add(jobs) for _ in range(3)]
    assert [jobs.ahead(key) for key in keys] == [0, 1, 2]
    claimed = [jobs.claim() for _ in range(4)]
    assert [job and job.key for job in claimed] == [*keys, None]
    assert jobs.ahead(add(jobs)) == 3


def test_a_job_that_is_judged_again_goes_behind_those_that_wait(jobs: Jobs) -> None:
    first, second = add(jobs), add(jobs)
    jobs.claim()
    assert not jobs.again(first, 1)
    jobs.finish(first, {"good": 2})
    # Times are of milliseconds: the next one has to be seen as later.
    with jobs._database.write() as connection:
        connection.execute("UPDATE jobs SET queued_ms = queued_ms - 10")
    assert jobs.again(first, 1)
    assert [jobs.ahead(key) for key in (second, first)] == [0, 1]
    assert jobs.claim().key == second
    again = jobs.claim()
    assert (again.key, again.person, again.tries) == (first, 1, 1)


def test_only_a_running_job_ends(jobs: Jobs) -> None:
    key = add(jobs)
    assert not jobs.finish(key, {})
    assert not jobs.progress(key, "a", 1, 2)
    jobs.claim()
    assert jobs.progress(key, "poses", 3, 10)
    found = jobs.find(key)
    assert (found.step, found.steps_done, found.steps) == ("poses", 3, 10)
    assert jobs.fail(key, FAILURE)
    assert not jobs.finish(key, {})
    assert jobs.find(key).failure == FAILURE


def test_a_deleted_job_is_gone_for_its_worker(jobs: Jobs) -> None:
    key = add(jobs)
    jobs.claim()
    jobs.delete(key)
    assert not jobs.progress(key, "poses", 3, 10)
    assert not jobs.finish(key, {"good": 1})
    assert jobs.find(key) is None


def test_what_a_killed_worker_left_is_tried_again_a_few_times(jobs: Jobs) -> None:
    key = add(jobs)
    for _ in range(2):
        jobs.claim()
        assert jobs.recover(3, FAILURE) == 1
        assert state(jobs, key) is State.QUEUED
    jobs.claim()
    assert jobs.recover(3, FAILURE) == 0
    assert state(jobs, key) is State.FAILED
    assert jobs.find(key).failure == FAILURE


def test_a_job_that_was_given_back_has_all_its_tries(jobs: Jobs) -> None:
    key = add(jobs)
    jobs.claim()
    jobs.release(key)
    assert jobs.find(key).tries == 0
    assert state(jobs, key) is State.QUEUED


def test_browsers_see_their_own_newest_first(jobs: Jobs) -> None:
    mine = [add(jobs), add(jobs)]
    add(jobs, "somebody else")
    assert [job.key for job in jobs.of("me")] == mine[::-1]


def test_old_jobs_are_named_unless_they_run(jobs: Jobs) -> None:
    old, running, new = add(jobs), add(jobs), add(jobs)
    with jobs._database.write() as connection:
        connection.execute("UPDATE jobs SET created_ms = created_ms - 100000 WHERE key != ?", (new,))
        connection.execute("UPDATE jobs SET state = 'running' WHERE key = ?", (running,))
    assert jobs.older_than(99) == [old]


def test_two_workers_never_take_the_same_job(file: Path) -> None:
    jobs = Jobs(Database(file))
    keys = {add(jobs) for _ in range(40)}
    taken: list[str] = []

    def take() -> None:
        # A database of its own, as another process would have.
        own = Jobs(Database(file))
        while (job := own.claim()) is not None:
            taken.append(job.key)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 40
    assert set(taken) == keys


def test_a_failed_write_changes_nothing(jobs: Jobs) -> None:
    key = add(jobs)
    with pytest.raises(sqlite3.IntegrityError):
        jobs.add(key, "me", name="again", exercise="squat", blur=True)
    assert jobs.find(key).name == "a.mp4"
    assert state(jobs, add(jobs)) is State.QUEUED


def test_a_commit_that_fails_blocks_no_later_write(jobs: Jobs) -> None:
    with jobs._database.write() as connection:
        connection.executescript(
            "CREATE TABLE parents (id INTEGER PRIMARY KEY);"
            "CREATE TABLE children (id REFERENCES parents DEFERRABLE INITIALLY DEFERRED)"
        )
    jobs._database.read("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.IntegrityError), jobs._database.write() as connection:
        connection.execute("INSERT INTO children VALUES (1)")
    assert state(jobs, add(jobs)) is State.QUEUED


def test_migrations_run_once_each_and_in_order(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = add(Jobs(Database(file)))
    more = (*database.MIGRATIONS, "ALTER TABLE jobs ADD COLUMN stars INTEGER NOT NULL DEFAULT 3; ")
    monkeypatch.setattr(database, "MIGRATIONS", more)
    for _ in range(2):
        newer = Database(file)
    rows = newer.read("SELECT key, stars FROM jobs")
    assert [tuple(row) for row in rows] == [(key, 3)]
    assert newer.read("PRAGMA user_version")[0][0] == len(more)


def test_a_migration_that_fails_leaves_the_old_schema(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(database.MIGRATIONS)
    Database(file)
    more = (*database.MIGRATIONS, "ALTER TABLE jobs ADD COLUMN stars INTEGER; SELECT nonsense")
    monkeypatch.setattr(database, "MIGRATIONS", more)
    with pytest.raises(sqlite3.OperationalError):
        Database(file)
    monkeypatch.undo()
    found = Database(file)
    assert found.read("PRAGMA user_version")[0][0] == before
    assert "stars" not in [row["name"] for row in found.read("PRAGMA table_info(jobs)")]


def test_a_newer_database_is_left_alone(file: Path) -> None:
    Database(file)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(DataError, match="newer"):
        Database(file)


@pytest.mark.parametrize("make", [lambda file: file.write_bytes(b"x" * 5000), Path.mkdir])
def test_a_database_that_is_none_is_said(file: Path, make: Callable[[Path], object]) -> None:
    make(file)
    with pytest.raises(DataError, match=r"(?s)cannot be opened.*jobs\.sqlite"):
        Database(file)
