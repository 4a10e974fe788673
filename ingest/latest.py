"""The newest state of every lift: in memory while telemetry runs, in a file for the pages.

Changed rows are flushed once a second without waiting for the disk: after a crash the newest
points of history are replayed on top of what the file still holds.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from devices.presence import DEFAULT, PresenceLimits
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.port import Point, Value
from ingest.timeseries.steps import instant, micros

FLUSH = timedelta(seconds=1)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS latest (
    lift TEXT PRIMARY KEY, received_at_us INTEGER NOT NULL, version INTEGER NOT NULL,
    state BLOB NOT NULL) STRICT
"""


@dataclass(frozen=True, slots=True)
class LatestState:
    """What is known of a lift: its status fields merged over messages."""

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


_decoder = msgspec.json.Decoder(LatestState)


class LatestStates:
    """Owned by the telemetry process and its one thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            folder / "latest.db", isolation_level=None, check_same_thread=False, timeout=5
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(_SCHEMA)
        rows = self._connection.execute("SELECT version, state FROM latest").fetchall()
        states = [_decoder.decode(state) for _, state in rows]
        self._states = {state.lift: state for state in states}
        self._version = max((version for version, _ in rows), default=0)
        self._changed: set[str] = set()
        self._flushed_at: datetime | None = None

    def close(self) -> None:
        """Write what has changed and close the file."""
        self.flush()
        self._connection.close()

    def replay(self, store: DayFiles) -> None:
        """Take over what history holds and the file does not yet."""
        if self._states:
            newest = max(state.received_at for state in self._states.values())
            since = newest - 10 * FLUSH
        else:
            since = instant(0)
        for point in store.points_since(since):
            self.put(point)

    def get(self, lift: str) -> LatestState | None:
        """The state in memory."""
        return self._states.get(lift)

    def put(self, point: Point) -> None:
        """Merge a point over what is known; older receipts change nothing."""
        old = self._states.get(point.lift)
        if old is not None and point.received_at < old.received_at:
            return
        self._states[point.lift] = LatestState(
            point.lift,
            {**(old.fields if old else {}), **point.fields},
            point.received_at,
            point.device_at,
            point.gateway,
            old.open_conditions if old else (),
        )
        self._changed.add(point.lift)

    def conditions(self, lift: str, codes: tuple[str, ...]) -> None:
        """Which conditions stand open; nothing for a lift that never reported."""
        old = self._states.get(lift)
        if old is not None and old.open_conditions != codes:
            self._states[lift] = replace(old, open_conditions=codes)
            self._changed.add(lift)

    def flush_due(self, now: datetime) -> None:
        """Flush when a second has passed since the last time."""
        if self._flushed_at is None or now - self._flushed_at >= FLUSH:
            self._flushed_at = now
            self.flush()

    def flush(self) -> None:
        """Write every changed row."""
        if not self._changed:
            return
        self._version += 1
        rows = [
            (name, micros(state.received_at), self._version, msgspec.json.encode(state))
            for name in self._changed
            for state in [self._states[name]]
        ]
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(
                "INSERT INTO latest VALUES (?,?,?,?) ON CONFLICT (lift) DO UPDATE SET"
                " received_at_us=excluded.received_at_us, version=excluded.version,"
                " state=excluded.state",
                rows,
            )
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._changed.clear()


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
            "SELECT state FROM latest WHERE lift IN (SELECT value FROM json_each(?))",
            (msgspec.json.encode(codes).decode(),),
        )
        return {state.lift: state for (kept,) in rows for state in [_decoder.decode(kept)]}

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

    def changed_after(self, cursor: int) -> tuple[int, list[LatestState]]:
        """States flushed behind `cursor`, and the cursor to ask with next."""
        rows = self._rows(
            "SELECT version, state FROM latest WHERE version > ? ORDER BY version", (cursor,)
        )
        return (rows[-1][0] if rows else cursor), [_decoder.decode(kept) for _, kept in rows]

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
