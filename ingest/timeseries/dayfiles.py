"""The local commit of telemetry in SQLite, one file per day of receipt (UTC).

Theory of operation. Points (or their spool), the hand-off of conditions, quarantine and what the
rules remember stand in one file, so that one commit (`synchronous=FULL`) covers all that a batch
caused; a rescue never waits for a store elsewhere. A new day's file takes over the memories of the
file that was written before it (`turns`) in the transaction that makes it. Readers in other
processes open the files read-only. How points are kept is given by `PointRows`: as samples
(embedded history) or as a spool.

What other processes ask of telemetry (a replay, a message at the HTTP door) is answered in the same
commit as what it caused; the newest row answered of each source is kept, so that none is taken
twice. A day's quarantine has a budget (`crowding`): beyond it the oldest go, and are counted.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from core import handoff
from core.clock import Clock
from devices import findings, judging
from devices.judging import LiftMemory
from ingest.timeseries import crowding
from ingest.timeseries.crowding import KEPT, Budget
from ingest.timeseries.port import Answer, Batch, Numbered, Point, Position
from ingest.timeseries.reading import reading, suppress_missing_table
from ingest.timeseries.steps import micros
from ingest.timeseries.turns import last_written, turn_in, turn_of, write_turn

_SCHEMA = """
CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_at_us INTEGER NOT NULL, topic TEXT NOT NULL,
    reason TEXT NOT NULL, field TEXT NOT NULL, detail TEXT NOT NULL, raw BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS memory (lift TEXT PRIMARY KEY, kept BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS answer (
    source TEXT NOT NULL, row INTEGER NOT NULL, at_us INTEGER NOT NULL, outcome TEXT NOT NULL,
    reason TEXT NOT NULL, field TEXT NOT NULL, detail TEXT NOT NULL, about TEXT NOT NULL,
    PRIMARY KEY (source, row)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answer_about ON answer (about) WHERE about != '';
CREATE TABLE IF NOT EXISTS answered_up_to (source TEXT PRIMARY KEY, row INTEGER NOT NULL) STRICT;
"""
ANSWER = "source, row, outcome, reason, field, detail, about"
_TAKE_OVER = (
    "INSERT OR REPLACE INTO main.memory SELECT * FROM before.memory",
    "INSERT OR REPLACE INTO main.answered_up_to SELECT * FROM before.answered_up_to",
)


class PointRows(Protocol):
    """How the points of a batch stand in a day file."""

    def create(self, connection: sqlite3.Connection) -> None:
        """Make what is needed in a new file, within the caller's transaction."""
        ...

    def append(self, connection: sqlite3.Connection, at: datetime, points: Sequence[Point]) -> int:
        """Add the points in the caller's transaction; answers how many were shed."""
        ...

    def before(self, connection: sqlite3.Connection, since: datetime) -> int:
        """A row behind which stands all that was received since then."""
        ...

    def last(self, connection: sqlite3.Connection) -> int:
        """The newest row; no later one is ever given its number, or a smaller one."""
        ...

    def behind(self, connection: sqlite3.Connection, row: int) -> Iterator[Point]:
        """Every point of the rows behind that one, in order."""
        ...

    def numbers(self, connection: sqlite3.Connection, row: int) -> Iterator[Numbered]:
        """What those rows tell of numbering alone: much cheaper than the points."""
        ...


def day_files(folder: Path) -> list[Path]:
    """The day files of a folder, oldest first."""
    return sorted(folder.glob("????-??-??.db"))


def give_back(connection: sqlite3.Connection) -> None:
    """Return what was deleted to the file system."""
    # a step a page: execute() would end after the first
    connection.executescript("PRAGMA incremental_vacuum")


def answered_up_to(folder: Path, source: str) -> int:
    """The newest row of that source that telemetry has answered."""
    newest = 0
    for file in day_files(folder):  # a clock that was ahead leaves newer names with older answers
        with reading(file) as connection:
            for (row,) in connection.execute(
                "SELECT row FROM answered_up_to WHERE source = ?", (source,)
            ):
                newest = max(newest, row)
    return newest


def _everybody(_gateway: str) -> bool:
    return True


class DayFiles:
    """Writes with one connection; `commit` is for one thread, reading is for any.

    Without a clock it only reads.
    """

    def __init__(
        self, folder: Path, clock: Clock | None, rows: PointRows, *, quarantine: Budget = KEPT
    ) -> None:
        self._budget = quarantine
        self._folder = folder
        self._clock = clock
        self._rows = rows
        self.recalls: Callable[[str], bool] = _everybody  # whose gateways are ours
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
        before = last_written(day_files(self._folder))
        if before == file:
            before = None
        connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            for pragma in ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}")
            if before is not None:
                connection.execute("ATTACH ? AS before", (str(before),))
            connection.execute("BEGIN IMMEDIATE")
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            crowding.keep_sums(connection)
            self._rows.create(connection)
            handoff.create(connection)
            for statement in _TAKE_OVER if before is not None else ():
                with suppress_missing_table():  # of a version before
                    connection.execute(statement)
            turn = 0 if before is None else turn_of(before)[0]
            if before is not None or not turn_in(connection)[0]:
                write_turn(connection, turn + 1, self._rows.last(connection))
            connection.execute("COMMIT")
            if before is not None:
                connection.execute("DETACH before")
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
                self._answer(connection, batch, shed)
                gone = crowding.make_room(connection, self._budget) if batch.quarantined else 0
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            if batch.quarantined:
                crowding.show(connection, self._folder.name)
        crowding.crowded_out(gone)
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

    @staticmethod
    def _answer(connection: sqlite3.Connection, batch: Batch, shed: int) -> None:
        answers: Sequence[Answer] = batch.answers
        if shed:
            answers = [replace(a, outcome="shed") if a.outcome == "stored" else a for a in answers]
        at_us = micros(batch.at)
        connection.executemany(
            "INSERT INTO answer VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            [
                (a.source, a.row, at_us, a.outcome, a.reason, a.field, a.detail, a.about)
                for a in answers
            ],
        )
        connection.executemany(
            "INSERT INTO answered_up_to VALUES (?,?) ON CONFLICT (source) DO UPDATE"
            " SET row = max(row, excluded.row)",
            [(a.source, a.row) for a in answers],
        )

    def drop(self, kept: Sequence[str]) -> int:
        """Forget refused objects, named `day/row`; how many there were."""
        gone = 0
        for name in kept:
            day, _, row = name.partition("/")
            file = self._folder / f"{day}.db"
            if file not in day_files(self._folder):
                continue
            with closing(sqlite3.connect(file, isolation_level=None, timeout=5)) as connection:
                done = connection.execute("DELETE FROM quarantine WHERE id = ?", (row,))
                gone += done.rowcount
                if file == self._file:
                    crowding.show(connection, self._folder.name)
        return gone

    def holds(self, point: Point) -> bool:
        """Whether the point is here; False where that cannot be known: writing it twice is once."""
        del point
        return False

    def memories(self) -> dict[str, LiftMemory]:
        """What the rules remember of every lift."""
        file = last_written(day_files(self._folder))
        if file is None:
            return {}
        with reading(file) as connection:
            rows = connection.execute("SELECT lift, kept FROM memory").fetchall()
            return {lift: judging.decode(kept) for lift, kept in rows}
        return {}

    def refused_lately(self, most: int = 10_000) -> list[tuple[str, bytes]]:
        """The newest small objects in the quarantine of the file written last: topic and bytes."""
        file = last_written(day_files(self._folder))
        if file is None:
            return []
        with reading(file) as connection:
            return connection.execute(
                "SELECT topic, raw FROM quarantine WHERE length(raw) < 2000"
                " ORDER BY id DESC LIMIT ?",
                (most,),
            ).fetchall()
        return []

    def position(self) -> Position:
        """Where the newest row stands."""
        if self._connection is None or self._file is None:
            raise sqlite3.ProgrammingError("a reader writes nothing")
        return Position(self._file.stem, self._rows.last(self._connection))

    def points_behind(self, position: Position) -> Iterator[Point]:
        """Every point that was committed after that position was the newest, in order."""
        for file, row in self._behind(position):
            with reading(file) as connection:
                told = self._rows.behind(connection, row)
                yield from (each for each in told if self.recalls(each.gateway))

    def numbers_behind(self, position: Position) -> Iterator[Numbered]:
        """What the same points tell of numbering."""
        for file, row in self._behind(position):
            with reading(file) as connection:
                told = self._rows.numbers(connection, row)
                yield from (each for each in told if self.recalls(each.gateway))

    def _behind(self, position: Position) -> list[tuple[Path, int]]:
        files = day_files(self._folder)
        mine = self._folder / f"{position.day}.db"
        since = turn_of(mine)[0] if mine in files else 0
        if not since:  # of a version before, or gone
            return [(f, position.row if f == mine else 0) for f in files if f >= mine]
        turns = sorted((*turn_of(file), file) for file in files)
        return [
            (file, position.row if file == mine else row)
            for turn, row, file in turns
            if turn >= since
        ]

    def position_at(self, since: datetime) -> Position:
        """A position behind which stands all that was received since then."""
        day = f"{since.astimezone(UTC):%Y-%m-%d}"
        file = self._folder / f"{day}.db"
        if file in day_files(self._folder):
            with reading(file) as connection:
                return Position(day, self._rows.before(connection, since))
        return Position(day, 0)
