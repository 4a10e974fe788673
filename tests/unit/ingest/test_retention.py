"""What of history may go, and what never does."""

import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core import handoff
from core.clock import ManualClock
from devices.judging import LiftMemory
from ingest.quarantine import QuarantineReader
from ingest.timeseries.dayfiles import DayFiles, day_files
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.free_space import LOOK, FreeSpace, free_bytes, short
from ingest.timeseries.keeper import Keeper
from ingest.timeseries.port import Answer, Batch, Point, Quarantined, Window
from ingest.timeseries.retention import (
    LEAST,
    DayFile,
    Gone,
    Keep,
    days_to_go,
    months_to_go,
)
from ingest.timeseries.rollfiles import RollFiles
from ingest.timeseries.spool import SpoolRows

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEEP = Keep(raw=14 * DAY, quarantine=30 * DAY, tight=2_000)
OLD = DayFile(date(2026, 11, 1), 500, rows=True, quarantined=False, settled=True, handed_off=True)


def gone(*files: DayFile, now: datetime = NOW, free: int = 10_000) -> Gone:
    return days_to_go(files, now, KEEP, free)


def test_a_day_goes_whole_when_its_time_is_over_and_everything_of_it_is_safe() -> None:
    assert gone(OLD) == Gone(files=(OLD.day,))
    assert gone(OLD).raw_from == datetime(2026, 11, 2, tzinfo=UTC)


def test_a_day_goes_fourteen_days_after_its_end_and_not_before() -> None:
    due = OLD.ends_at + 14 * DAY
    assert gone(OLD, now=due) == Gone(files=(OLD.day,))
    assert gone(OLD, now=due - timedelta(microseconds=1)) == Gone()


@pytest.mark.parametrize(
    ("kept", "answer"),
    [
        (replace(OLD, newest=True), Gone()),
        (replace(OLD, settled=False), Gone()),
        (replace(OLD, handed_off=False), Gone(rows=(OLD.day,))),
        (replace(OLD, quarantined=True), Gone(rows=(OLD.day,))),
        (replace(OLD, quarantined=True, rows=False), Gone()),
        (replace(OLD, handed_off=False, rows=False), Gone()),
    ],
    ids=["memories", "not rolled up", "not handed off", "refused", "only refused", "only findings"],
)
def test_what_somebody_still_needs_stays(kept: DayFile, answer: Gone) -> None:
    assert gone(kept, now=OLD.ends_at + 20 * DAY) == answer


def test_refused_messages_go_with_their_file_after_their_own_time() -> None:
    kept = replace(OLD, quarantined=True, rows=False)
    assert gone(kept, now=OLD.ends_at + 30 * DAY) == Gone(files=(OLD.day,))


def test_a_disk_short_of_room_lets_the_oldest_rows_go_early_and_no_more_than_it_must() -> None:
    days = [replace(OLD, day=date(2026, 11, n)) for n in (12, 13, 14, 15)]
    assert gone(*days) == Gone()
    assert gone(*days, free=1_400) == Gone(files=(days[0].day, days[1].day))


def test_rows_that_late_messages_may_still_need_stay_on_the_fullest_disk() -> None:
    young = replace(OLD, day=(NOW - LEAST).date())
    assert gone(young, free=0) == Gone()
    assert days_to_go([young], NOW, replace(KEEP, raw=DAY), free=10_000) == Gone()


@pytest.mark.parametrize(
    ("name", "age", "goes"),
    [
        ("2025-11", 366, False),
        ("2025-10", 366, True),
        ("2025", 300, True),
        ("2025", 366, False),
        ("2026", 1, False),
    ],
)
def test_roll_ups_go_by_month_and_year(name: str, age: int, goes: bool) -> None:  # noqa: FBT001
    assert (months_to_go([name], NOW, age * DAY) == [name]) is goes


class House:
    """A folder with the history of some days, and a keeper of it."""

    def __init__(self, folder: Path, start: datetime) -> None:
        self.folder = folder
        self.clock = ManualClock(start)
        self.store = EmbeddedStore(folder, self.clock)
        self.followed: Mapping[str, int] = {}
        self.keep = Keep(raw=14 * DAY, quarantine=30 * DAY, minutes=60 * DAY, hours=800 * DAY)

    def live(self, days: int, **also: object) -> None:
        for _ in range(days):
            now = self.clock.now()
            points = [Point("L", now, now - n * HOUR, {"floor": n}) for n in range(3)]
            self.store.commit(Batch(now, points, **also))  # type: ignore[arg-type]
            self.clock.advance(DAY)

    def keep_house(self) -> Gone:
        keeper = Keeper(self.folder, self.clock, self.keep, lambda: self.followed)
        with closing(RollFiles(self.folder)) as files:
            return keeper.run_once(files, self.clock.now(), threading.Event())

    def days(self) -> list[str]:
        return [file.stem for file in day_files(self.folder)]

    def floors(self) -> list[float | None]:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        found = self.store.window(Window("L", "floor", start, self.clock.now(), DAY)).points
        return [s.last for s in found]


