"""Rolling up: nothing changes for a reader, whatever happens in between."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.figures import HOUR_US
from ingest.timeseries.port import Batch, Point, Sample, Window
from ingest.timeseries.roller import GRACE, Roller, next_due
from ingest.timeseries.rollfiles import RollFiles, minutes_file, read_marks
from ingest.timeseries.steps import aggregate, micros
from tests.support.rolled import roll_up

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[EmbeddedStore]:
    with closing(EmbeddedStore(tmp_path, clock)) as found:
        yield found


def take(store: EmbeddedStore, *points: Point) -> None:
    """The lane commits what was received together."""
    store.commit(Batch(points[-1].received_at, points))


def told(at: datetime, floor: float, lift: str = "L", late: timedelta = SECOND) -> Point:
    return Point(lift, at + late, at, {"floor": floor})


def samples(store: EmbeddedStore, start: datetime, hours: float, step: timedelta) -> list[Sample]:
    return list(store.window(Window("L", "floor", start, start + hours * HOUR, step)).points)


def hours_done(folder: Path) -> int:
    total = 0
    for file in (folder / "rollup" / "hours").glob("*.db"):
        with closing(sqlite3.connect(file)) as connection:
            total += connection.execute("SELECT count(*) FROM rollup").fetchone()[0]
    return total


def test_the_running_hour_waits_until_it_is_over(tmp_path: Path, store: EmbeddedStore) -> None:
    take(store, told(NOON + MINUTE, 1), told(NOON + 61 * MINUTE, 2))
    assert roll_up(tmp_path, NOON + HOUR + GRACE - SECOND) == 0
    assert roll_up(tmp_path, NOON + HOUR + GRACE) == 1
    assert roll_up(tmp_path, NOON + HOUR + GRACE) == 0
    assert roll_up(tmp_path, NOON + 2 * HOUR + GRACE) == 1
    assert hours_done(tmp_path) == 2


@pytest.mark.parametrize("seconds", [0, 30, 59, 61, 1800, 3599])
def test_the_next_turn_is_when_the_next_hour_is_over(seconds: int) -> None:
    due = next_due(NOON + seconds * SECOND)
    assert due in {NOON + GRACE, NOON + HOUR + GRACE}
    assert timedelta(0) < due - (NOON + seconds * SECOND) <= HOUR


def test_a_late_row_counts_at_once_and_is_rolled_up_with_its_whole_hour(
    tmp_path: Path, store: EmbeddedStore
) -> None:
    take(store, *(told(NOON + n * MINUTE, n) for n in range(60)))
    roll_up(tmp_path, NOON + 2 * HOUR)
    take(store, told(NOON + 90 * SECOND, 99, late=3 * 24 * HOUR))
    before = samples(store, NOON, 1, HOUR)
    assert [(s.max, s.last, s.count) for s in before] == [(99, 59, 61)]
    assert roll_up(tmp_path, NOON + 4 * 24 * HOUR) == 1
    assert samples(store, NOON, 1, HOUR) == before
    assert samples(store, NOON, 1, MINUTE)[1].count == 2


def test_a_roller_that_is_killed_does_it_again_and_changes_nothing(
    tmp_path: Path, store: EmbeddedStore
) -> None:
    class Killed(BaseException):
        pass

    take(store, *(told(NOON + n * 20 * SECOND, n % 9) for n in range(700)))
    expected = samples(store, NOON, 5, 10 * MINUTE)
    for breaths in range(12):
        left = iter(range(breaths))

        def breathe(left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Killed

        with closing(RollFiles(tmp_path)) as files, suppress(Killed):
            Roller(tmp_path, files, breathe).run_once(NOON + 3 * HOUR + GRACE)
        assert samples(store, NOON, 5, 10 * MINUTE) == expected
    assert hours_done(tmp_path) == 3
    (mark,) = read_marks(tmp_path).files.values()
    assert mark.row == 540


def test_a_day_file_from_an_older_backup_is_rolled_up_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    with closing(EmbeddedStore(tmp_path, clock)) as store:
        take(store, *(told(NOON + n * MINUTE, 1) for n in range(30)))
    old = (tmp_path / "2026-11-20.db").read_bytes()
    with closing(EmbeddedStore(tmp_path, clock)) as store:
        take(store, *(told(NOON + (30 + n) * MINUTE, 2) for n in range(30)))
    roll_up(tmp_path, NOON + 2 * HOUR)
    (tmp_path / "2026-11-20.db").write_bytes(old)
    with closing(EmbeddedStore(tmp_path, clock)) as store:  # its rows 31 … are given once more
        take(store, *(told(NOON + (90 + n) * MINUTE, 3) for n in range(40)))
        assert sum(s.count for s in samples(store, NOON, 3, HOUR)) == 70
        roll_up(tmp_path, NOON + 4 * HOUR)
        assert [(s.last, s.count) for s in samples(store, NOON, 3, HOUR)] == [
            (1, 30),
            (3, 30),
            (3, 10),
        ]


def test_history_stays_readable_when_its_rows_are_gone(
    tmp_path: Path, store: EmbeddedStore
) -> None:
    take(store, *(told(NOON + n * 20 * SECOND, n % 50) for n in range(540)))
    roll_up(tmp_path, NOON + 4 * HOUR)
    expected = {step: samples(store, NOON, 3, step) for step in (MINUTE, 10 * MINUTE, HOUR)}
    with closing(RollFiles(tmp_path)) as files:
        files.raw_from(micros(NOON + 12 * HOUR) // HOUR_US)
    with closing(sqlite3.connect(tmp_path / "2026-11-20.db")) as connection, connection:
        connection.execute("DELETE FROM sample")
    assert {step: samples(store, NOON, 3, step) for step in expected} == expected
    odd = samples(store, NOON + 17 * SECOND, 2, 10 * MINUTE)  # a cut minute counts where it begins
    assert [s.count for s in odd] == [30] * 12
    fine = samples(store, NOON, 1, 20 * SECOND)
    assert {s.count for s in fine} == {3}
    assert len(fine) == 60


def test_an_hour_whose_rows_are_gone_is_not_rolled_up_from_what_is_left(
    tmp_path: Path, store: EmbeddedStore
) -> None:
    take(store, *(told(NOON + n * MINUTE, n) for n in range(60)))
    roll_up(tmp_path, NOON + 2 * HOUR)
    with closing(RollFiles(tmp_path)) as files:
        files.raw_from(micros(NOON + 12 * HOUR) // HOUR_US)
    with closing(sqlite3.connect(tmp_path / "2026-11-20.db")) as connection, connection:
        connection.execute("DELETE FROM sample WHERE id > 10")
    store.write([told(NOON + MINUTE, 50, late=24 * HOUR)])
    roll_up(tmp_path, NOON + 48 * HOUR)
    assert [(s.count, s.last) for s in samples(store, NOON, 1, HOUR)] == [(60, 59)]


@pytest.mark.parametrize("seed", range(12))
def test_any_window_at_any_time_is_what_the_rows_say(
    tmp_path: Path, store: EmbeddedStore, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  (a seeded story)
    points: list[Point] = []
    now = NOON
    for _ in range(60):
        now += timedelta(seconds=chance.choice([5, 300, 1200, 5000]))
        some = []
        for _ in range(chance.randrange(1, 12)):
            late = chance.choice([0, 0, 0, 2, 600, 9000, 500_000])
            at = now - timedelta(seconds=late * chance.random())
            lift, floor = chance.choice("LM"), chance.randrange(-2, 30)
            some.append(Point(lift, now, at, {"floor": floor, "trips": chance.randrange(99)}))
        take(store, *some)
        points += some
        if chance.random() < 0.2:
            roll_up(tmp_path, now)
        step = timedelta(seconds=chance.choice([1, 30, 60, 90, 600, 3600, 7200, 5000]))
        start = (now - timedelta(seconds=chance.randrange(1, 90_000))).replace(microsecond=0)
        if chance.random() < 0.7:
            start = start.replace(minute=0, second=0)
        end = start + step * chance.randrange(1, 40)
        window = Window(chance.choice("LM"), chance.choice(["floor", "trips"]), start, end, step)
        in_order = sorted(points, key=lambda p: (p.device_at, p.received_at))
        values = [
            (micros(p.device_at), float(p.fields[window.field]))
            for p in in_order
            if p.lift == window.lift
        ]
        found, expected = store.window(window).points, aggregate(values, window).points
        assert [replace(s, mean=None) for s in found] == [replace(s, mean=None) for s in expected]
        assert [s.mean for s in found] == pytest.approx([s.mean for s in expected])


def test_months_and_years_stand_in_files_of_their_own(tmp_path: Path, store: EmbeddedStore) -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    take(store, told(new_year, 1))
    take(store, told(new_year + HOUR, 2))
    roll_up(tmp_path, new_year + 3 * HOUR)
    assert minutes_file(tmp_path, micros(new_year) // HOUR_US).name == "2026-12.db"
    found = {p.name for p in (tmp_path / "rollup").rglob("*.db")}
    assert found == {"rolled.db", "2026-12.db", "2027-01.db", "2026.db", "2027.db"}
    assert [s.last for s in samples(store, new_year - HOUR / 2, 4, HOUR)] == [1, 2]
