"""Follows the hand-off tables of the other processes and applies each row once.

Theory of operation. The cursor of a file is kept in the transaction that applies its row, and the
row's own unique key decides where two files hold the same fact. A row that cannot be applied is
journalled with its reason and passed over, so that it holds up no rescue behind it. The newest
file of a source is looked at every time, and all of them once they are new and every few seconds:
an owner whose clock was set back goes on in an earlier file. A file that is locked makes its
source wait, since what follows it may depend on it; a broken one is told and passed over.
"""

import sqlite3
import threading
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection, delete, select

from alerts.findings import apply_finding
from alerts.policy import PolicyBook
from alerts.rounds import Told, go_round
from alerts.tables import hand_off_cursor
from core import failpoint, handoff, journal
from core.clock import Clock
from core.db import Database, put
from core.errors import Conflict, InvalidMessage, NotFound, Unavailable
from core.handoff import Cursor, HandedOff
from core.journal import Actor, Entry, Subject
from core.metrics import HANDED_OFF
from core.pulse import Pulse
from devices.findings import decode

PAUSE = timedelta(milliseconds=200)
ALL_EVERY = timedelta(seconds=2)
TRIES = 5
FOLLOWER = Actor("engine", "follower")


class Follower:
    """Applies findings of `sources`: name to a folder of files, or one file."""

    def __init__(
        self,
        database: Database,
        sources: Mapping[str, Path],
        policies: PolicyBook,
        clock: Clock,
        pulse: Pulse | None = None,
    ) -> None:
        self._pulse = pulse or Pulse()
        self._database = database
        self._sources = sources
        self._policies = policies
        self._clock = clock
        self._told = {name: Told("follower", source=name) for name in sources}
        self._tries: dict[str, int] = {}  # of the row that a source stands at
        self._newest: dict[str, str] = {}
        self._all_at: dict[str, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Follow until `stop` is set."""
        go_round("follower", self.run_once, stop, self._clock, rest=PAUSE, pulse=self._pulse)

    def run_once(self) -> int:
        """Apply what stands behind the cursors; answers how many rows. A bad source waits alone."""
        applied = 0
        for name, path in self._sources.items():
            if name not in self._told:  # a source that was added meanwhile
                self._told[name] = Told("follower", source=name)
            try:
                applied += self._follow(name, path)
            except Unavailable:
                raise  # our own database: no source can be followed
            except Exception as error:  # noqa: BLE001  (a bad source waits alone)
                self._told[name].trouble(error)
        return applied

    def _follow(self, name: str, path: Path) -> int:
        files, now = handoff.files(path), self._clock.monotonic()
        if not files:
            return 0
        look_at_all = (
            self._newest.get(name) != files[-1].name
            or now - self._all_at[name] >= ALL_EVERY.total_seconds()
        )
        seen = self._database.read(partial(rows_seen, source=name))
        applied, broken = 0, None
        for file in files if look_at_all else files[-1:]:
            try:
                rows = handoff.after(file, seen.get(file.name, 0))
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                broken = error
                continue
            for row in rows:
                HANDED_OFF.labels(name, self._take(name, row)).inc()
            applied += len(rows)
            if len(rows) >= handoff.BATCH:  # what comes later waits until this file is done
                return applied
        if look_at_all:
            self._newest[name], self._all_at[name] = files[-1].name, now
            if gone := seen.keys() - {file.name for file in files}:
                self._database.write(partial(_forget, source=name, files=gone))
        if broken is None:
            self._told[name].well()
        else:
            self._told[name].trouble(broken)
        return applied

    def _take(self, name: str, row: HandedOff) -> str:
        """Apply a row; one that breaks us is tried a few times and then passed over like poison."""
        now = self._clock.now()
        try:
            outcome = self._database.write(partial(self._apply, name, row, now))
        except Unavailable:
            raise
        except Exception as error:
            self._tries[name] = self._tries.get(name, 0) + 1
            if self._tries[name] < TRIES:
                raise
            outcome = self._database.write(partial(_pass_over, name, row, now, error))
        self._tries.pop(name, None)
        self._pulse.beat()  # many rows on a slow disk are no silence
        return outcome

    def _apply(self, name: str, row: HandedOff, now: datetime, connection: Connection) -> str:
        savepoint = connection.begin_nested()
        try:
            outcome = apply_finding(connection, decode(row.payload), self._policies, now)
        except (msgspec.DecodeError, InvalidMessage, NotFound, Conflict) as error:
            savepoint.rollback()
            return _pass_over(name, row, now, error, connection)
        savepoint.commit()
        _keep(connection, name, row.cursor)
        failpoint.reached("handoff.before_commit")
        return outcome


def _pass_over(
    source: str, row: HandedOff, now: datetime, error: Exception, connection: Connection
) -> str:
    _keep(connection, source, row.cursor)
    facts = {"event_id": row.event_id, "error": str(error)[:300]}
    entry = Entry(Subject("handoff", source), "refused", FOLLOWER, now, facts=facts)
    journal.append(connection, entry)
    return "refused"


def rows_seen(connection: Connection, source: str) -> dict[str, int]:
    """How far each file of `source` has been applied: name to row."""
    c = hand_off_cursor.c
    found = connection.execute(select(c.file, c.row).where(c.source == source))
    return {each.file: each.row for each in found}


def _keep(connection: Connection, source: str, cursor: Cursor) -> None:
    put(connection, hand_off_cursor, {"source": source, "file": cursor.file}, row=cursor.row)


def _forget(connection: Connection, source: str, files: Collection[str]) -> None:
    """Files that retention took: should such a name come back, it is another file."""
    c = hand_off_cursor.c
    connection.execute(delete(hand_off_cursor).where(c.source == source, c.file.in_(sorted(files))))
