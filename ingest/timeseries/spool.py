"""Store and forward: points wait in the day files until a store elsewhere has them.

Theory of operation. The writer adds one row a batch in the commit that covers everything else of
the batch; so acknowledging never waits for the store. The drainer, in a process of its own, reads
the rows in order, writes them to the store, and keeps how far it is for each day file in
`drain/drain.db`. Killed between the two it writes the same rows again, which changes nothing (see
lineprotocol). What the store refuses goes into the quarantine of the rows' own day file, with the
row up to which that was done in the same commit, so that it is kept once, and within the budget of
the day (`crowding`). Each row tells the points and bytes up to and with it, so that what waits is a
difference of two rows.

Room. When more than the budget waits, new points are shed - not written, counted - until the store
has taken some; what waits is never dropped, and findings, quarantine, memories and the newest
states go on as ever. Rows are kept for RECALL after they were drained, for restarts.
"""

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from ingest.timeseries import crowding
from ingest.timeseries.crowding import KEPT, Budget
from ingest.timeseries.dayfiles import day_files, give_back
from ingest.timeseries.port import ACK, Numbered, Point, Refusal, event_of, will_of
from ingest.timeseries.reading import reading
from ingest.timeseries.steps import instant, micros

RECALL = timedelta(hours=2)
LOOK = timedelta(seconds=1)
PRUNED_A_LOOK = 500
_SPOOL = """
CREATE TABLE IF NOT EXISTS spool (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, points INTEGER NOT NULL,
    points_up_to INTEGER NOT NULL, bytes_up_to INTEGER NOT NULL, body BLOB NOT NULL) STRICT
"""
_REFUSED_UP_TO = "CREATE TABLE IF NOT EXISTS refused_up_to (row INTEGER NOT NULL) STRICT"
_DRAINED = """
CREATE TABLE IF NOT EXISTS drained (
    file TEXT PRIMARY KEY, row INTEGER NOT NULL, points INTEGER NOT NULL,
    bytes INTEGER NOT NULL) STRICT
"""
_points = msgspec.msgpack.Decoder(list[Point])
_point = msgspec.json.Decoder(Point)
REFUSED = "history_refused"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the store does not have yet."""

    points: int = 0
    bytes: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a day file is drained: row, and points and bytes up to and with it."""

    file: str
    row: int = 0
    points: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """Points to write to the store at once, the row of each, and the mark behind them."""

    points: list[Point]
    rows: list[int]
    mark: Mark


def refused_point(raw: bytes) -> Point | None:
    """The point that stands in quarantine as REFUSED; None where its bytes were cut off."""
    try:
        return _point.decode(raw)
    except msgspec.DecodeError:
        return None


def drain_file(folder: Path) -> Path:
    """Where the drainer of a telemetry folder keeps its marks."""
    return folder / "drain" / "drain.db"


def marks(folder: Path) -> dict[str, Mark]:
    """How far each day file is drained."""
    file = drain_file(folder)
    if not file.exists():
        return {}
    with reading(file) as connection:
        rows = connection.execute("SELECT file, row, points, bytes FROM drained").fetchall()
        return {mark.file: mark for mark in (Mark(*row) for row in rows)}
    return {}


def waiting(folder: Path, settled: set[str] | None = None) -> Waiting:
    """What the store does not have yet, over all day files.

    `settled` names past files that were found drained and need not be opened again; it grows here.
    """
    known = marks(folder)
    points = size = 0
    oldest: datetime | None = None
    files = day_files(folder)
    for file in files:
        if settled is not None and file.name in settled:
            continue
        mark = known.get(file.name, Mark(file.name))
        with reading(file) as connection:
            last = connection.execute(
                "SELECT points_up_to, bytes_up_to, id FROM spool ORDER BY id DESC LIMIT 1"
            ).fetchone()
            if last is None or last[2] <= mark.row:
                _settle(settled, file, files)
                continue
            points += last[0] - mark.points
            size += last[1] - mark.bytes
            first = connection.execute(
                "SELECT at_us FROM spool WHERE id > ? ORDER BY id LIMIT 1", (mark.row,)
            ).fetchone()
            if oldest is None and first is not None:
                oldest = instant(first[0])
    return Waiting(points, size, oldest)


