"""The local commit of telemetry in SQLite, one file per day of receipt (UTC).

Theory of operation. Points (or their spool), the hand-off of conditions, quarantine and what the
rules remember stand in one file, so that one commit (`synchronous=FULL`) covers all that a batch
caused; a rescue never waits for a store elsewhere. A new day's file takes over the memories of the
day before in the transaction that makes it. Readers in other processes open the files read-only.
How points are kept is given by `PointRows`: as samples (embedded history) or as a spool.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from core import handoff
from core.clock import Clock
from devices import findings, judging
from devices.judging import LiftMemory
from ingest.timeseries.port import Batch, Point
from ingest.timeseries.steps import micros

_SCHEMA = """
CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_at_us INTEGER NOT NULL, topic TEXT NOT NULL,
    reason TEXT NOT NULL, field TEXT NOT NULL, detail TEXT NOT NULL, raw BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS memory (lift TEXT PRIMARY KEY, kept BLOB NOT NULL) STRICT;
"""


class PointRows(Protocol):
    """How the points of a batch stand in a day file."""

    def create(self, connection: sqlite3.Connection) -> None:
        """Make what is needed in a new file, within the caller's transaction."""
        ...

    def append(self, connection: sqlite3.Connection, at: datetime, points: Sequence[Point]) -> int:
        """Add the points in the caller's transaction; answers how many were shed."""
        ...

    def since(self, connection: sqlite3.Connection, since: datetime) -> Iterator[Point]:
        """Every point of the file received since then, in order of receipt."""
        ...


def day_files(folder: Path) -> list[Path]:
    """The day files of a folder, oldest first."""
    return sorted(folder.glob("????-??-??.db"))


def open_reader(file: Path) -> sqlite3.Connection:
    """A read-only connection to a day file."""
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)


def give_back(connection: sqlite3.Connection) -> None:
    """Return what was deleted to the file system."""
    # a step a page: execute() would end after the first
    connection.executescript("PRAGMA incremental_vacuum")


class suppress_missing_table(suppress):  # noqa: N801  (reads as contextlib.suppress does)
    """For a file that its owner has only just made, or in which points are kept otherwise."""

    def __init__(self) -> None:
        super().__init__(sqlite3.OperationalError)

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        """Swallow "no such table" alone."""
        return isinstance(error, sqlite3.OperationalError) and "no such table" in str(error)


class DayFiles:
    """Writes with one connection; `commit` is for one thread, reading is for any.

    Without a clock it only reads.
    """

    def __init__(self, folder: Path, clock: Clock | None, rows: PointRows) -> None:
        self._folder = folder
        self._clock = clock
        self._rows = rows
        self._file: Path | None = None
        self._connection: sqlite3.Connection | None = None
        self._writing = threading.Lock()
        if clock is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._open(clock.now())

    def close(self) -> None:
        """Close the day file."""
        with self._writing:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self._file = None

    def _open(self, at: datetime) -> sqlite3.Connection:
        file = self._folder / f"{at.astimezone(UTC):%Y-%m-%d}.db"
        if self._connection is not None and self._file is not None and file <= self._file:
            return self._connection
        connection = self._prepare(file)
        if self._connection is not None:
            self._connection.close()
        self._connection, self._file = connection, file
        return connection

    def _prepare(self, file: Path) -> sqlite3.Connection:
        """A writing connection to a day file, made where it is missing."""
        before = [each for each in day_files(self._folder) if each < file]
        connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            for pragma in ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}")
            if before:
                connection.execute("ATTACH ? AS yesterday", (str(before[-1]),))
            connection.execute("BEGIN IMMEDIATE")
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            self._rows.create(connection)
            handoff.create(connection)
            if before:
                connection.execute(
                    "INSERT INTO main.memory SELECT * FROM yesterday.memory WHERE true"
                    " ON CONFLICT DO NOTHING"
                )
            connection.execute("COMMIT")
            if before:
                connection.execute("DETACH yesterday")
        except BaseException:
            connection.close()
            raise
        return connection

    def commit(self, batch: Batch) -> int:
        """Make the batch durable as a whole, or raise and keep none of it.

        Answers how many of its points were shed for want of room; nothing else ever is.
        """
        if self._clock is None:
            raise sqlite3.ProgrammingError("a reader writes nothing")
        with self._writing:
            connection = self._open(batch.at)
            connection.execute("BEGIN IMMEDIATE")
            try:
                shed = self._rows.append(connection, batch.at, batch.points)
                self._write(connection, batch)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        return shed

    @staticmethod
    def _write(connection: sqlite3.Connection, batch: Batch) -> None:
        connection.executemany(
            "INSERT INTO quarantine (received_at_us, topic, reason, field, detail, raw)"
            " VALUES (?,?,?,?,?,?)",
            [
                (micros(q.received_at), q.topic, q.reason, q.field, q.detail, q.raw)
                for q in batch.quarantined
            ],
        )
        connection.executemany(
            "INSERT INTO memory VALUES (?,?) ON CONFLICT (lift) DO UPDATE SET kept=excluded.kept",
            [(lift, judging.encode(memory)) for lift, memory in batch.memories.items()],
        )
        for found in batch.findings:
            handoff.append(
                connection,
                event_id=findings.row_id(found),
                at=batch.at,
                payload=findings.encode(found),
            )

    def memories(self) -> dict[str, LiftMemory]:
        """What the rules remember of every lift."""
        for file in reversed(day_files(self._folder)):
            with closing(open_reader(file)) as connection:
                rows = connection.execute("SELECT lift, kept FROM memory").fetchall()
            return {lift: judging.decode(kept) for lift, kept in rows}
        return {}

    def points_since(self, since: datetime) -> Iterator[Point]:
        """Every point still here that was received since then, in order of receipt."""
        for file in day_files(self._folder):
            if file.stem >= f"{since.astimezone(UTC):%Y-%m-%d}":
                with closing(open_reader(file)) as connection:
                    yield from self._rows.since(connection, since)
