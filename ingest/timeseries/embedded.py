"""Telemetry history in SQLite, one file per day of receipt (UTC).

Theory of operation. Samples, the hand-off of conditions, quarantine and what the rules remember
stand in one file, so that one commit (`synchronous=FULL`) covers all that a batch caused. A new
day's file takes over the memories of the day before in the transaction that makes it. Readers in
other processes open the files read-only.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from core import handoff
from core.clock import Clock
from devices import findings, judging
from devices.judging import LiftMemory
from ingest.timeseries.port import Batch, Point, Sample, Series, Value, Window

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sample (
    id INTEGER PRIMARY KEY, lift TEXT NOT NULL, received_at_us INTEGER NOT NULL,
    device_at_us INTEGER NOT NULL, kind TEXT NOT NULL, gateway TEXT NOT NULL, seq INTEGER,
    boot TEXT NOT NULL, fields TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS sample_lift ON sample (lift, received_at_us);
CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_at_us INTEGER NOT NULL, topic TEXT NOT NULL,
    reason TEXT NOT NULL, field TEXT NOT NULL, detail TEXT NOT NULL, raw BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS memory (lift TEXT PRIMARY KEY, kept BLOB NOT NULL) STRICT;
"""
_FIELDS = msgspec.json.Decoder(dict[str, Value])
_POINT = "lift, received_at_us, device_at_us, kind, gateway, seq, boot, fields"


def micros(at: datetime) -> int:
    """Whole microseconds since 1970 UTC."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def instant(at_us: int) -> datetime:
    """The instant of `micros`."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)


def day_files(folder: Path) -> list[Path]:
    """The day files of a folder, oldest first."""
    return sorted(folder.glob("????-??-??.db"))


def open_reader(file: Path) -> sqlite3.Connection:
    """A read-only connection to a day file."""
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)


class EmbeddedStore:
    """Writes with one connection; `commit` is for one thread, reading is for any."""

    def __init__(self, folder: Path, clock: Clock | None) -> None:
        self._folder = folder
        self._clock = clock
        self._file: Path | None = None
        self._connection: sqlite3.Connection | None = None
        self._writing = threading.Lock()
        if clock is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._open(clock.now())

    @classmethod
    def reader(cls, folder: Path) -> "EmbeddedStore":
        """A store that only reads, for other processes."""
        return cls(folder, None)

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
        before = [each for each in day_files(self._folder) if each < file]
        connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}")
            if before:
                connection.execute("ATTACH ? AS yesterday", (str(before[-1]),))
            connection.execute("BEGIN IMMEDIATE")
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
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
        if self._connection is not None:
            self._connection.close()
        self._connection, self._file = connection, file
        return connection

    def commit(self, batch: Batch) -> None:
        """Make the batch durable as a whole, or raise and keep none of it."""
        if self._clock is None:
            raise sqlite3.ProgrammingError("a reader writes nothing")
        with self._writing:
            connection = self._open(batch.at)
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._write(connection, batch)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @staticmethod
    def _write(connection: sqlite3.Connection, batch: Batch) -> None:
        connection.executemany(
            f"INSERT INTO sample ({_POINT}) VALUES (?,?,?,?,?,?,?,?)",  # noqa: S608  (our words)
            [
                (
                    p.lift,
                    micros(p.received_at),
                    micros(p.device_at),
                    p.kind,
                    p.gateway,
                    p.seq,
                    p.boot,
                    msgspec.json.encode(p.fields).decode(),
                )
                for p in batch.points
            ],
        )
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
        """Every point received since then, in order of receipt."""
        for file in day_files(self._folder):
            if file.stem < f"{since.astimezone(UTC):%Y-%m-%d}":
                continue
            with closing(open_reader(file)) as connection:
                rows = connection.execute(
                    f"SELECT {_POINT} FROM sample WHERE received_at_us >= ? ORDER BY id",  # noqa: S608
                    (micros(since),),
                )
                for row in rows:
                    yield _point(row)

    def window(self, window: Window) -> Series:
        """The field aggregated per step, over the day files that the window touches."""
        start, end = micros(window.start), micros(window.end)
        step = max(window.step // timedelta(microseconds=1), 1)
        steps: dict[int, list[float]] = {}
        first, final = (f"{at.astimezone(UTC):%Y-%m-%d}" for at in (window.start, window.end))
        for file in day_files(self._folder):
            if not first <= file.stem <= final:
                continue
            with closing(open_reader(file)) as connection:
                rows = connection.execute(
                    "SELECT received_at_us, json_extract(fields, ?) AS value FROM sample"
                    " WHERE lift = ? AND received_at_us >= ? AND received_at_us < ?"
                    " AND json_type(fields, ?) IN ('integer', 'real') ORDER BY received_at_us, id",
                    (path := f'$."{window.field}"', window.lift, start, end, path),
                )
                for at, value in rows:
                    steps.setdefault((at - start) // step, []).append(float(value))
        return Series(
            tuple(
                Sample(instant(start + n * step), sum(v) / len(v), min(v), max(v), v[-1])
                for n, v in sorted(steps.items())
            )
        )

    def last_points(self, lift: str, limit: int) -> list[Point]:
        """The newest points of a lift, newest first."""
        found: list[Point] = []
        for file in reversed(day_files(self._folder)):
            with closing(open_reader(file)) as connection:
                rows = connection.execute(
                    f"SELECT {_POINT} FROM sample WHERE lift = ?"  # noqa: S608  (our words)
                    " ORDER BY received_at_us DESC, id DESC LIMIT ?",
                    (lift, limit - len(found)),
                ).fetchall()
            found += map(_point, rows)
            if len(found) >= limit:
                break
        return found


def _point(row: tuple[str, int, int, str, str, int | None, str, str]) -> Point:
    lift, received, device, kind, gateway, seq, boot, fields = row
    values = _FIELDS.decode(fields)
    return Point(lift, instant(received), instant(device), values, kind, gateway, seq, boot)