def next_load(folder: Path, most: int, settled: set[str] | None = None) -> Load | None:
    """The next rows of the oldest file that has some, of about `most` points; None: all drained.

    `settled` as in `waiting`.
    """
    known = marks(folder)
    files = day_files(folder)
    for file in files:
        if settled is not None and file.name in settled:
            continue
        mark = known.get(file.name, Mark(file.name))
        points: list[Point] = []
        rows: list[int] = []
        with reading(file) as connection:
            for row, upto, size, body in connection.execute(
                "SELECT id, points_up_to, bytes_up_to, body FROM spool WHERE id > ? ORDER BY id",
                (mark.row,),
            ):
                points += _points.decode(zlib.decompress(body))
                rows += [row] * (len(points) - len(rows))
                mark = Mark(file.name, row, upto, size)
                if len(points) >= most:
                    break
        if points:
            return Load(points, rows, mark)
        _settle(settled, file, files)
    return None


def _settle(settled: set[str] | None, file: Path, files: Sequence[Path]) -> None:
    """Nothing waits in this file, and but for the newest nothing will."""
    if settled is not None and file != files[-1]:
        settled.add(file.name)


class SpoolRows:
    """A row a batch, for DayFiles. `folder` is that of the day files."""

    def __init__(self, folder: Path, *, budget: int) -> None:
        self._folder = folder
        self._budget = budget
        self._waiting = 0
        self._settled: set[str] = set()
        self._looked_at: datetime | None = None

    def create(self, connection: sqlite3.Connection) -> None:
        """Make the tables; never number a row as one that is marked drained.

        After a restore the mark may be newer than the day file: an empty row takes its place.
        """
        connection.execute(_SPOOL)
        connection.execute(_REFUSED_UP_TO)
        mark = self._mark(connection)
        (last,) = connection.execute("SELECT max(id) FROM spool").fetchone()
        if mark is not None and mark.row > (last or 0):
            connection.execute(
                "INSERT INTO spool VALUES (?, 0, 0, ?, ?, ?)",
                (mark.row, mark.points, mark.bytes, zlib.compress(msgspec.msgpack.encode([]))),
            )

    def append(self, connection: sqlite3.Connection, at: datetime, points: Sequence[Point]) -> int:
        """Add the points as one row, or shed them all where there is no room."""
        if self._looked_at is None or not timedelta(0) <= at - self._looked_at < LOOK:
            self._looked_at = at
            self._waiting = waiting(self._folder, self._settled).bytes
            self._prune(connection, at)
        if not points:
            return 0
        body = zlib.compress(msgspec.msgpack.encode(points), 1)
        if self._waiting + len(body) > self._budget:
            return len(points)
        self._waiting += len(body)
        connection.execute(
            "INSERT INTO spool (at_us, points, points_up_to, bytes_up_to, body)"
            " SELECT ?1, ?2, ?2 + coalesce(max(points_up_to), 0),"
            " ?3 + coalesce(max(bytes_up_to), 0), ?4"
            " FROM (SELECT * FROM spool ORDER BY id DESC LIMIT 1)",
            (micros(at), len(points), len(body), body),
        )
        return 0

    def before(self, connection: sqlite3.Connection, since: datetime) -> int:
        """A row behind which stands all that was received since then."""
        (row,) = connection.execute(
            "SELECT coalesce((SELECT min(id) - 1 FROM spool WHERE at_us >= ?), max(id), 0)"
            " FROM spool",
            (micros(since),),
        ).fetchone()
        return int(row)

    def last(self, connection: sqlite3.Connection) -> int:
        """The newest row; numbers are never given again."""
        (row,) = connection.execute("SELECT coalesce(max(id), 0) FROM spool").fetchone()
        return int(row)

    def behind(self, connection: sqlite3.Connection, row: int) -> Iterator[Point]:
        """Every point of the rows behind that one that are still here, in order."""
        for (body,) in connection.execute(
            "SELECT body FROM spool WHERE id > ? ORDER BY id", (row,)
        ):
            yield from _points.decode(zlib.decompress(body))

    def numbers(self, connection: sqlite3.Connection, row: int) -> Iterator[Numbered]:
        """What those rows tell of numbering alone."""
        for point in self.behind(connection, row):
            if point.seq is not None or point.kind == ACK:
                if point.fields.get("offline"):
                    yield will_of(point.gateway, point.boot, point.seq or 0)
                    continue
                event = event_of(point.fields)
                yield Numbered(point.gateway, point.boot, point.seq or 0, event)

    def _mark(self, connection: sqlite3.Connection) -> Mark | None:
        """How far the file of this connection is drained."""
        file = Path(connection.execute("PRAGMA database_list").fetchone()[2])
        return marks(self._folder).get(file.name)

    def _prune(self, connection: sqlite3.Connection, at: datetime) -> None:
        """Let go of rows drained long enough ago; the newest row stays, it holds the sums."""
        mark = self._mark(connection)
        if mark is not None:
            connection.execute(
                "DELETE FROM spool WHERE id IN (SELECT id FROM spool WHERE id <= ?1 AND at_us < ?2"
                " AND id < (SELECT max(id) FROM spool) ORDER BY id LIMIT ?3)",
                (mark.row, micros(at - RECALL), PRUNED_A_LOOK),
            )


