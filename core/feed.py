"""Follow the journal by id, from any process: the ground of live pages and hand-offs.

Ids of one SQLite file appear in order of commit, because it has one writer at a time; so whoever
remembers the last id it has seen misses nothing, however long it was away. This does not hold where
several writers commit side by side (PostgreSQL): there a smaller id may appear after a greater one,
and a cursor that has passed it would miss it, so ids must not be read past the oldest transaction
still open. `core.db` opens SQLite only. A follower asks for the newest id a few times a second
(one index look-up); nobody needs a broker to see a rescue.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import anyio.to_thread
from sqlalchemy import Connection, func, select

from core.clock import Clock
from core.db import Database
from core.journal import Subject, journal_table

POLL = timedelta(milliseconds=200)
BATCH = 500


@dataclass(frozen=True, slots=True)
class Happened:
    """That something happened to a subject; details are read where they are shown."""

    id: int
    at: datetime
    subject: Subject
    verb: str


def head(connection: Connection) -> int:
    """The newest journal id; 0 while the journal is empty."""
    return connection.execute(select(func.max(journal_table.c.id))).scalar_one() or 0


def after(connection: Connection, cursor: int, *, limit: int = BATCH) -> list[Happened]:
    """Up to `limit` entries behind `cursor`, oldest first."""
    t = journal_table.c
    rows = connection.execute(
        select(t.id, t.at, t.subject_kind, t.subject_id, t.verb)
        .where(t.id > cursor)
        .order_by(t.id)
        .limit(limit)
    )
    return [Happened(r.id, r.at, Subject(r.subject_kind, r.subject_id), r.verb) for r in rows]


async def follow(
    database: Database, clock: Clock, cursor: int, *, poll: timedelta = POLL
) -> AsyncIterator[list[Happened]]:
    """Yield every batch of entries behind `cursor`, for ever; an empty list says "still here"."""
    while True:
        batch = await anyio.to_thread.run_sync(database.read, partial(after, cursor=cursor))
        yield batch
        if batch:
            cursor = batch[-1].id
        if len(batch) < BATCH:
            await clock.sleep(poll)
