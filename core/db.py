"""The relational database behind two doors: `read(fn)` and `write(fn)`.

Theory of operation. SQLite wants one writer and many readers, so every write of a process runs on
one thread, in order of arrival, inside `BEGIN IMMEDIATE` with `synchronous=FULL`: when `write`
returns, the change has reached the disk. Readers see a snapshot and cannot write. A function that
raises leaves nothing behind. Callers never hold a connection outside these functions.

What passes by itself (another process holds the file, the disk is full) is Unavailable, so that
callers try again; a broken file or a wrong statement is raised as it is, because no retry helps.
Statements are portable; the two that are not (`add_once`, `put`) are built here for each dialect.

No write may last longer than 50 ms: another process's rescue may be waiting for the same file.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, TypeVar

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Table,
    TableClause,
    TypeDecorator,
    create_engine,
    event,
    insert,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from core.errors import Unavailable

T = TypeVar("T")

BUSY_FOR = timedelta(seconds=5)
_PASSING = {
    sqlite3.SQLITE_BUSY: ("busy", "the database is busy"),
    sqlite3.SQLITE_LOCKED: ("busy", "the database is busy"),
    sqlite3.SQLITE_FULL: ("disk_full", "the disk is full: free some space"),
}
_PRIMARY = 0xFF  # the low byte of an extended result code of SQLite

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

    def __init__(self, url: str, *, readers: int = 8, busy_for: timedelta = BUSY_FOR) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite" or not parsed.database:
            raise ValueError(
                f"database.url: {parsed.render_as_string()} is not supported by this version; "
                "use sqlite:///PATH"
            )
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self.path = Path(parsed.database)
        # What a statement was given may be a person's: it never stands in an error's text.
        self._readers = create_engine(
            parsed,
            pool_size=readers,
            max_overflow=readers,
            pool_timeout=10,
            hide_parameters=True,
        )
        self._writer = create_engine(parsed, pool_size=1, max_overflow=0, hide_parameters=True)
        for engine, begin, read_only in (
            (self._readers, "BEGIN", True),
            (self._writer, "BEGIN IMMEDIATE", False),
        ):
            _prepare(engine, begin=begin, read_only=read_only, busy_for=busy_for)
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
        """Call `fn` with a read-only snapshot; raises Unavailable like `write`."""
        try:
            with self._readers.begin() as connection:
                return fn(connection)
        except NoneFree as error:
            raise Unavailable("every reader is at work", reason="busy") from error
        except DBAPIError as error:
            if passing := _passing(error):
                raise passing from error
            raise

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Call `fn` in a write transaction; on return it is committed and on the disk.

        Raises what `fn` raised (then nothing is kept), or Unavailable: "busy" when another process
        held the file for longer than `busy_for`, "disk_full", or "closed" after `close`.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a write inside a write would wait for itself")
        done: Future[T] = Future()
        with self._door:
            if self._closed:
                raise Unavailable("the database is closed", reason="closed")
            self._jobs.put((fn, done))
        try:
            return done.result()
        except DBAPIError as error:
            if passing := _passing(error):
                raise passing from error
            raise

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


def add_once(
    connection: Connection, table: Table, key: Mapping[str, object], **values: object
) -> bool:
    """Insert a row unless one with that unique `key` stands there; False when it does."""
    written = _insert(connection, table).values(**key, **values)
    done = connection.execute(written.on_conflict_do_nothing(index_elements=list(key)))
    return done.rowcount == 1


def put(connection: Connection, table: Table, key: Mapping[str, object], **values: object) -> None:
    """Write the row with that unique `key`, whether it is new or not."""
    written = _insert(connection, table).values(**key, **values)
    connection.execute(written.on_conflict_do_update(index_elements=list(key), set_=values))


@dataclass(frozen=True, slots=True)
class Load:
    """Many rows for one table, made ready for the driver before anybody holds the write lock.

    What a statement of SQLAlchemy's costs a row is spent once for all of them.
    """

    into: TableClause
    names: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]  # Any: what the driver takes

    def write(
        self, connection: Connection, keys: Mapping[str, Sequence[object]] = MappingProxyType({})
    ) -> None:
        """Insert the rows; `keys`: columns that are known only now, each with a value a row."""
        if not self.rows:
            return
        names = (*keys, *self.names)
        order, sql = _statement(self.into, names, connection.dialect)
        rows: Sequence[Any] = self.rows
        if keys:
            rows = [
                (*key, *row)
                for key, row in zip(zip(*keys.values(), strict=True), rows, strict=True)
            ]
        if order is None:
            rows = [dict(zip(names, row, strict=True)) for row in rows]
        elif order != tuple(range(len(names))):
            rows = list(map(itemgetter(*order), rows))
        connection.exec_driver_sql(sql, list(rows))


def load(
    dialect: Dialect,
    into: TableClause,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    **same: object,
) -> Load:
    """Rows, each its values in the order of `columns`; `same`: of every row the same."""
    width = len(columns)
    converters = _converters(into, (*columns, *same), dialect)
    constant = tuple(
        convert(value) if convert else value
        for convert, value in zip(converters[width:], same.values(), strict=True)
    )
    slow = [(n, convert) for n, convert in enumerate(converters[:width]) if convert]
    ready: list[tuple[object, ...]] = []
    for row in rows:
        values = [*row, *constant]
        for n, convert in slow:
            values[n] = convert(values[n])
        ready.append(tuple(values))
    return Load(into, (*columns, *same), ready)


@lru_cache(maxsize=64)
def _converters(
    into: TableClause, names: tuple[str, ...], dialect: Dialect
) -> tuple[Callable[[Any], Any] | None, ...]:
    """What makes a column's value one that the driver takes; None: it is one."""
    return tuple(into.c[n].type.dialect_impl(dialect).bind_processor(dialect) for n in names)


@lru_cache(maxsize=64)
def _statement(
    into: TableClause, names: tuple[str, ...], dialect: Dialect
) -> tuple[tuple[int, ...] | None, str]:
    """An insertion, and where its places find their values; None: by name."""
    told = insert(into).compile(dialect=dialect, column_keys=list(names))
    if not dialect.positional or told.positiontup is None:
        return None, str(told)
    return tuple(names.index(name) for name in told.positiontup), str(told)


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    match connection.dialect.name:
        case "postgresql":
            return postgresql.insert(table)
        case _:
            return sqlite.insert(table)


def _passing(error: DBAPIError) -> Unavailable | None:
    """What passes by itself, in the words of the caller; None for everything else."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    told = None if code is None else _PASSING.get(code & _PRIMARY)
    return told and Unavailable(f"{told[1]} ({error.orig})", reason=told[0])


def _prepare(engine: Engine, *, begin: str, read_only: bool, busy_for: timedelta) -> None:
    def connected(dbapi: Any, _record: object) -> None:  # Any: the driver's own connection type
        dbapi.isolation_level = None  # we say BEGIN ourselves
        cursor = dbapi.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {busy_for // timedelta(milliseconds=1)}")
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
