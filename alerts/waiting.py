"""What waits to be carried or applied, for the health page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from sqlite3 import DatabaseError

from sqlalchemy import Connection, func, select

from alerts.follower import rows_seen
from alerts.model import NoticeState
from alerts.tables import notice
from core import handoff
from core.db import Database

NEWEST_FILES = 2  # of a source: yesterday's may still be under way at midnight


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and since when the oldest does."""

    count: int
    since: datetime | None

    def seconds(self, now: datetime) -> int:
        """For how long the oldest waits."""
        return 0 if self.since is None else max(round((now - self.since).total_seconds()), 0)

    def late(self, now: datetime, limit: timedelta) -> bool:
        """Whether that is too long."""
        return self.since is not None and now - self.since > limit


def notices(connection: Connection) -> Waiting:
    """Notices in the outbox that are neither sent nor given up."""
    c = notice.c
    found = select(func.count(), func.min(c.created_at)).where(c.state == NoticeState.PENDING)
    count, since = connection.execute(found).one()
    return Waiting(count, since)


def findings(database: Database, sources: Mapping[str, Path]) -> dict[str, Waiting]:
    """Hand-off rows that are not applied yet, by source, at most handoff.BATCH of each file.

    A file that cannot be read counts nothing here; the follower tells of it.
    """
    found: dict[str, Waiting] = {}
    for name, path in sources.items():
        seen = database.read(partial(rows_seen, source=name))
        instants: list[datetime] = []
        for file in handoff.files(path)[-NEWEST_FILES:]:
            try:
                instants += [row.at for row in handoff.after(file, seen.get(file.name, 0))]
            except DatabaseError:
                continue
        found[name] = Waiting(len(instants), min(instants, default=None))
    return found
