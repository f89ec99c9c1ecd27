"""The SQLite file of the app: connections, and migrations by number."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aqa_bench.core.errors import DataError

__all__ = ["MIGRATIONS", "Database"]

#: Statements that lead from one version of the schema to the next. Never changed, only added to.
MIGRATIONS: Final[Sequence[str]] = (
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        exercise TEXT NOT NULL,
        blur INTEGER NOT NULL,
        person INTEGER,
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
        tries INTEGER NOT NULL DEFAULT 0,
        step TEXT NOT NULL DEFAULT '',
        steps_done INTEGER NOT NULL DEFAULT 0,
        steps INTEGER,
        failure TEXT,
        summary TEXT,
        created_ms INTEGER NOT NULL,
        queued_ms INTEGER NOT NULL,
        started_ms INTEGER,
        ended_ms INTEGER
    );
    CREATE INDEX jobs_by_state ON jobs (state, queued_ms, number);
    CREATE INDEX jobs_by_owner ON jobs (owner, number);
    """,
)

_PATIENCE_S: Final = 10.0


class Database:
    """A SQLite file that several threads and processes share, each thread by its own connection.

    Args:
        file: The file; made when missing, brought to the newest schema when older.

    Raises:
        DataError: It cannot be opened, or a newer program has written it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._own = threading.local()
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._connection()
        except sqlite3.DatabaseError as error:
            raise DataError(
                "The app's database cannot be opened.",
                where=file,
                expected="a SQLite database in a writable folder",
                found=str(error),
                remedy="Move the file away to start with an empty database, or choose another folder "
                "(--data).",
            ) from error
        self._migrate()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes, kept short: everybody else who writes waits for it."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        # Rolls back what fails, a commit too.
        with connection:
            yield connection

    def read(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """The rows of one query."""
        return self._connection().execute(sql, tuple(values)).fetchall()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._file, timeout=_PATIENCE_S, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            self._own.connection = connection
        return connection

    def _migrate(self) -> None:
        with self.write() as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > len(MIGRATIONS):
                raise DataError(
                    "The app's database was written by a newer aqa-bench.",
                    where=self._file,
                    expected=f"schema {len(MIGRATIONS)} or older",
                    found=f"schema {version}",
                    remedy="Update aqa-bench, or choose another folder (--data).",
                )
            for number, script in enumerate(MIGRATIONS[version:], version + 1):
                for statement in filter(str.strip, script.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
