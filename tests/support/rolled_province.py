"""Roll-ups of a province, written fast: the roller's own files and rows, put there by SQLite."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.clock import ManualClock
from ingest.timeseries import rollup
from ingest.timeseries.dayfiles import day_files
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.figures import HOUR_US, MINUTE_US
from ingest.timeseries.port import Batch, Point, Value
from ingest.timeseries.rollfiles import Mark, RollFiles, hours_file, minutes_file
from ingest.timeseries.steps import micros

KINDS = 200  # different hours; every lift has another one in every hour
_FILL = (
    "INSERT INTO rollup SELECT ?1, lift, kept FROM number"  # noqa: S608  (our own number)
    f" JOIN kind ON id = (number.n * 7 + ?1) % {KINDS} WHERE number.n < ?2 ORDER BY number.n"
)


def hour_of(chance: random.Random, hour: int) -> rollup.Fields:
    """A lift's hour: now and then it runs, and a status comes every minute."""
    rows: list[tuple[int, dict[str, Value]]] = []
    for minute in range(60):
        floor = chance.randrange(-1, 18)
        at = hour * HOUR_US + minute * MINUTE_US + chance.randrange(20_000_000)
        rows.append((at, {"floor": floor, "load_kg": chance.randrange(0, 900, 75)}))
        rows.append((at + 20_000_000, {"floor": floor, "speed_m_s": 1.75, "car_temp_c": 24.5}))
    return rollup.roll(rows)


def fill(folder: Path, hours: range, lifts: int, *, share: int, whole: range) -> None:
    """Roll-ups of `hours` for `share` lifts, of the hours in `whole` for all."""
    chance = random.Random(7)  # noqa: S311  (a seeded story)
    kinds = [hour_of(chance, 0) for _ in range(KINDS)]
    with closing(RollFiles(folder)) as files:  # makes them, as the roller would
        first = [(hour, "", b"", b"") for hour in (hours[0], hours[-1])]
        files.put(first, 0)
    packed = {
        minutes_file: [rollup.pack(kind) for kind in kinds],
        hours_file: [rollup.pack(rollup.summary(kind)) for kind in kinds],
    }
    for where, kept in packed.items():
        by_file: dict[Path, list[int]] = {}
        for hour in hours:
            by_file.setdefault(where(folder, hour), []).append(hour)
        for file, some in by_file.items():
            with closing(sqlite3.connect(file, isolation_level=None)) as connection:
                for statement in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-64000"):
                    connection.execute(f"PRAGMA {statement}")
                connection.execute("DELETE FROM rollup")
                connection.execute("CREATE TEMP TABLE kind (id INTEGER PRIMARY KEY, kept BLOB)")
                connection.execute("CREATE TEMP TABLE number (n INTEGER PRIMARY KEY, lift TEXT)")
                numbers = ((n, f"{n:06}") for n in range(lifts))
                connection.executemany("INSERT INTO kind VALUES (?,?)", enumerate(kept))
                connection.executemany("INSERT INTO number VALUES (?,?)", numbers)
                connection.execute("BEGIN")
                for hour in some:
                    connection.execute(_FILL, (hour, lifts if hour in whole else share))
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode=WAL")


def fill_rows(folder: Path, now: datetime, lifts: int, charted: Sequence[int]) -> None:
    """Rows of the running hour, a few a lift; of the charted a row a minute, rolled up already."""
    clock = ManualClock(now - timedelta(days=1))
    running = now.replace(minute=0, second=0, microsecond=0)
    with closing(EmbeddedStore(folder, clock)) as store:
        marks: dict[str, Mark] = {}
        for points in _by_day(running, charted):
            at = points[-1].received_at
            store.commit(Batch(at, points))
            file = day_files(folder)[-1]
            with closing(sqlite3.connect(file)) as connection:
                (row,) = connection.execute("SELECT max(id) FROM sample").fetchone()
            marks[file.name] = Mark(row, micros(at))
        for second in (20, 40):
            at = now - timedelta(seconds=second)
            store.commit(Batch(at, [Point(f"{n:06}", at, at, {"floor": 3}) for n in range(lifts)]))
    with closing(RollFiles(folder)) as files:
        files.mark(marks)
        files.raw_from(micros(running - timedelta(days=14)) // HOUR_US)


def _by_day(running: datetime, charted: Sequence[int]) -> Iterator[list[Point]]:
    """A day's minutes of those lifts, by day of receipt."""
    points: list[Point] = []
    for minute in range(24 * 60, 0, -1):
        at = running - timedelta(minutes=minute)
        if points and at.astimezone(UTC).date() != points[-1].received_at.astimezone(UTC).date():
            yield points
            points = []
        told = {"floor": minute % 17, "load_kg": 75.0 * (minute % 9), "speed_m_s": 1.75}
        points += [Point(f"{n:06}", at, at, told) for n in charted]
    yield points


def hours_before(now: datetime, count: int) -> range:
    """The last `count` hours that are over."""
    last = micros(now) // HOUR_US
    return range(last - count, last)
