"""Rows handed off by other processes: none lost, none twice, none held up by another."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from structlog.testing import capture_logs

from alerts import queries
from alerts.alarm import AlarmState
from alerts.follower import ALL_EVERY, TRIES, Follower, rows_seen
from alerts.model import Alarm
from core import handoff, journal
from core.clock import SystemClock
from core.db import Database
from core.errors import Unavailable
from core.journal import Subject
from devices.findings import ConditionCleared, ConditionRaised, Finding, Severity, encode, row_id
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Batch
from tests.support.parts import running
from tests.support.rescue import START, Rescue
from tests.support.wait import wait_until

DAY1, DAY2 = "2026-11-23.db", "2026-11-24.db"


def raised(event_id: str) -> ConditionRaised:
    return ConditionRaised(
        event_id=event_id,
        subject_kind="lift",
        subject="235274",
        code="door.open_too_long",
        severity=Severity.MINOR,
        since=START,
    )


def cleared(event_id: str) -> ConditionCleared:
    return ConditionCleared(
        event_id=event_id, subject_kind="lift", subject="235274", code="x", at=START
    )


@contextmanager
def owner(file: Path) -> Iterator[sqlite3.Connection]:
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        handoff.create(connection)
        yield connection
    finally:
        connection.close()


def hand_off(file: Path, *found: Finding) -> None:
    with owner(file) as connection:
        for each in found:
            handoff.append(connection, event_id=row_id(each), at=START, payload=encode(each))


def alarms(rescue: Rescue) -> dict[str, Alarm]:
    return {a.event_id: a for a in rescue.database.read(queries.open_alarms)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "telemetry" / "0"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def follower(rescue: Rescue, folder: Path) -> Follower:
    sources = {"telemetry/0": folder, "video": folder.parent / "handoff.db"}
    return Follower(rescue.database, sources, rescue.policies, rescue.clock)


def test_a_row_in_an_earlier_file_is_not_lost(
    rescue: Rescue, follower: Follower, folder: Path
) -> None:
    hand_off(folder / DAY1, raised("a"))
    hand_off(folder / DAY2, raised("b"))
    assert follower.run_once() == 2
    hand_off(folder / DAY1, raised("late"))
    rescue.clock.advance(ALL_EVERY)
    assert follower.run_once() == 1
    assert set(alarms(rescue)) == {"a", "b", "late"}


def test_a_machine_whose_clock_was_set_back_over_midnight_loses_nothing(
    rescue: Rescue, follower: Follower, folder: Path
) -> None:
    rescue.clock.advance(timedelta(hours=24, minutes=5))
    for event_id in ("before", "after"):
        store = EmbeddedStore(folder, rescue.clock)  # the telemetry process starts
        store.commit(Batch(rescue.clock.now(), [], [raised(event_id)], [], {}))
        store.close()
        rescue.clock.advance(timedelta(seconds=3))
        follower.run_once()
        rescue.clock.advance(-timedelta(minutes=30))  # … and once more, half an hour earlier
    assert [file.name for file in handoff.files(folder)] == [DAY1, DAY2]
    rescue.clock.advance(timedelta(hours=1))
    follower.run_once()
    assert set(alarms(rescue)) == {"before", "after"}


def test_what_ends_is_applied_after_what_began_in_yesterdays_file(
    rescue: Rescue, follower: Follower, folder: Path
) -> None:
    hand_off(folder / DAY1, raised("a"))
    follower.run_once()
    hand_off(folder / DAY1, raised("b"))  # the last row before midnight …
    hand_off(folder / DAY2, cleared("b"))  # … and the first after it, seen in one look
    assert follower.run_once() == 2
    assert alarms(rescue)["b"].state is AlarmState.CLEARED


def test_a_locked_file_makes_its_source_wait_and_no_other(
    rescue: Rescue, follower: Follower, folder: Path
) -> None:
    hand_off(folder / DAY1, raised("telemetry"))
    with owner(folder.parent / "handoff.db") as video, capture_logs() as lines:
        video.execute("BEGIN EXCLUSIVE")  # as a rollback journal does while it commits
        handoff.append(video, event_id="v", at=START, payload=encode(raised("v")))
        assert [follower.run_once() for _ in range(3)] == [1, 0, 0]
        assert [line["event"] for line in lines] == ["part_in_trouble"]
        assert lines[0]["source"] == "video"
        video.execute("COMMIT")
        assert follower.run_once() == 1
        assert lines[-1]["event"] == "part_goes_on"
    assert set(alarms(rescue)) == {"telemetry", "v"}


def test_a_half_made_file_is_waited_for(rescue: Rescue, follower: Follower, folder: Path) -> None:
    hand_off(folder / DAY1, raised("a"))
    (folder / DAY2).touch()  # opened by its owner, nothing written yet
    with closing(sqlite3.connect(folder / "2026-11-25.db")) as other, other:
        other.execute("CREATE TABLE sample (id INTEGER)")  # its hand-off table comes next
    other.close()
    with capture_logs() as lines:
        assert follower.run_once() == 1
        hand_off(folder / DAY2, raised("b"))
        hand_off(folder / "2026-11-25.db", raised("c"))
        rescue.clock.advance(ALL_EVERY)
        assert follower.run_once() == 2
    assert lines == []


def test_a_broken_file_is_told_once_and_holds_up_nothing(
    rescue: Rescue, follower: Follower, folder: Path
) -> None:
    (folder / DAY1).write_bytes(b"no database " * 1000)
    with capture_logs() as lines:
        hand_off(folder / DAY2, raised("a"))
        for _ in range(3):
            follower.run_once()
            rescue.clock.advance(ALL_EVERY)
    assert set(alarms(rescue)) == {"a"}
    assert [line["event"] for line in lines].count("part_in_trouble") == 1


def test_a_file_that_came_back_is_another_file(
    rescue: Rescue, follower: Follower, folder: Path
) -> None:
    hand_off(folder / DAY1, raised("a"), raised("b"))
    hand_off(folder / DAY2, raised("c"))
    follower.run_once()
    (folder / DAY1).unlink()  # retention
    rescue.clock.advance(ALL_EVERY)
    follower.run_once()
    assert rescue.database.read(lambda c: rows_seen(c, "telemetry/0")) == {DAY2: 1}
    hand_off(folder / DAY1, raised("d"), raised("e"))
    rescue.clock.advance(ALL_EVERY)
    assert follower.run_once() == 2
    assert set(alarms(rescue)) == {"a", "b", "c", "d", "e"}


def test_a_long_backlog_is_applied_in_its_order(
    rescue: Rescue, follower: Follower, folder: Path
) -> None:
    many = [raised(f"e{n}") for n in range(handoff.BATCH + 5)]
    hand_off(folder / DAY1, *many)
    hand_off(folder / DAY2, *[cleared(each.event_id) for each in many])
    with running(Follower(rescue.database, {"t": folder}, rescue.policies, SystemClock()).run):
        wait_until(
            lambda: {a.state for a in alarms(rescue).values()} == {AlarmState.CLEARED},
            what="every alarm raised and cleared",
            timeout_s=30,
        )
    assert len(alarms(rescue)) == len(many)


def test_a_row_that_breaks_us_is_tried_and_then_passed_over(
    rescue: Rescue, follower: Follower, folder: Path
) -> None:
    def refuse_one(connection: Connection) -> None:  # as a fault of ours would
        connection.execute(
            text(
                "CREATE TRIGGER fault BEFORE INSERT ON alarm WHEN NEW.event_id = 'bad'"
                " BEGIN SELECT RAISE(ABORT, 'no such luck'); END"
            )
        )

    rescue.database.write(refuse_one)
    hand_off(folder / DAY1, raised("bad"), raised("good"))
    hand_off(folder.parent / "handoff.db", raised("video"))
    with capture_logs() as lines:
        applied = [follower.run_once() for _ in range(TRIES)]
    assert applied == [1, 0, 0, 0, 2]
    assert set(alarms(rescue)) == {"good", "video"}
    assert [line["event"] for line in lines] == ["part_in_trouble", "part_goes_on"]
    chain = Subject("handoff", "telemetry/0")
    (told,) = rescue.database.read(lambda c: journal.history(c, chain))
    assert told.entry.facts["event_id"] == "bad"
    assert "no such luck" in str(told.entry.facts["error"])


def test_a_database_that_is_busy_passes_no_row_over(rescue: Rescue, folder: Path) -> None:
    hand_off(folder / DAY1, raised("a"))
    url, brief = f"sqlite:///{rescue.database.path}", timedelta(milliseconds=1)
    with Database(url, busy_for=brief) as ours:
        follower = Follower(ours, {"t": folder}, rescue.policies, rescue.clock)
        other = sqlite3.connect(rescue.database.path, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(TRIES + 1):
                with pytest.raises(Unavailable):
                    follower.run_once()
            other.execute("ROLLBACK")
        finally:
            other.close()
        assert follower.run_once() == 1
    assert set(alarms(rescue)) == {"a"}
