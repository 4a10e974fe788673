"""The newest state of every lift: in memory where telemetry runs, in a file for the pages.

Theory of operation. Once a second the rows whose words changed are written, and for lifts that said
nothing new only the receipt, at most every SHOWN: the age on a page is exact to that. The numbering
of gateways is written in rounds: those whose numbering has moved when a round begins are written
during it, a twentieth each second. Nothing here waits for the disk.

After a crash, history is read again on top of what the file still holds, and it alone decides what
was taken before. The file therefore says, in the transaction that wrote it, up to which row of
history it has all newest words, and up to which all numbering: where history stood when the round
before this one began, for who moved later may still wait for his turn. Rows are counted by their
place and not by time, since a message may wait for its commit longer than any margin.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
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
from ingest.device_clock import TRUSTED, DeviceClock
from ingest.interpreter import remember_print
from ingest.pipeline import Pipeline
from ingest.shards import area_of
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.port import Numbered, Point, Position, Value
from ingest.timeseries.steps import instant, micros
from ingest.track import GatewayTrack, Track, event_mark, fact_mark, remember_fact

FLUSH = timedelta(seconds=1)
FLUSHES_A_ROUND = 20
LEAST_A_FLUSH = 50  # gateways whose numbering is written
NOWHERE = Position("", 0)  # before all history
_WORDS, _NUMBERS = "words", "numbers"
_MARGIN_US = 40_000_000  # of a version that counted rows by time
_FORMAT = 2  # a file of another format is forgotten: history tells it again
_MERGED = frozenset({"status", "stats", "heartbeat", "sensor"})
_SCHEMA = """
CREATE TABLE IF NOT EXISTS latest (
    id INTEGER PRIMARY KEY, lift TEXT NOT NULL UNIQUE, received_at_us INTEGER NOT NULL,
    event_at_us INTEGER NOT NULL, state BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS gateway (
    id TEXT PRIMARY KEY, area TEXT NOT NULL, kept BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS flushed (id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS up_to (
    what TEXT PRIMARY KEY, day TEXT NOT NULL, row INTEGER NOT NULL) STRICT;
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
    events: tuple[str, ...] = ()  # of an older version, which kept their names
    active: State | None = None
    marks: bytes = b""
    prints: bytes = b""


class _Number(msgspec.Struct, frozen=True):
    """What a refused object says of its place."""

    boot: str
    seq: int
    offline: bool = False


class _Raw(msgspec.Struct, frozen=True):
    """The same with its words as they stand, for the many that are not looked at."""

    fields: msgspec.Raw
    gateway: str


_told = msgspec.json.Decoder(_Told)
_raw = msgspec.json.Decoder(_Raw)
_numbered = msgspec.json.Decoder(_Number)
_numbering = msgspec.json.Decoder(_Numbering)


class LatestStates:
    """Owned by the telemetry process and its one thread."""

    def __init__(self, folder: Path, *, least: int = LEAST_A_FLUSH) -> None:
        self._least = least
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            folder / "latest.db", isolation_level=None, check_same_thread=False, timeout=5
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found != _FORMAT:
            for table in ("latest", "gateway", "flushed", "up_to"):
                self._connection.execute(f"DROP TABLE IF EXISTS {table}")
            self._connection.execute(f"PRAGMA user_version={_FORMAT}")
        self._connection.executescript(_SCHEMA)
        self._flushed_at: datetime | None = None
        self._store: DayFiles | None = None
        self._safe = self._begun = NOWHERE  # in history: before this and the last round
        self._turn: list[GatewayTrack] = []  # who is still to be written in this round
        self._share = 0

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def recall(self, pipeline: Pipeline, store: DayFiles) -> None:
        """Give a new pipeline what the file holds, and what history holds beyond it.

        From then on the file follows that history.
        """
        self._store = store
        read = self._connection.execute
        for key, received_us, event_us, kept in read(
            "SELECT lift, received_at_us, event_at_us, state FROM latest"
        ):
            row = _raw.decode(kept)
            track = pipeline.track(key)
            track.recalled, track.gateway = bytes(row.fields), intern(row.gateway)
            track.received_us = track.shown_us = received_us
            track.event_us = event_us
        for gateway_id, area, kept in read("SELECT id, area, kept FROM gateway"):
            _renumber(pipeline.gateway(intern(gateway_id), intern(area)), _numbering.decode(kept))
        up_to = {what: Position(*where) for what, *where in read("SELECT * FROM up_to")}
        words, numbers = up_to.get(_WORDS), up_to.get(_NUMBERS)
        if words is None or numbers is None:  # a new file, or one of an older version
            (at_us,) = read("SELECT coalesce(max(at_us), 0) FROM flushed").fetchone()
            words = numbers = store.position_at(instant(max(at_us - _MARGIN_US, 0)))
        self._safe = self._begun = numbers
        _count_again(pipeline, store.numbers_behind(numbers))
        _refuse_again(pipeline, store.refused_lately())
        _say_again(pipeline, store.points_behind(words))

    def due(self, now: datetime) -> bool:
        """Whether a second has passed since the last flush."""
        return self._flushed_at is None or now - self._flushed_at >= FLUSH

    def flush_due(self, pipeline: Pipeline, now: datetime) -> None:
        """Flush when a second has passed since the last time."""
        if self.due(now):
            self._flushed_at = now
            self._begin_round(pipeline)
            self._flush(pipeline, self._turn[-self._share :])
            del self._turn[-self._share :]

    def flush(self, pipeline: Pipeline) -> None:
        """Write everything, so that the next start reads no history."""
        self._turn += pipeline.uncounted
        pipeline.uncounted.clear()
        self._safe = self._begun = self._position()
        self._flush(pipeline, self._turn)
        self._turn = []

    def _position(self) -> Position:
        return NOWHERE if self._store is None else self._store.position()

    def _begin_round(self, pipeline: Pipeline) -> None:
        """Once all of a round are written, those whose numbering has moved since it began."""
        if self._turn:
            return
        self._safe, self._begun = self._begun, self._position()
        self._turn = pipeline.uncounted.copy()
        pipeline.uncounted.clear()
        self._share = max(len(self._turn) // FLUSHES_A_ROUND, self._least)

    def _flush(self, pipeline: Pipeline, counted: Sequence[GatewayTrack]) -> None:
        """Write everything that changed; what cannot be written now is kept for the next time."""
        changed = pipeline.touched
        heard = pipeline.heard - changed
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._write(changed, heard, counted)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        for track in (*changed, *heard):
            track.shown_us = track.received_us
        for gateway in counted:
            gateway.uncounted = False
        pipeline.touched.clear()
        pipeline.heard.clear()

    def _write(
        self, changed: set[Track], heard: set[Track], counted: Sequence[GatewayTrack]
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
        write(
            "INSERT OR REPLACE INTO up_to VALUES (?,?,?)",
            [(_WORDS, *self._position()), (_NUMBERS, *self._safe)],
        )


def _state(track: Track) -> bytes:
    memory = track.memory
    shown = () if memory is None else tuple(o.code for o in memory.open if not o.suppressed)
    return msgspec.json.encode(_Told(track.fields(), track.gateway, shown))


def _kept(gateway: GatewayTrack) -> bytes:
    return msgspec.json.encode(
        _Numbering(
            gateway.seen,
            gateway.clock,
            active=gateway.active,
            marks=gateway.events.tobytes(),
            prints=gateway.prints.tobytes(),
        )
    )


def _renumber(gateway: GatewayTrack, kept: _Numbering) -> None:
    gateway.clock = kept.clock if kept.clock.offset or kept.clock.watched_from else TRUSTED
    gateway.active = kept.active
    gateway.seen = _uncertain(kept.seen)
    if kept.marks:
        gateway.events = array("Q", kept.marks)
    if kept.events:
        gateway.events = array("Q", [event_mark(*key.rsplit("/", 1)) for key in kept.events])
    if kept.prints:
        gateway.prints = array("Q", kept.prints)


def _uncertain(seen: Seen | None) -> Seen | None:
    return None if seen is None else Seen(seen.now, seen.before, certain=False)


def _count_again(pipeline: Pipeline, rows: Iterable[Numbered]) -> None:
    """What stored points tell of their gateways' numbering."""
    for gateway_id, boot, seq, event in rows:
        gateway = pipeline.gateway(gateway_id, "")
        if not boot:  # a fact alone
            pass
        elif boot == UNNUMBERED:
            if seq not in gateway.prints:
                remember_print(gateway, seq)
        elif isinstance(answer := admission.admit(gateway.seen, boot, seq), Admitted):
            gateway.seen = answer.seen
        if event is not None and (mark := fact_mark(*event, boot, seq)) not in gateway.events:
            remember_fact(gateway, mark, boot)
        pipeline.count(gateway)
    for gateway in pipeline.uncounted:
        gateway.seen = _uncertain(gateway.seen)


def _refuse_again(pipeline: Pipeline, kept: Iterable[tuple[str, bytes]]) -> None:
    """What was refused had its number taken; of boots that are known, it is taken again."""
    for topic, raw in kept:
        gateway = pipeline.gateways.get(topic.rsplit("/", 2)[-2]) if area_of(topic) else None
        seen = gateway.seen if gateway is not None else None
        if gateway is None or seen is None:
            continue
        try:
            told = _numbered.decode(raw)
        except msgspec.DecodeError:
            continue
        if told.offline:  # a last will: no part of the numbering
            continue
        if told.boot in {each.boot for each in (seen.now, seen.before) if each is not None}:
            answer = admission.admit(seen, told.boot, told.seq)
            if isinstance(answer, Admitted):
                gateway.seen = _uncertain(answer.seen)
                pipeline.count(gateway)


def _say_again(pipeline: Pipeline, points: Iterable[Point]) -> None:
    """What stored points tell of their subjects."""
    words: dict[Track, dict[str, Value]] = {}
    for point in points:
        track = pipeline.track(point.lift)
        event_us = micros(point.device_at)
        if event_us >= track.event_us:
            if point.kind in _MERGED:
                words.setdefault(track, {}).update(point.fields)
            track.event_us, track.gateway = event_us, point.gateway
            track.received_us = max(track.received_us, micros(point.received_at))
            pipeline.touched.add(track)
    for track, told in words.items():
        track.recall(told)


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
