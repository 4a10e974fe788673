"""What waits for a store elsewhere: in order, once, within its room."""

import math
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from core.clock import ManualClock
from core.errors import Unavailable
from devices.findings import ConditionRaised, Severity
from ingest.quarantine import QuarantineReader
from ingest.timeseries import spool
from ingest.timeseries.crowding import Budget
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.drain import Drainer
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Batch, Point, Refusal, WriteRefused
from ingest.timeseries.spool import DrainMarks, SpoolRows

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOM = 1_000_000


class Elsewhere(EmbeddedStore):
    """A store that can be away, and that refuses what is heavier than a lift can be."""

    away = False

    def write(self, points: Sequence[Point]) -> None:
        if self.away:
            raise Unavailable("away", reason="down")
        super().write([p for p in points if p.fields["load_kg"] != 9999])
        refused = [Refusal(p, "too heavy") for p in points if p.fields["load_kg"] == 9999]
        if refused:
            raise WriteRefused(refused)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "telemetry"


@pytest.fixture
def writer(folder: Path, clock: ManualClock) -> Iterator[DayFiles]:
    with closing(DayFiles(folder, clock, SpoolRows(folder, budget=ROOM))) as files:
        yield files


@pytest.fixture
def elsewhere(tmp_path: Path, clock: ManualClock) -> Iterator[Elsewhere]:
    with closing(Elsewhere(tmp_path / "elsewhere", clock)) as store:
        yield store


@pytest.fixture
def marks(folder: Path, writer: DayFiles) -> Iterator[DrainMarks]:
    with closing(DrainMarks(folder)) as kept:
        yield kept


def batch(clock: ManualClock, number: int, first: int = 0, load: float = 75) -> Batch:
    now = clock.now()
    return Batch(
        now,
        [
            Point("100001", now, now, {"load_kg": load}, "status", "G1", seq, "b1")
            for seq in range(first, first + number)
        ],
    )


def stored(store: EmbeddedStore) -> int:
    return sum(store.counts(NOON.date(), (NOON + timedelta(days=9)).date()).values())


def test_what_waits_is_told_and_drains_in_order(
    writer: DayFiles, marks: DrainMarks, elsewhere: Elsewhere, clock: ManualClock, folder: Path
) -> None:
    writer.commit(batch(clock, 3))
    clock.advance(timedelta(days=1))  # another file
    writer.commit(batch(clock, 4, first=3))
    left = spool.waiting(folder)
    assert (left.points, left.oldest_at) == (7, NOON)
    assert left.bytes > 0
    drainer = Drainer(folder, elsewhere, clock)
    assert [drainer.run_once(marks) for _ in range(3)] == [3, 4, 0]
    assert spool.waiting(folder) == spool.Waiting()
    assert stored(elsewhere) == 7


def test_a_store_that_is_away_loses_nothing(
    writer: DayFiles, marks: DrainMarks, elsewhere: Elsewhere, clock: ManualClock, folder: Path
) -> None:
    writer.commit(batch(clock, 3))
    elsewhere.away = True
    drainer = Drainer(folder, elsewhere, clock)
    with pytest.raises(Unavailable):
        drainer.run_once(marks)
    assert spool.waiting(folder).points == 3
    elsewhere.away = False
    assert drainer.run_once(marks) == 3
    assert stored(elsewhere) == 3


@pytest.mark.parametrize("days_later", [0, 3], ids=["of today", "of a past day"])
def test_what_the_store_refuses_keeps_within_the_budget_of_its_day(
    writer: DayFiles, elsewhere: Elsewhere, clock: ManualClock, folder: Path, days_later: int
) -> None:
    writer.commit(batch(clock, 2_000, load=9999))
    if days_later:
        clock.advance(timedelta(days=days_later))
        writer.commit(batch(clock, 1, first=2_000))
    with closing(DrainMarks(folder, quarantine=Budget(rows=100))) as kept:
        assert Drainer(folder, elsewhere, clock).run_once(kept) == 2_000
    reader = QuarantineReader(folder)
    assert reader.counts() == {spool.REFUSED: 100}
    assert reader.crowded_out() == 1_900
    newest = spool.refused_point(reader.list(1)[0].raw)
    assert newest is not None
    assert newest.seq == 1_999


def test_a_day_file_of_a_version_before_counts_what_it_keeps_when_it_is_first_added_to(
    writer: DayFiles, elsewhere: Elsewhere, clock: ManualClock, folder: Path
) -> None:
    writer.commit(batch(clock, 5, load=9999))
    with closing(sqlite3.connect(folder / "2026-11-23.db")) as file:
        file.executescript(
            "DROP TRIGGER quarantine_grew; DROP TRIGGER quarantine_shrank;"
            "DROP TABLE quarantine_size"
        )
    with closing(DrainMarks(folder, quarantine=Budget(rows=2))) as kept:
        Drainer(folder, elsewhere, clock).run_once(kept)
    assert QuarantineReader(folder).counts() == {spool.REFUSED: 2}


def test_what_was_written_but_not_marked_is_written_again_and_doubles_nothing(
    writer: DayFiles, marks: DrainMarks, elsewhere: Elsewhere, clock: ManualClock, folder: Path
) -> None:
    writer.commit(batch(clock, 3))
    load = spool.next_load(folder, 99)
    assert load is not None
    elsewhere.write(load.points)  # and killed before the mark
    writer.commit(batch(clock, 2, first=3))
    assert Drainer(folder, elsewhere, clock).run_once(marks) == 5
    assert stored(elsewhere) == 5


