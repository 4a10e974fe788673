"""Moving history from the day files to another store: resumable, and verified by counts.

Theory of operation. Rows are read in the order of files and ids and written in loads; how far each
file is copied is kept beside the drainer's marks, by target. Killed between a load and its mark it
writes the load again, which changes nothing. The proof is a count per day of event on both sides:
the source counts messages, not rows, for a message that came twice is one point elsewhere.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path

from ingest.timeseries.dayfiles import day_files
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Refusal, TimeSeriesStore, WriteRefused

LOAD = 5000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS copied (
    target TEXT NOT NULL, file TEXT NOT NULL, row INTEGER NOT NULL,
    PRIMARY KEY (target, file)) STRICT;
CREATE TABLE IF NOT EXISTS refused (
    target TEXT NOT NULL, day TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (target, day)) STRICT
"""


@dataclass(frozen=True, slots=True)
class Day:
    """Messages of a day of event on both sides, and those that the target refused."""

    day: date
    source: int
    target: int
    refused: int

    @property
    def whole(self) -> bool:
        """Whether the target has everything; it may have more, from elsewhere."""
        return self.target + self.refused >= self.source


def copy(
    folder: Path, target: TimeSeriesStore, name: str, told: Callable[[str, int], None]
) -> Iterator[Refusal]:
    """Copy what `target`, known as `name`, does not have yet; yields what it refuses.

    `told` hears of each load: file and number of points. Raises Unavailable when the target is
    away: call again later, it goes on where it was.
    """
    source = EmbeddedStore.reader(folder)
    with closing(_marks(folder)) as connection:
        done = dict(
            connection.execute("SELECT file, row FROM copied WHERE target = ?", (name,)).fetchall()
        )
        for file in day_files(folder):
            row = done.get(file.name, 0)
            while load := source.rows_after(file, row, LOAD):
                row = load[-1][0]
                refusals: tuple[Refusal, ...] = ()
                try:
                    target.write([point for _, point in load])
                except WriteRefused as error:
                    refusals = error.refusals
                days = Counter(no.point.device_at.astimezone(UTC).date() for no in refusals)
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    "INSERT INTO copied VALUES (?,?,?) ON CONFLICT (target, file)"
                    " DO UPDATE SET row=excluded.row",
                    (name, file.name, row),
                )
                connection.executemany(
                    "INSERT INTO refused VALUES (?,?,?) ON CONFLICT (target, day)"
                    " DO UPDATE SET number=number+excluded.number",
                    [(name, day.isoformat(), number) for day, number in days.items()],
                )
                connection.execute("COMMIT")
                told(file.stem, len(load))
                yield from refusals


def _marks(folder: Path) -> sqlite3.Connection:
    file = folder / "drain" / "copied.db"
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, isolation_level=None, timeout=5)
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    return connection


def compare(folders: Sequence[Path], target: TimeSeriesStore, name: str) -> list[Day]:
    """Every day that the sources have messages of, counted on both sides."""
    counted: Counter[date] = Counter()
    refused: Counter[date] = Counter()
    for folder in folders:
        counted.update(EmbeddedStore.reader(folder).messages())
        with closing(_marks(folder)) as connection:
            for day, number in connection.execute(
                "SELECT day, number FROM refused WHERE target = ?", (name,)
            ):
                refused[date.fromisoformat(day)] += number
    if not counted:
        return []
    there = target.counts(min(counted), max(counted))
    return [
        Day(day, number, there.get(day, 0), refused.get(day, 0))
        for day, number in sorted(counted.items())
    ]
