"""Telemetry history in the day files themselves: a row a point, found by event time.

Theory of operation. A point lies in the file of the day it was received on, its event at most
STALE before that and never after: so a window by event time looks into the files of its days and
of the STALE days behind them.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from pathlib import Path

import msgspec

from core.clock import Clock
from ingest.device_clock import STALE
from ingest.timeseries.crowding import KEPT, Budget
from ingest.timeseries.dayfiles import DayFiles, day_files, give_back
from ingest.timeseries.port import (
    Numbered,
    Point,
    Series,
    Value,
    Window,
    event_of,
    will_of,
)
from ingest.timeseries.reading import open_reader, reading, suppress_missing_table
from ingest.timeseries.rollfiles import read_marks, rolled_up_to
from ingest.timeseries.steps import instant, micros
from ingest.timeseries.windows import Day, Kept, Rolled, series

_DAY = timedelta(days=1)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sample (
    id INTEGER PRIMARY KEY, lift TEXT NOT NULL, received_at_us INTEGER NOT NULL,
    device_at_us INTEGER NOT NULL, kind TEXT NOT NULL, gateway TEXT NOT NULL, seq INTEGER,
    boot TEXT NOT NULL, fields TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS sample_event ON sample (lift, device_at_us);
"""
Row = tuple[str, int, int, str, str, int | None, str, str]
_FIELDS = msgspec.json.Decoder(dict[str, Value])
_encode = msgspec.json.Encoder().encode
_POINT = "lift, received_at_us, device_at_us, kind, gateway, seq, boot, fields"
_NEWEST = "ORDER BY device_at_us DESC, received_at_us DESC, id DESC LIMIT ?"
_INSERT = f"INSERT INTO sample ({_POINT}) "
# A statement of many rows costs less, and gives up Python's lock once instead of once a row.
_AT_ONCE = [
    (rows, f"{_INSERT} VALUES {','.join(['(?,?,?,?,?,?,?,?)'] * rows)}") for rows in (256, 32, 4, 1)
]
_UNLESS_THERE = (
    "SELECT ?1,?2,?3,?4,?5,?6,?7,?8 WHERE NOT EXISTS (SELECT 1 FROM sample WHERE lift=?1"
    " AND device_at_us=?3 AND kind=?4 AND gateway=?5 AND seq IS ?6 AND boot=?7 AND fields=?8)"
)

_THERE = (
    "SELECT 1 FROM sample WHERE lift=? AND device_at_us=? AND kind=? AND gateway=? AND seq IS ?"
    " AND boot=? LIMIT 1"
)


_ALL = 2**63 - 1


class SampleRows:
    """A row a point."""

    def create(self, connection: sqlite3.Connection) -> None:
        """Make the table and its index."""
        for statement in filter(str.strip, _SCHEMA.split(";")):
            connection.execute(statement)

    def append(self, connection: sqlite3.Connection, at: datetime, points: Sequence[Point]) -> int:
        """Add the points; none is shed."""
        del at
        rows, done = list(_rows(points)), 0
        for size, statement in _AT_ONCE:
            while len(rows) - done >= size:
                told = chain.from_iterable(rows[done : done + size])
                connection.execute(statement, tuple(told))
                done += size
        return 0

    def before(self, connection: sqlite3.Connection, since: datetime) -> int:
        """A row behind which stands all that was received since then."""
        return _first_since(connection, micros(since)) - 1

    def last(self, connection: sqlite3.Connection) -> int:
        """The newest row; `expire` leaves it where it is, so its number is not given again."""
        (row,) = connection.execute("SELECT coalesce(max(id), 0) FROM sample").fetchone()
        return int(row)

    def behind(self, connection: sqlite3.Connection, row: int) -> Iterator[Point]:
        """Every point of the rows behind that one, in order."""
        rows = connection.execute(
            f"SELECT {_POINT} FROM sample WHERE id > ? ORDER BY id",  # noqa: S608
            (row,),
        )
        yield from map(_point, rows)

    def numbers(self, connection: sqlite3.Connection, row: int) -> Iterator[Numbered]:
        """What those rows tell of numbering alone."""
        for gateway, boot, seq, fields in connection.execute(
            "SELECT gateway, boot, coalesce(seq, 0),"
            " CASE WHEN kind IN ('event', 'finding', 'cmd-ack')"
            " OR kind = 'heartbeat' AND instr(fields, '\"offline\":true') THEN fields END"
            " FROM sample WHERE id > ? AND (seq IS NOT NULL OR kind = 'cmd-ack') ORDER BY id",
            (row,),
        ):
            told = _FIELDS.decode(fields) if fields else {}
            if told.get("offline"):
                yield will_of(gateway, boot, seq)
            else:
                yield Numbered(gateway, boot, seq, event_of(told) if told else None)