class DrainMarks:
    """Written by the one drainer of a folder."""

    def __init__(self, folder: Path, *, quarantine: Budget = KEPT) -> None:
        file = drain_file(folder)
        self._budget = quarantine
        file.parent.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._connection = sqlite3.connect(
            file, isolation_level=None, check_same_thread=False, timeout=5
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(_DRAINED)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def keep(self, load: Load, refusals: Sequence[Refusal]) -> None:
        """The store has everything of the load but the refused points."""
        if refusals:
            self._quarantine(load, refusals)
        mark = load.mark
        self._connection.execute(
            "INSERT INTO drained VALUES (?,?,?,?) ON CONFLICT (file) DO UPDATE SET"
            " row=excluded.row, points=excluded.points, bytes=excluded.bytes",
            (mark.file, mark.row, mark.points, mark.bytes),
        )

    def _quarantine(self, load: Load, refusals: Sequence[Refusal]) -> None:
        row_of = {id(point): row for point, row in zip(load.points, load.rows, strict=True)}
        file = self._folder / load.mark.file
        with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            crowding.keep_sums(connection)
            (done,) = connection.execute("SELECT max(row) FROM refused_up_to").fetchone()
            connection.executemany(
                "INSERT INTO quarantine (received_at_us, topic, reason, field, detail, raw)"
                " VALUES (?,?,?,?,?,?)",
                [
                    (
                        micros(no.point.received_at),
                        f"history/{no.point.kind}/{no.point.lift}",
                        REFUSED,
                        no.field,
                        no.words[:2000],
                        msgspec.json.encode(no.point)[:4096],
                    )
                    for no in refusals
                    if row_of[id(no.point)] > (done or 0)  # else kept before a crash
                ],
            )
            connection.execute("DELETE FROM refused_up_to")
            connection.execute("INSERT INTO refused_up_to VALUES (?)", (load.mark.row,))
            gone = crowding.make_room(connection, self._budget)
            connection.execute("COMMIT")
            if file == day_files(self._folder)[-1]:
                crowding.show(connection, self._folder.name)
        crowding.crowded_out(gone)

    def tidy(self, now: datetime) -> None:
        """Give back the room of past days whose rows are all drained."""
        known = marks(self._folder)
        for file in day_files(self._folder)[:-1]:
            mark = known.get(file.name)
            if mark is None:
                continue
            with closing(sqlite3.connect(file, isolation_level=None, timeout=5)) as connection:
                last, at_us = connection.execute("SELECT max(id), max(at_us) FROM spool").fetchone()
                if last == mark.row and at_us < micros(now - RECALL):
                    connection.execute("DELETE FROM spool")
                    give_back(connection)
