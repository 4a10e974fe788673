"""Files in which other processes ask something of telemetry: rows to be answered once each.

Theory of operation. Telemetry alone writes its day files. Who wants something of it (a replay, a
message to be taken) adds a row to a file of its own, below the telemetry folder; telemetry reads
that file and never writes it. What it did stands in a day file, in the commit that did it, with the
number of the row (dayfiles: `answer`, `answered_up_to`). So a row is answered exactly once,
whoever is killed when. Numbers only ever grow, even where the file came back from an older backup.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from core.errors import Unavailable
from ingest.timeseries.dayfiles import ANSWER, answered_up_to, day_files
from ingest.timeseries.port import Answer
from ingest.timeseries.reading import reading

__all__ = [
    "Inbox",
    "answered_up_to",
    "answers",
    "columns_of",
    "file_of",
    "waiting",
    "waiting_for",
    "writing",
]

PATIENCE_S = 5.0


def file_of(folder: Path, source: str) -> Path:
    """Where what `source` asks of the telemetry of `folder` stands."""
    # Not among the day files: who follows hand-offs reads every file there.
    return folder / "asked" / f"{source}.db"


@contextmanager
def writing(folder: Path, source: str, schema: str) -> Iterator[sqlite3.Connection]:
    """One write transaction on the asker's side; the table of the schema is called `asked`.

    Raises Unavailable; then nothing is kept.
    """
    try:
        with _transaction(file_of(folder, source), schema) as connection:
            _number_beyond(connection, answered_up_to(folder, source))
            yield connection
    except (sqlite3.OperationalError, OSError) as error:
        raise Unavailable(f"telemetry cannot be asked now: {error}") from error


@contextmanager
def _transaction(file: Path, schema: str) -> Iterator[sqlite3.Connection]:
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, isolation_level=None, timeout=PATIENCE_S)) as connection:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in filter(str.strip, schema.split(";")):
                connection.execute(statement)
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _number_beyond(connection: sqlite3.Connection, row: int) -> None:
    """Never give a number that telemetry has answered."""
    (last,) = connection.execute(
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'asked'"
    ).fetchone()
    if last < row:
        connection.execute("DELETE FROM sqlite_sequence WHERE name = 'asked'")
        connection.execute("INSERT INTO sqlite_sequence VALUES ('asked', ?)", (row,))


def waiting(folder: Path, source: str) -> int:
    """How many rows telemetry has not answered."""
    file = file_of(folder, source)
    if not file.exists():
        return 0
    with reading(file) as connection:
        found: int = connection.execute(
            "SELECT count(*) FROM asked WHERE id > ?", (answered_up_to(folder, source),)
        ).fetchone()[0]
        return found
    return 0


def waiting_for(folder: Path, source: str, area: str) -> int:
    """How many rows that name a topic of that area telemetry has not answered."""
    file = file_of(folder, source)
    if not file.exists():
        return 0
    with reading(file) as connection:
        found: int = connection.execute(
            "SELECT count(*) FROM asked WHERE id > ? AND topic GLOB ?",
            (answered_up_to(folder, source), f"*/v1/{area}/*"),
        ).fetchone()[0]
        return found
    return 0


def answers(folder: Path, source: str, rows: Sequence[int]) -> list[Answer]:
    """What became of rows close to one another, as far as they are answered, in order."""
    if not rows:
        return []
    wanted = set(rows)
    found: list[Answer] = []
    for file in day_files(folder):
        with reading(file) as connection:
            found += [
                Answer(*told)
                for told in connection.execute(
                    f"SELECT {ANSWER} FROM answer"  # noqa: S608  (our words)
                    " WHERE source = ? AND row BETWEEN ? AND ? ORDER BY row",
                    (source, min(rows), max(rows)),
                )
                if told[1] in wanted
            ]
    return found


def columns_of(connection: sqlite3.Connection) -> frozenset[str]:
    """The columns of the rows that ask."""
    return frozenset(row[1] for row in connection.execute("PRAGMA table_info(asked)"))


class Inbox:
    """Telemetry's side: the rows behind the newest answered, read without writing."""

    def __init__(self, folder: Path, source: str, columns: str, later: str = "") -> None:
        """`later`: a column that a file of a version before does not have; NULL there."""
        self._file = file_of(folder, source)
        self._columns = columns
        self._later = later
        self.answered = answered_up_to(folder, source)

    def next(self, limit: int) -> list[tuple[object, ...]]:
        """Up to `limit` rows, oldest first: the number, then the columns."""
        if not self._file.exists():
            return []
        with reading(self._file) as connection:
            columns = self._columns
            if self._later:
                there = self._later in columns_of(connection)
                columns = f"{columns}, {self._later if there else 'NULL'}"
            return connection.execute(
                f"SELECT id, {columns} FROM asked"  # noqa: S608  (our words)
                " WHERE id > ? ORDER BY id LIMIT ?",
                (self.answered, limit),
            ).fetchall()
        return []

    def waiting(self) -> int:
        """How many rows wait behind the newest answered."""
        if not self._file.exists():
            return 0
        with reading(self._file) as connection:
            found: int = connection.execute(
                "SELECT count(*) FROM asked WHERE id > ?", (self.answered,)
            ).fetchone()[0]
            return found
        return 0
