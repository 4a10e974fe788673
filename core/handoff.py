"""Hand-off tables: how what one process found reaches another, exactly once.

Theory of operation. Telemetry, video and the public pages each own a SQLite file of their own and
never write the relational database. What they find is a row in their file, written in the same
commit as the message that caused it. The rescue process follows those tables by cursor and applies
each row once, keyed by its `event_id`, keeping the cursor in the transaction that applies the row.
So nothing can fall between "acknowledged" and "observed", whoever is killed when.

A source is a folder of files (`2026-11-23.db`, …) that is read in order of file name, or one file.
Every file has a cursor of its own: a machine whose clock is set back over midnight writes into an
earlier file once more, and those rows count too. A file that was made anew (or came back from an
older backup) is read from its start; the receiver's own unique key decides what it knows already.
"""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

BATCH = 200
PATIENCE_S = 0.25  # a reader asks again soon; meanwhile other sources must not wait for this one
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


def files(source: Path) -> list[Path]:
    """The files of a source (a folder of *.db files, or one file) that exist, oldest first."""
    if source.is_dir():
        return sorted(source.glob("*.db"))
    return [source] if source.exists() else []


def after(file: Path, row: int = 0, *, limit: int = BATCH) -> list[HandedOff]:
    """Up to `limit` rows of one file behind `row`; all of them where the file was made anew.

    Raises sqlite3.OperationalError while the file is locked, another DatabaseError when it is
    broken.
    """
    if not file.exists():
        return []
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE_S
    )
    try:
        newest = connection.execute("SELECT coalesce(max(id), 0) FROM handoff").fetchone()[0]
        found = connection.execute(
            "SELECT id, event_id, at_us, payload FROM handoff WHERE id > ? ORDER BY id LIMIT ?",
            (row if row <= newest else 0, limit),
        ).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # the owner has only just made the file
            return []
        raise
    finally:
        connection.close()
    return [
        HandedOff(Cursor(file.name, number), event_id, _instant(at_us), payload)
        for number, event_id, at_us, payload in found
    ]


def _instant(at_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at_us)
