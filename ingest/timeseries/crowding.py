"""How much of what was refused is kept of a day: whoever writes it makes room for it.

Two write refused objects into a day file: the telemetry lane what nobody can read, the drainer what
the history store does not take. Both insert and then let the oldest go, in one transaction, so
that neither fills the disk. Two triggers keep the sums whoever writes.
"""

import sqlite3
from dataclasses import dataclass

from core import metrics

_SCHEMA = """
CREATE TABLE IF NOT EXISTS quarantine_size (
    rows INTEGER NOT NULL, bytes INTEGER NOT NULL, crowded_out INTEGER NOT NULL) STRICT
"""
_COUNTED = """
INSERT INTO quarantine_size SELECT
    (SELECT count(*) FROM quarantine), (SELECT coalesce(sum(length(raw)), 0) FROM quarantine), 0
    WHERE NOT EXISTS (SELECT 1 FROM quarantine_size)
"""
# a version before added a row whenever it opened the file; the first one is right
_ONE_ROW = "DELETE FROM quarantine_size WHERE rowid > (SELECT min(rowid) FROM quarantine_size)"
_GREW = """
CREATE TRIGGER IF NOT EXISTS quarantine_grew AFTER INSERT ON quarantine BEGIN
    UPDATE quarantine_size SET rows = rows + 1, bytes = bytes + length(new.raw); END
"""
_SHRANK = """
CREATE TRIGGER IF NOT EXISTS quarantine_shrank AFTER DELETE ON quarantine BEGIN
    UPDATE quarantine_size SET rows = rows - 1, bytes = bytes - length(old.raw); END
"""
_OLDEST = "DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine ORDER BY id LIMIT ?)"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of what was refused on one day is kept; beyond it the oldest go."""

    rows: int = 50_000
    bytes: int = 64 * 1024 * 1024


KEPT = Budget()


def keep_sums(connection: sqlite3.Connection) -> None:
    """Have the day file know how much it keeps; a file of a version before is counted once."""
    for statement in (_SCHEMA, _COUNTED, _ONE_ROW, _GREW, _SHRANK):
        connection.execute(statement)


def sums(connection: sqlite3.Connection) -> tuple[int, int]:
    """How much is kept: objects and bytes."""
    rows, size = connection.execute("SELECT rows, bytes FROM quarantine_size").fetchone()
    return int(rows), int(size)


def make_room(connection: sqlite3.Connection, budget: Budget) -> int:
    """Let the oldest go until the others fit, in the caller's transaction; how many went.

    The caller counts them in the metrics once they are gone for good (`crowded_out`).
    """
    gone = 0
    while True:
        rows, size = sums(connection)
        over = rows - budget.rows
        if over <= 0 and size <= budget.bytes:
            break
        gone += connection.execute(_OLDEST, (max(over, rows // 50, 1),)).rowcount
    if gone:
        connection.execute("UPDATE quarantine_size SET crowded_out = crowded_out + ?", (gone,))
    return gone


def crowded_out(gone: int) -> None:
    """Tell the metrics how many went."""
    if gone:
        metrics.QUARANTINE_DROPPED.labels("crowded_out").inc(gone)


def show(connection: sqlite3.Connection, shard: str) -> None:
    """Tell the metrics how much of the newest day is kept; the connection is that day's."""
    rows, size = sums(connection)
    metrics.QUARANTINE_ROWS.labels(shard).set(rows)
    metrics.QUARANTINE_BYTES.labels(shard).set(size)
