"""Follows the hand-off tables of the other processes and applies each row once.

The cursor of a source is kept in the transaction that applies its row, and the row's own unique
key decides where two files hold the same fact. A row that cannot be applied is journalled with
its reason and passed over, so that it holds up no rescue behind it.
"""

import sqlite3
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from alerts.findings import apply_finding
from alerts.policy import PolicyBook
from alerts.tables import hand_off_cursor
from core import handoff, journal, log
from core.clock import Clock
from core.db import Database, put
from core.errors import Conflict, HubError, InvalidMessage, NotFound
from core.handoff import Cursor, HandedOff
from core.journal import Actor, Entry, Subject
from core.metrics import HANDED_OFF
from devices.findings import decode

PAUSE = timedelta(milliseconds=200)
FOLLOWER = Actor("engine", "follower")


class Follower:
    """Applies findings of `sources`: name to a folder of files, or one file."""

    def __init__(
        self,
        database: Database,
        sources: Mapping[str, Path],
        policies: PolicyBook,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sources = sources
        self._policies = policies
        self._clock = clock
        self._log = log.get("alerts.follower")

    def run(self, stop: threading.Event) -> None:
        """Follow until `stop` is set."""
        while not stop.is_set():
            if not self.run_once():
                self._clock.wait(stop, PAUSE)

    def run_once(self) -> int:
        """Apply what stands behind the cursors; answers how many rows. A bad source waits alone."""
        applied = 0
        for name, path in self._sources.items():
            try:
                applied += self._follow(name, path)
            except (HubError, sqlite3.Error) as error:
                self._log.warning("source_waits", source=name, error=str(error))
        return applied

    def _follow(self, name: str, path: Path) -> int:
        if not path.exists():
            return 0
        rows = handoff.after(path, self._database.read(partial(cursor_of, source=name)))
        for row in rows:
            outcome = self._database.write(partial(self._apply, name, row, self._clock.now()))
            HANDED_OFF.labels(name, outcome).inc()
        return len(rows)

    def _apply(self, name: str, row: HandedOff, now: datetime, connection: Connection) -> str:
        _keep(connection, name, row.cursor)
        savepoint = connection.begin_nested()
        try:
            outcome = apply_finding(connection, decode(row.payload), self._policies, now)
        except (msgspec.DecodeError, InvalidMessage, NotFound, Conflict) as error:
            savepoint.rollback()
            facts = {"event_id": row.event_id, "error": str(error)[:300]}
            entry = Entry(Subject("handoff", name), "refused", FOLLOWER, now, facts=facts)
            journal.append(connection, entry)
            return "refused"
        savepoint.commit()
        return outcome


def cursor_of(connection: Connection, source: str) -> Cursor:
    """How far `source` has been applied."""
    c = hand_off_cursor.c
    row = connection.execute(select(c.file, c.row).where(c.source == source)).one_or_none()
    return Cursor() if row is None else Cursor(row[0], row[1])


def _keep(connection: Connection, source: str, cursor: Cursor) -> None:
    key = {"source": source}
    put(connection, hand_off_cursor, key, file=cursor.file, row=cursor.row)
