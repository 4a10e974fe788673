"""Hand-off tables: how what one process found reaches another, exactly once.

Theory of operation. Telemetry, video and the public pages each own a SQLite file of their own and
never write the relational database. What they find is a row in their file, written in the same
commit as the message that caused it. The rescue process follows those tables by cursor and applies
each row once, keyed by its `event_id`, keeping the cursor in the transaction that applies the row.
So nothing can fall between "acknowledged" and "observed", whoever is killed when.

A source is a folder of files (`2026-11-23.db`, …) that is read in order of file name, or one file.
`event_id` is unique within a file; over a border of files the receiver's own unique key decides.
"""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS handoff (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    at_us INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """How far a source has been followed: file name and row id."""

    file: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class HandedOff:
    """One row: what happened, as bytes that devices.findings decodes."""

    cursor: Cursor
    event_id: str
    at: datetime
    payload: bytes


def create(connection: sqlite3.Connection) -> None:
    """Make the table in the owner's file where it is missing."""
    connection.execute(_SCHEMA)


def append(connection: sqlite3.Connection, *, event_id: str, at: datetime, payload: bytes) -> bool:
    """Add a row in the owner's transaction; False when `event_id` stands there already."""
    done = connection.execute(
        "INSERT INTO handoff (event_id, at_us, payload) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (event_id, (at - _EPOCH) // timedelta(microseconds=1), payload),
    )
    return done.rowcount == 1


def after(source: Path, cursor: Cursor, *, limit: int = 200) -> list[HandedOff]:
    """Up to `limit` rows of `source` (a folder of *.db files, or one file) behind `cursor`."""
    files = sorted(source.glob("*.db")) if source.is_dir() else [source]
    rows: list[HandedOff] = []
    for file in files:
        if file.name < cursor.file or not file.exists():
            continue
        since = cursor.row if file.name == cursor.file else 0
        rows += _read(file, since, limit - len(rows))
        if len(rows) >= limit:
            break
    return rows


def _read(file: Path, since: int, limit: int) -> list[HandedOff]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)
    try:
        found = connection.execute(
            "SELECT id, event_id, at_us, payload FROM handoff WHERE id > ? ORDER BY id LIMIT ?",
            (since, limit),
        ).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # the owner has only just made the file
            return []
        raise
    finally:
        connection.close()
    return [
        HandedOff(Cursor(file.name, row), event_id, _EPOCH + timedelta(microseconds=at_us), payload)
        for row, event_id, at_us, payload in found
    ]