def test_refused_points_are_kept_once_with_the_words_and_the_rest_is_stored(
    writer: DayFiles, marks: DrainMarks, elsewhere: Elsewhere, clock: ManualClock, folder: Path
) -> None:
    writer.commit(batch(clock, 2))
    writer.commit(batch(clock, 1, first=2, load=9999))
    load = spool.next_load(folder, 99)
    assert load is not None
    marks._quarantine(load, [Refusal(load.points[2], "too heavy")])  # and killed
    writer.commit(batch(clock, 1, first=3, load=9999))
    assert Drainer(folder, elsewhere, clock).run_once(marks) == 4
    assert stored(elsewhere) == 2
    kept = QuarantineReader(folder).list(9)
    assert [(each.reason, each.detail) for each in kept] == [("history_refused", "too heavy")] * 2
    assert {each.topic for each in kept} == {"history/status/100001"}


def test_without_room_points_are_shed_and_findings_go_on(
    folder: Path, clock: ManualClock, elsewhere: Elsewhere
) -> None:
    with (
        closing(DayFiles(folder, clock, SpoolRows(folder, budget=300))) as writer,
        closing(DrainMarks(folder)) as marks,
    ):
        assert writer.commit(batch(clock, 3)) == 0
        shed = [writer.commit(batch(clock, 3, first=n * 3)) for n in range(1, 9)]
        assert shed[-1] == 3
        found = ConditionRaised(
            event_id="e1",
            subject_kind="lift",
            subject="100001",
            code="trapped",
            severity=Severity.CRITICAL,
            since=NOON,
            device_at=NOON,
        )
        full = batch(clock, 3, first=90)
        assert writer.commit(Batch(full.at, full.points, [found])) == 3
        before = spool.waiting(folder)
        assert 0 < before.bytes <= 300
        assert Drainer(folder, elsewhere, clock).run_once(marks) == before.points
        clock.advance(timedelta(seconds=2))
        assert writer.commit(batch(clock, 3, first=96)) == 0
        assert sum(shed) + before.points == 27


def test_a_restart_knows_the_points_of_the_last_hour_and_older_rows_go(
    writer: DayFiles, marks: DrainMarks, elsewhere: Elsewhere, clock: ManualClock, folder: Path
) -> None:
    writer.commit(batch(clock, 3))
    Drainer(folder, elsewhere, clock).run_once(marks)
    clock.advance(timedelta(hours=1))
    writer.commit(batch(clock, 1, first=3))
    since = clock.now() - timedelta(minutes=1)
    assert [p.seq for p in writer.points_behind(writer.position_at(since))] == [3]
    assert [p.seq for p in writer.points_behind(writer.position_at(NOON))] == [0, 1, 2, 3]
    clock.advance(spool.RECALL)
    writer.commit(batch(clock, 1, first=4))
    assert [p.seq for p in writer.points_behind(writer.position_at(NOON))] == [3, 4]
    assert spool.waiting(folder).points == 2


def test_rows_that_were_not_drained_are_never_let_go(
    writer: DayFiles, marks: DrainMarks, clock: ManualClock, folder: Path
) -> None:
    writer.commit(batch(clock, 3))
    clock.advance(timedelta(days=3))
    writer.commit(batch(clock, 1, first=3))
    marks.tidy(clock.now())
    assert spool.waiting(folder).points == 4


def test_a_past_day_gives_its_room_back_once_it_is_drained(
    writer: DayFiles, marks: DrainMarks, elsewhere: Elsewhere, clock: ManualClock, folder: Path
) -> None:
    for n in range(10):
        heavy = batch(clock, 1000, first=1000 * n)
        weights = [
            structs.replace(p, fields={"load_kg": math.sqrt(p.seq or 0)}) for p in heavy.points
        ]
        writer.commit(Batch(heavy.at, weights))
    clock.advance(timedelta(days=1))
    writer.commit(batch(clock, 1, first=10_000))
    drainer = Drainer(folder, elsewhere, clock)
    while drainer.run_once(marks):
        pass
    file = folder / "2026-11-23.db"
    before = file.stat().st_size
    marks.tidy(clock.now())
    assert file.stat().st_size <= before / 2
    assert spool.waiting(folder).points == 0
    assert stored(elsewhere) == 10_001


def test_the_drainer_runs_until_it_is_told(
    writer: DayFiles, elsewhere: Elsewhere, clock: ManualClock, folder: Path
) -> None:
    writer.commit(batch(clock, 3))
    stop = threading.Event()

    class Stopping(Elsewhere):
        def expire(self, before: datetime) -> None:
            assert before == NOON - timedelta(days=30)
            stop.set()

    store = Stopping(elsewhere._folder, clock)
    Drainer(folder, store, clock, keep=timedelta(days=30)).run(stop)
    assert stored(elsewhere) == 3


def test_a_day_file_restored_from_before_its_marks_is_drained_on(
    folder: Path, clock: ManualClock, elsewhere: Elsewhere
) -> None:
    def opened() -> DayFiles:
        return DayFiles(folder, clock, SpoolRows(folder, budget=ROOM))

    with closing(opened()) as writer:
        writer.commit(batch(clock, 2))
    file = folder / "2026-11-23.db"
    backup = file.read_bytes()
    with closing(DrainMarks(folder)) as marks:
        drainer = Drainer(folder, elsewhere, clock)
        with closing(opened()) as writer:
            writer.commit(batch(clock, 2, first=2))
            writer.commit(batch(clock, 2, first=4))
            assert drainer.run_once(marks) == 6
        file.write_bytes(backup)
        with closing(opened()) as writer:
            writer.commit(batch(clock, 3, first=6))
            assert spool.waiting(folder).points == 3
            assert drainer.run_once(marks) == 3
            assert [p.seq for p in writer.points_behind(writer.position_at(NOON))] == [
                0,
                1,
                6,
                7,
                8,
            ]
    assert stored(elsewhere) == 9
