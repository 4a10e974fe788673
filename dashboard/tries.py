"""Wrong tries at the door, counted in the database, so that every page process knows of them all.

Theory of operation. A key says who tried whose password (the door builds it); only its digest is
kept, for a name typed into the field may be a password. A try counts as failed before anything is
checked, so that many at the same moment are no way around; the right password forgets it. From the
third on a key is locked, each time for twice as long. A locked key costs one read. Others cost one
short write, and the door lets only a few through at once, so a flood cannot fill the database's
queue. What is an hour old is forgotten.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from core.db import Database, put
from dashboard import tables

FREE_TRIES = 3
FIRST_LOCK = timedelta(seconds=5)
LONGEST_LOCK = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
_T = tables.sign_in_try.c


class Tries:
    """Counts by key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def locked(self, key: tuple[str, ...], now: datetime) -> datetime | None:
        """Until when the key is locked; None when it may be tried."""
        query = select(_T.until).where(_T.key == _digest(key), _T.until > now)
        return self._database.read(lambda c: c.execute(query).scalar_one_or_none())

    def begin(self, key: tuple[str, ...], now: datetime) -> tuple[bool, datetime | None]:
        """Whether to try now, and until when the key is locked (if this try fails)."""
        digest = _digest(key)

        def count(connection: Connection) -> tuple[bool, datetime | None]:
            row = connection.execute(
                select(_T.failed, _T.until).where(_T.key == digest)
            ).one_or_none()
            failed, until = (row.failed, row.until) if row else (0, now)
            if until > now:
                return False, until
            if now - until > FORGOTTEN_AFTER:
                failed = 0
            failed += 1
            locked = failed >= FREE_TRIES
            until = now + _lock(failed) if locked else now
            connection.execute(delete(tables.sign_in_try).where(_T.until < now - FORGOTTEN_AFTER))
            put(connection, tables.sign_in_try, {"key": digest}, failed=failed, until=until)
            return True, until if locked else None

        return self._database.write(count)

    def forget(self, key: tuple[str, ...]) -> None:
        """The right password was given."""
        gone = delete(tables.sign_in_try).where(_T.key == _digest(key))
        self._database.write(lambda c: c.execute(gone).rowcount)


def _lock(failed: int) -> timedelta:
    doubled: timedelta = FIRST_LOCK * (1 << min(failed - FREE_TRIES, 16))
    return min(doubled, LONGEST_LOCK)


def _digest(key: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(key).encode()).hexdigest()
