"""Where roll-ups are kept: minutes in a file a month, hours in a file a year, marks beside them.

Theory of operation. Rows lie by (hour, lift), so that an hour of all lifts is appended and not
strewn over the file. `rolled.db` holds how far each day file is rolled up: every row of a day file
up to and with its mark is in the roll-ups. Roll-ups are durable before the mark moves, and a reader
reads the mark first, so it takes from the rows of the day files only what lies behind it.
`raw_from` is the hour before which rows of day files are no longer complete.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ingest.timeseries.figures import HOUR_US
from ingest.timeseries.reading import reading
from ingest.timeseries.steps import instant

_ROWS = """
CREATE TABLE IF NOT EXISTS rollup (
    hour INTEGER NOT NULL, lift TEXT NOT NULL, kept BLOB NOT NULL,
    PRIMARY KEY (hour, lift)) STRICT, WITHOUT ROWID
"""
_MARKS = (
    "CREATE TABLE IF NOT EXISTS rolled (file TEXT PRIMARY KEY, row INTEGER, at_us INTEGER) STRICT",
    "CREATE TABLE IF NOT EXISTS raw_from (hour INTEGER NOT NULL) STRICT",
)
_PUT = "INSERT INTO rollup VALUES (?,?,?)"
_REPLACE = f"{_PUT} ON CONFLICT DO UPDATE SET kept=excluded.kept"
_KEEP = f"{_PUT} ON CONFLICT DO NOTHING"

Rolled = tuple[int, str, bytes, bytes]  # hour, lift, minutes, summary


@dataclass(frozen=True, slots=True)
class Mark:
    """The last row of a day file that is rolled up, and its receipt, by which it is known again."""

    row: int = 0
    at_us: int = 0


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the day files are rolled up, by name; hours before `raw_from` only are rolled up."""

    files: Mapping[str, Mark] = field(default_factory=dict)
    raw_from: int = 0


def roll_folder(folder: Path) -> Path:
    """Where the roll-ups of a telemetry folder lie."""
    return folder / "rollup"


def minutes_file(folder: Path, hour: int) -> Path:
    """The file with the minutes of that hour (since 1970)."""
    return roll_folder(folder) / "minutes" / f"{instant(hour * HOUR_US):%Y-%m}.db"


def hours_file(folder: Path, hour: int) -> Path:
    """The file with the summary of that hour."""
    return roll_folder(folder) / "hours" / f"{instant(hour * HOUR_US):%Y}.db"


def read_marks(folder: Path) -> Marks:
    """How far everything is rolled up; nothing where no roll-ups are made."""
    file = roll_folder(folder) / "rolled.db"
    if not file.exists():
        return Marks()
    with reading(file) as connection:
        rows = connection.execute("SELECT file, row, at_us FROM rolled").fetchall()
        (hour,) = connection.execute("SELECT coalesce(max(hour), 0) FROM raw_from").fetchone()
        return Marks({name: Mark(row, at_us) for name, row, at_us in rows}, hour)
    return Marks()


def rolled_up_to(day: sqlite3.Connection, mark: Mark | None) -> int:
    """The last row of this day file that is rolled up; 0 where the file is not the one marked.

    After a restore the day file may be older than its mark, and its numbers be given again.
    """
    row, at_us = (mark.row, mark.at_us) if mark is not None else (0, 0)
    there = day.execute("SELECT received_at_us FROM sample WHERE id = ?", (row,)).fetchone()
    return row if there == (at_us,) else 0


def read_hours(
    folder: Path, lift: str, hours: Sequence[int], *, minutes: bool
) -> Iterator[tuple[int, bytes]]:
    """What is kept of these hours of a lift, in order of files; those without any are absent."""
    by_day: dict[int, list[int]] = {}  # a file holds whole days: its name is worked out once a day
    for hour in hours:
        by_day.setdefault(hour // 24, []).append(hour)
    by_file: dict[Path, list[int]] = {}
    where = minutes_file if minutes else hours_file
    for of_day in by_day.values():
        by_file.setdefault(where(folder, of_day[0]), []).extend(of_day)
    for file, some in by_file.items():
        if not file.exists():
            continue
        with reading(file) as connection:
            yield from connection.execute(
                "SELECT hour, kept FROM json_each(?) CROSS JOIN rollup"
                " ON hour = json_each.value AND lift = ?",
                (f"[{','.join(map(str, some))}]", lift),
            )


class RollFiles:
    """Written by the one roller of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("minutes", "hours"):
            (roll_folder(folder) / name).mkdir(parents=True, exist_ok=True)
        self._marks = _writer(roll_folder(folder) / "rolled.db", *_MARKS)
        self._open: dict[Path, sqlite3.Connection] = {}

    def close(self) -> None:
        """Close the files."""
        self.let_go()
        self._marks.close()

    def let_go(self) -> None:
        """Close the files with roll-ups until something is written again."""
        while self._open:
            self._open.popitem()[1].close()

    def put(self, rows: Sequence[Rolled], raw_from: int) -> None:
        """Make the roll-ups durable, in place of earlier ones of the same hour and lift.

        An hour before `raw_from` is kept as it is: its rows are complete no more.
        """
        by_file: dict[Path, list[tuple[int, str, bytes]]] = {}
        for hour, lift, minutes, summary in rows:
            by_file.setdefault(minutes_file(self._folder, hour), []).append((hour, lift, minutes))
            by_file.setdefault(hours_file(self._folder, hour), []).append((hour, lift, summary))
        for file, some in by_file.items():
            with _writing(self._of(file)) as connection:
                connection.executemany(_REPLACE, [row for row in some if row[0] >= raw_from])
                connection.executemany(_KEEP, [row for row in some if row[0] < raw_from])

    def mark(self, marks: Mapping[str, Mark]) -> None:
        """Everything up to these rows is rolled up, durably."""
        with _writing(self._marks) as connection:
            connection.executemany(
                "INSERT INTO rolled VALUES (?,?,?) ON CONFLICT (file) DO UPDATE SET"
                " row=excluded.row, at_us=excluded.at_us",
                [(name, mark.row, mark.at_us) for name, mark in marks.items()],
            )

    def raw_from(self, hour: int) -> None:
        """Rows of earlier hours may be taken away from now on."""
        with _writing(self._marks) as connection:
            (known,) = connection.execute("SELECT coalesce(max(hour), 0) FROM raw_from").fetchone()
            connection.execute("DELETE FROM raw_from")
            connection.execute("INSERT INTO raw_from VALUES (?)", (max(hour, known),))

    def forget(self, names: Sequence[str]) -> None:
        """Those day files are gone."""
        with _writing(self._marks) as connection:
            connection.executemany("DELETE FROM rolled WHERE file = ?", [(n,) for n in names])

    def _of(self, file: Path) -> sqlite3.Connection:
        if file not in self._open:
            self._open[file] = _writer(file, _ROWS)
        return self._open[file]


def _writer(file: Path, *schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", *schema):
        connection.execute(statement)
    return connection


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
