"""Which day file was written last: not always the one with the greatest name.

Theory of operation. A wall clock that is ahead makes a file of a day to come; when it is put back,
the hub goes on in an earlier one. So each file that is opened for writing takes the next turn, in
the transaction that takes over what the file before it remembered, and says behind which of its
rows that turn began. A file of a version before has turn 0: of those the greatest name counts.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from ingest.timeseries.reading import reading

_IS_THERE = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = 'turn'"
_TURN = """
CREATE TABLE IF NOT EXISTS turn (
    id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, row INTEGER NOT NULL) STRICT
"""


def turn_in(connection: sqlite3.Connection) -> tuple[int, int]:
    """The turn of a file, and the row behind which it began; zeros where it had none."""
    if not connection.execute(_IS_THERE).fetchone():
        return 0, 0
    number, row = connection.execute("SELECT number, row FROM main.turn").fetchone()
    return number, row


def turn_of(file: Path) -> tuple[int, int]:
    """The same of a file; zeros where it is gone."""
    with reading(file) as connection:
        return turn_in(connection)
    return 0, 0


def write_turn(connection: sqlite3.Connection, number: int, row: int) -> None:
    """Give a file its turn, in the caller's transaction."""
    connection.execute(_TURN)
    connection.execute("INSERT OR REPLACE INTO turn VALUES (1,?,?)", (number, row))


def last_written(files: Iterable[Path]) -> Path | None:
    """The file of the greatest turn; None where there is none."""
    turns = [(turn_of(file)[0], file) for file in files]
    return max(turns)[1] if turns else None
