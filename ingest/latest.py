"""The newest state of every lift: in memory where telemetry runs, in a file for the pages.

Theory of operation. Once a second the rows whose words changed are written, and for lifts that said
nothing new only the receipt, at most every SHOWN: the age on a page is exact to that. The numbering
and clock of each gateway are written at most every NUMBERED. Nothing here waits for the disk:
after a crash the newest points of history are read again on top of what the file still holds, and
they alone decide what was taken before.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from sys import intern
from typing import Any

import msgspec

from devices.presence import DEFAULT, PresenceLimits
from devices.protocol.dialects.model import UNNUMBERED, State
from ingest import admission
from ingest.admission import Admitted, Seen
from ingest.device_clock import DeviceClock
from ingest.interpreter import remember_print
from ingest.pipeline import NUMBERED, Pipeline
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.port import Point, Value
from ingest.timeseries.steps import instant, micros
from ingest.track import GatewayTrack, Track, remembered

FLUSH = timedelta(seconds=1)
_FORMAT = 2  # a file of another format is forgotten: history tells it again
_MERGED = frozenset({"status", "stats", "heartbeat", "sensor"})
_SCHEMA = """
CREATE TABLE IF NOT EXISTS latest (
    id INTEGER PRIMARY KEY, lift TEXT NOT NULL UNIQUE, received_at_us INTEGER NOT NULL,
    event_at_us INTEGER NOT NULL, state BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS gateway (
    id TEXT PRIMARY KEY, area TEXT NOT NULL, kept BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS flushed (id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL) STRICT;
"""
_UPSERT = """
INSERT INTO latest (lift, received_at_us, event_at_us, state) VALUES (?,?,?,?)
ON CONFLICT (lift) DO UPDATE SET received_at_us=excluded.received_at_us,
    event_at_us=excluded.event_at_us, state=excluded.state
"""


@dataclass(frozen=True, slots=True)
class LatestState:
    """What is known of a lift: its fields merged over messages. `device_at` is when it was so."""

    lift: str
    fields: dict[str, Value]
    received_at: datetime
    device_at: datetime
    gateway: str
    open_conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many lifts report; `never` is for the asker, who knows the registry."""

    online: int
    late: int
    offline: int
    never: int = 0


class _Told(msgspec.Struct, frozen=True):
    """A subject's words as its row keeps them."""

    fields: dict[str, Value]
    gateway: str
    open: tuple[str, ...] = ()


class _Numbering(msgspec.Struct, frozen=True):
    """A gateway's numbering as its row keeps it."""

    seen: Seen | None
    clock: DeviceClock
    events: tuple[str, ...]
    active: State | None = None


class _Raw(msgspec.Struct, frozen=True):
    """The same with its words as they stand, for the many that are not looked at."""

    fields: msgspec.Raw
    gateway: str


_told = msgspec.json.Decoder(_Told)
_raw = msgspec.json.Decoder(_Raw)
_numbering = msgspec.json.Decoder(_Numbering)


class LatestStates:
    """Owned by the telemetry process and its one thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            folder / "latest.db", isolation_level=None, check_same_thread=False, timeout=5
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found != _FORMAT:
            for table in ("latest", "gateway", "flushed"):
                self._connection.execute(f"DROP TABLE IF EXISTS {table}")
            self._connection.execute(f"PRAGMA user_version={_FORMAT}")
        self._connection.executescript(_SCHEMA)
        self._flushed_at: datetime | None = None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def recall(self, pipeline: Pipeline, store: DayFiles) -> None:
        """Give a new pipeline what the file holds, and what history holds beyond it."""
        read = self._connection.execute
        for key, received_us, event_us, kept in read(
            "SELECT lift, received_at_us, event_at_us, state FROM latest"
        ):
            row = _raw.decode(kept)
            track = pipeline.track(intern(key))
            track.recalled, track.gateway = bytes(row.fields), intern(row.gateway)
            track.received_us = track.shown_us = received_us
            track.event_us = event_us
        for gateway_id, area, kept in read("SELECT id, area, kept FROM gateway"):
            numbering = _numbering.decode(kept)
            gateway = pipeline.gateway(intern(gateway_id), intern(area))
            gateway.clock, gateway.events = numbering.clock, numbering.events
            gateway.active = numbering.active
            gateway.seen = _uncertain(numbering.seen)
        (at_us,) = read("SELECT coalesce(max(at_us), 0) FROM flushed").fetchone()
        since = instant(max(at_us - 2 * (NUMBERED // timedelta(microseconds=1)), 0))
        words: dict[Track, dict[str, Value]] = {}
        for point in store.points_since(since):
            _take_again(pipeline, point, words)
        for track, told in words.items():
            track.recall(told)

    def flush_due(self, pipeline: Pipeline, now: datetime) -> None:
        """Flush when a second has passed since the last time."""
        if self._flushed_at is None or now - self._flushed_at >= FLUSH:
            self._flushed_at = now
            self.flush(pipeline, now)

    def flush(self, pipeline: Pipeline, now: datetime) -> None:
        """Write everything that changed; what cannot be written now is kept for the next time."""
        changed = pipeline.touched
        heard = pipeline.heard - changed
        counted = pipeline.counted
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._write(changed, heard, counted, micros(now))
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        for track in (*changed, *heard):
            track.shown_us = track.received_us
        for gateway in counted:
            gateway.kept_us = micros(now)
        for flushed in (pipeline.touched, pipeline.heard, pipeline.counted):
            flushed.clear()

    def _write(
        self, changed: set[Track], heard: set[Track], counted: set[GatewayTrack], now_us: int
    ) -> None:
        write = self._connection.executemany
        write(
            _UPSERT,
            [(t.key, t.received_us, t.event_us, _state(t)) for t in changed],
        )
        write(
            "UPDATE latest SET received_at_us=?, event_at_us=? WHERE lift=?",
            [(t.received_us, t.event_us, t.key) for t in heard],
        )
        write(
            "INSERT INTO gateway VALUES (?,?,?) ON CONFLICT (id) DO UPDATE SET"
            " area=excluded.area, kept=excluded.kept",
            [(g.id, g.area, _kept(g)) for g in counted],
        )
        write("INSERT OR REPLACE INTO flushed VALUES (1, ?)", [(now_us,)])


def _state(track: Track) -> bytes:
    memory = track.memory
    shown = () if memory is None else tuple(o.code for o in memory.open if not o.suppressed)
    return msgspec.json.encode(_Told(track.fields(), track.gateway, shown))


def _kept(gateway: GatewayTrack) -> bytes:
    return msgspec.json.encode(
        _Numbering(gateway.seen, gateway.clock, gateway.events, gateway.active)
    )


def _uncertain(seen: Seen | None) -> Seen | None:
    return None if seen is None else Seen(seen.now, seen.before, certain=False)


def _take_again(pipeline: Pipeline, point: Point, words: dict[Track, dict[str, Value]]) -> None:
    """What a stored point tells of its subject and of its gateway's numbering."""
    track = pipeline.track(point.lift)
    event_us = micros(point.device_at)
    if event_us >= track.event_us:
        if point.kind in _MERGED:
            words.setdefault(track, {}).update(point.fields)
        track.event_us, track.gateway = event_us, point.gateway
        track.received_us = max(track.received_us, micros(point.received_at))
        pipeline.touched.add(track)
    if point.seq is None or not point.boot:
        return
    gateway = pipeline.gateway(point.gateway, "")
    if point.boot == UNNUMBERED:
        remember_print(gateway, point.seq)
    elif isinstance(answer := admission.admit(gateway.seen, point.boot, point.seq), Admitted):
        gateway.seen = _uncertain(answer.seen)
    event_id, phase = point.fields.get("event_id"), point.fields.get("phase")
    if event_id is not None:
        gateway.events = remembered(gateway.events, f"{event_id}/{phase}")


class LatestReader:
    """Reads `latest.db` of a folder from any process; an absent file is an empty one."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "latest.db"

    def lift(self, code: str) -> LatestState | None:
        """The state of one lift."""
        return self.lifts([code]).get(code)

    def lifts(self, codes: list[str]) -> dict[str, LatestState]:
        """The states of those lifts that ever reported."""
        rows = self._rows(
            "SELECT lift, received_at_us, event_at_us, state FROM latest"
            " WHERE lift IN (SELECT value FROM json_each(?))",
            (msgspec.json.encode(codes).decode(),),
        )
        return {row[0]: _read(*row) for row in rows}

    def counts(self, now: datetime, limits: PresenceLimits = DEFAULT) -> Counts:
        """How many lifts are online, late and offline, as `devices.presence` says of each."""
        late, offline = micros(now - limits.late_after), micros(now - limits.offline_after)
        found = self._rows(
            "SELECT coalesce(sum(received_at_us > ?), 0),"
            " coalesce(sum(received_at_us <= ? AND received_at_us > ?), 0),"
            " coalesce(sum(received_at_us <= ?), 0) FROM latest WHERE lift NOT LIKE '%/%'",
            (late, late, offline, offline),
        )
        return Counts(*found[0]) if found else Counts(0, 0, 0)

    def heard(self) -> dict[str, datetime]:
        """When every lift that ever reported was last heard."""
        rows = self._rows("SELECT lift, received_at_us FROM latest WHERE lift NOT LIKE '%/%'", ())
        return {lift: instant(at) for lift, at in rows}

    def _rows(
        self, statement: str, values: tuple[object, ...]
    ) -> list[tuple[Any, ...]]:  # as SQLite types them
        if not self._file.exists():
            return []
        with closing(
            sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=5)
        ) as connection:
            try:
                return connection.execute(statement, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):  # the owner has only just made the file
                    return []
                raise


def _read(key: str, received_us: int, event_us: int, kept: bytes) -> LatestState:
    told = _told.decode(kept)
    return LatestState(
        key, told.fields, instant(received_us), instant(event_us), told.gateway, told.open
    )
