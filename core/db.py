"""The relational database behind two doors: `read(fn)` and `write(fn)`.

Theory of operation. SQLite wants one writer and many readers, so every write of a process runs on
one thread, in order of arrival, inside `BEGIN IMMEDIATE` with `synchronous=FULL`: when `write`
returns, the change has reached the disk. Readers see a snapshot and cannot write. A function that
raises leaves nothing behind. Callers never hold a connection outside these functions.

No write may last longer than 50 ms: another process's rescue may be waiting for the same file.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    TypeDecorator,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError

from core.errors import Unavailable

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Json = JSON().with_variant(JSONB(), "postgresql")


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite keeps it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime; SQLite gets it without the zone it cannot keep."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: instants are aware UTC")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """One database file (or, later, server), its readers and its one writer."""

    def __init__(self, url: str, *, readers: int = 8) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite" or not parsed.database:
            raise ValueError(
                f"database.url: {parsed.render_as_string()} is not supported by this version; "
                "use sqlite:///PATH"
            )
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self.path = Path(parsed.database)
        self._readers = create_engine(
            parsed, pool_size=readers, max_overflow=readers, pool_timeout=10
        )
        self._writer = create_engine(parsed, pool_size=1, max_overflow=0)
        for engine, begin, read_only in (
            (self._readers, "BEGIN", True),
            (self._writer, "BEGIN IMMEDIATE", False),
        ):
            _prepare(engine, begin=begin, read_only=read_only)
        self._jobs: queue.SimpleQueue[tuple[Callable[[Connection], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._door = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._write_jobs, name="db-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Open for a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Finish what is queued, then close."""
        self.close()

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Call `fn` with a read-only snapshot."""
        with self._readers.begin() as connection:
            return fn(connection)

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Call `fn` in a write transaction; on return it is committed and on the disk.

        Raises what `fn` raised (then nothing is kept), or Unavailable when another process held
        the file for longer than the busy limit, or when this database has been closed.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a write inside a write would wait for itself")
        done: Future[T] = Future()
        with self._door:
            if self._closed:
                raise Unavailable("the database is closed")
            self._jobs.put((fn, done))
        try:
            return done.result()
        except OperationalError as error:
            raise Unavailable(f"the database is busy: {error.orig}") from error

    def close(self) -> None:
        """Finish what is queued, then close every connection."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()
        self._readers.dispose()
        self._writer.dispose()

    def _write_jobs(self) -> None:
        while (job := self._jobs.get()) is not None:
            fn, done = job
            try:
                with self._writer.begin() as connection:
                    result = fn(connection)
            except BaseException as error:  # noqa: BLE001  (carried to the caller)
                done.set_exception(error)
            else:
                done.set_result(result)


def _prepare(engine: Engine, *, begin: str, read_only: bool) -> None:
    def connected(dbapi: Any, _record: object) -> None:  # Any: the driver's own connection type
        dbapi.isolation_level = None  # we say BEGIN ourselves
        cursor = dbapi.cursor()
        cursor.execute("PRAGMA busy_timeout = 5000")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", began)