def _first_since(connection: sqlite3.Connection, at_us: int) -> int:
    """A row from which on all were received since then: rows are numbered as they come."""
    low, high = connection.execute(
        "SELECT coalesce(min(id), 1), coalesce(max(id), 0) + 1 FROM sample"
    ).fetchone()
    while low < high:
        middle = (low + high) // 2
        row, received_us = connection.execute(
            "SELECT id, received_at_us FROM sample WHERE id >= ? ORDER BY id LIMIT 1", (middle,)
        ).fetchone()
        if received_us < at_us:
            low = row + 1
        else:
            high = middle
    return int(low)


class EmbeddedStore(DayFiles):
    """History in the same files as the commit; reading is for any process and thread."""

    def __init__(self, folder: Path, clock: Clock | None, *, quarantine: Budget = KEPT) -> None:
        super().__init__(folder, clock, SampleRows(), quarantine=quarantine)

    @classmethod
    def reader(cls, folder: Path) -> "EmbeddedStore":
        """A store that only reads, for other processes."""
        return cls(folder, None)

    def write(self, points: Sequence[Point]) -> None:
        """Add points that are not there yet, each in the file of its day of receipt."""
        by_day: dict[date, list[Point]] = {}
        for point in points:
            by_day.setdefault(point.received_at.astimezone(UTC).date(), []).append(point)
        for day, of_day in by_day.items():
            with closing(self._prepare(self._folder / f"{day}.db")) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_INSERT + _UNLESS_THERE, _rows(of_day))
                connection.execute("COMMIT")

    def window(self, window: Window) -> Series:
        """The field aggregated per step."""
        return self.windows([window.lift], window)[window.lift]

    def windows(self, lifts: Sequence[str], window: Window) -> dict[str, Series]:
        """The same window of many lifts."""
        with ExitStack() as stack:
            kept = [self.opened(window, stack)]
            return {lift: series(kept, replace(window, lift=lift)) for lift in dict.fromkeys(lifts)}

    def opened(self, window: Window, stack: ExitStack) -> Kept:
        """Everything that a window may be answered from, open as long as `stack`."""
        marks = read_marks(self._folder)  # first: what lies behind them is read from the rows
        days: list[Day] = []
        for file in self._files_of(window.start, window.end):
            connection = stack.enter_context(closing(open_reader(file)))
            with suppress_missing_table(file):
                upto = rolled_up_to(connection, marks.files.get(file.name))
                days.append(Day(connection, upto))
        return Kept(days, Rolled(self._folder, marks.raw_from))

    def latest(self, lifts: Sequence[str]) -> dict[str, Point]:
        """The newest point of each lift that has any."""
        newest = {lift: self.last_points(lift, 1) for lift in lifts}
        return {lift: points[0] for lift, points in newest.items() if points}

    def last_points(self, lift: str, limit: int) -> list[Point]:
        """The newest points of a lift, newest first."""
        found: list[Point] = []
        for file in reversed(day_files(self._folder)):
            with reading(file) as connection:
                rows = connection.execute(
                    f"SELECT {_POINT} FROM sample WHERE lift = ? {_NEWEST}",  # noqa: S608
                    (lift, limit),
                )
                found += map(_point, rows)
            found = sorted(found, key=event_order, reverse=True)[:limit]
            older_end = datetime.combine(date.fromisoformat(file.stem), time(), UTC)
            if len(found) == limit and (not limit or found[-1].device_at >= older_end):
                break  # nothing in an older file is newer than these
        return found

    def counts(self, first: date, final: date) -> dict[date, int]:
        """Points per day of event."""
        start = datetime.combine(first, time(), UTC)
        end = datetime.combine(final, time(), UTC) + _DAY
        found: dict[date, int] = {}
        for file in self._files_of(start, end):
            with reading(file) as connection:
                for day, number in connection.execute(
                    "SELECT date(device_at_us / 1000000, 'unixepoch') AS day, count(*) FROM sample"
                    " WHERE device_at_us >= ? AND device_at_us < ? GROUP BY day",
                    (micros(start), micros(end)),
                ):
                    key = date.fromisoformat(day)
                    found[key] = found.get(key, 0) + number
        return found

    def holds(self, point: Point) -> bool:
        """Whether that message is a row already."""
        wanted = (
            point.lift,
            micros(point.device_at),
            point.kind,
            point.gateway,
            point.seq,
            point.boot,
        )
        for file in self._files_of(point.device_at, point.device_at):
            with reading(file) as connection:
                if connection.execute(_THERE, wanted).fetchone():
                    return True
        return False

    def rows_after(self, file: Path, row: int, limit: int) -> list[tuple[int, Point]]:
        """Up to `limit` points of a day file behind a row, each with its row."""
        with reading(file) as connection:
            rows = connection.execute(
                f"SELECT id, {_POINT} FROM sample WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608
                (row, limit),
            ).fetchall()
            return [(n, _point(tuple(rest))) for n, *rest in rows]
        return []

    def messages(self) -> dict[date, int]:
        """Different messages per day of event; one that came again on another day counts twice."""
        found: dict[date, int] = {}
        for file in day_files(self._folder):
            with reading(file) as connection:
                for day, number in connection.execute(
                    "SELECT date(ms / 1000, 'unixepoch') AS day, count(*) FROM (SELECT DISTINCT"
                    " device_at_us / 1000 AS ms, lift, kind, gateway, seq, boot,"
                    " CASE WHEN seq IS NULL THEN fields END FROM sample) GROUP BY day"
                ):
                    key = date.fromisoformat(day)
                    found[key] = found.get(key, 0) + number
        return found

    def expire(self, before: datetime) -> None:
        """Forget points of earlier events; the file stays for what else it holds."""
        files = day_files(self._folder)
        for file in files:
            if file.stem > f"{before.astimezone(UTC) + STALE:%Y-%m-%d}":
                break
            with closing(self._prepare(file)) as connection:
                connection.execute(
                    "DELETE FROM sample WHERE device_at_us < ? AND id < ?",
                    (micros(before), self._rows.last(connection) if file == files[-1] else _ALL),
                )
                give_back(connection)

    def _files_of(self, start: datetime, end: datetime) -> list[Path]:
        first = f"{start.astimezone(UTC):%Y-%m-%d}"
        final = f"{(end + STALE).astimezone(UTC):%Y-%m-%d}"
        return [file for file in day_files(self._folder) if first <= file.stem <= final]


def event_order(point: Point) -> tuple[datetime, datetime]:
    """By which points of a lift are newer than others."""
    return point.device_at, point.received_at


def _rows(points: Sequence[Point]) -> Iterator[Row]:
    """Points as rows; most of a batch were received at one instant, and many happened at it."""
    at: datetime | None = None
    at_us = 0
    for p in points:
        if p.received_at is not at:
            at, at_us = p.received_at, micros(p.received_at)
        event_us = at_us if p.device_at is at else micros(p.device_at)
        fields = _encode(p.fields).decode()
        yield p.lift, at_us, event_us, p.kind, p.gateway, p.seq, p.boot, fields


def _point(row: Row) -> Point:
    lift, received, device, kind, gateway, seq, boot, fields = row
    values = _FIELDS.decode(fields)
    return Point(lift, instant(received), instant(device), values, kind, gateway, seq, boot)