def test_days_go_and_their_roll_ups_stay(tmp_path: Path) -> None:
    house = House(tmp_path, datetime(2026, 3, 1, 12, tzinfo=UTC))
    memory = {"L": LiftMemory(settled=True)}
    house.live(1, memories=memory)
    house.live(29)
    before = house.floors()
    assert len(house.keep_house().files) == 16
    assert house.days()[0] == "2026-03-17"
    assert house.floors() == before
    assert house.store.memories() == memory
    assert house.keep_house() == Gone()
    assert not list(tmp_path.glob("2026-03-0*"))


def test_a_day_with_findings_nobody_followed_loses_its_rows_alone(tmp_path: Path) -> None:
    house = House(tmp_path, datetime(2026, 3, 1, 12, tzinfo=UTC))
    house.live(1)
    refused = Quarantined("t", house.clock.now(), "unreadable", "", "", b"x")
    taken = Answer("door", 1, "stored", "", "", "", "")
    replayed = Answer("replay", 1, "refused", "unreadable", "", "", "2026-03-02/1")
    house.live(1, quarantined=[refused], answers=[taken, replayed])
    house.live(28)
    with closing(sqlite3.connect(tmp_path / "2026-03-01.db")) as connection, connection:
        handoff.append(connection, event_id="e", at=house.clock.now(), payload=b"{}")
    before = house.floors()
    gone = house.keep_house()
    assert gone.rows == (date(2026, 3, 1), date(2026, 3, 2))
    assert house.days()[:3] == ["2026-03-01", "2026-03-02", "2026-03-17"]
    assert house.floors() == before
    with closing(sqlite3.connect(tmp_path / "2026-03-02.db")) as connection:
        assert connection.execute("SELECT source FROM answer").fetchall() == [("replay",)]
    (kept,) = QuarantineReader(tmp_path).list(2)
    assert kept.answer == replayed  # as long as what it tells of
    assert len(handoff.after(tmp_path / "2026-03-01.db")) == 1
    assert house.keep_house() == Gone()
    house.followed = {"2026-03-01.db": 1}
    assert house.keep_house().files == (date(2026, 3, 1),)
    house.live(3)
    assert date(2026, 3, 2) in house.keep_house().files


def test_years_of_roll_ups_go_by_file(tmp_path: Path) -> None:
    house = House(tmp_path, datetime(2026, 3, 1, 12, tzinfo=UTC))
    house.live(2)
    house.keep_house()
    minutes, hours = tmp_path / "rollup/minutes/2026-03.db", tmp_path / "rollup/hours/2026.db"
    assert (minutes.exists(), hours.exists()) == (True, True)
    house.clock.advance(100 * DAY)
    house.keep_house()
    assert (minutes.exists(), hours.exists()) == (False, True)
    house.clock.advance(1100 * DAY)
    house.keep_house()
    assert not hours.exists()


def test_what_is_not_drained_stays(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    with closing(DayFiles(tmp_path, clock, SpoolRows(tmp_path, budget=10**6))) as store:
        for _ in range(2):
            now = clock.now()
            store.commit(Batch(now, [Point("L", now, now, {"floor": 1})]))
            clock.advance(DAY)
    clock.advance(100 * DAY)
    with closing(RollFiles(tmp_path)) as files:
        keeper = Keeper(tmp_path, clock, Keep(), dict)
        assert keeper.run_once(files, clock.now(), threading.Event()) == Gone()
    assert len(day_files(tmp_path)) == 2


def test_a_keeper_works_at_once_and_whenever_an_hour_is_over(tmp_path: Path) -> None:
    house = House(tmp_path, datetime(2026, 3, 1, 12, tzinfo=UTC))
    house.live(20)
    stop = threading.Event()
    turns: list[datetime] = []

    def followed() -> Mapping[str, int]:
        turns.append(house.clock.now())
        if len(turns) == 1:
            raise OSError("the database is away")
        if len(turns) == 4:
            stop.set()
        return {}

    Keeper(tmp_path, house.clock, house.keep, followed).run(stop)
    assert [turn.minute for turn in turns[2:]] == [1, 1]
    assert timedelta(minutes=1) <= turns[1] - turns[0] < timedelta(minutes=2)
    assert turns[3] - turns[2] == HOUR
    assert house.days()[0] == "2026-03-07"


def test_points_are_shed_below_the_floor_until_there_is_a_little_more(tmp_path: Path) -> None:
    assert [short(free, 100, was_short=False) for free in (99, 100)] == [True, False]
    assert [short(free, 100, was_short=True) for free in (109, 110)] == [True, False]
    clock = ManualClock(NOW)
    room = FreeSpace(tmp_path, clock, floor=0)
    assert room()
    assert not FreeSpace(tmp_path, clock, floor=free_bytes(tmp_path) * 2)()
    clock.advance(LOOK)
    assert room()
