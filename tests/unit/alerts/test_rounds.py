"""The long-running parts on real threads: they stop, they go on, they say a thing once."""

import threading
from collections.abc import Callable, MutableMapping
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, event, update
from structlog.testing import capture_logs

from alerts import outbox, queries, store, tables
from alerts.courier import Courier
from alerts.engine import Engine
from alerts.follower import Follower
from alerts.model import NoticeState
from alerts.notify.port import FailedSend, Outgoing, Sent
from alerts.rounds import go_round
from core.clock import ManualClock, SystemClock
from core.db import Database
from core.errors import Unavailable
from tests.support.parts import running
from tests.support.rescue import START, Rescue
from tests.support.wait import wait_until

Lines = list[MutableMapping[str, Any]]  # structlog's own type


class Desk:
    """A sender that keeps what it was given; `broken` makes it raise."""

    longest = timedelta(seconds=1)

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.broken = ""

    def send(self, notice: Outgoing) -> Sent | FailedSend:
        if self.broken:
            raise RuntimeError(self.broken)
        self.seen.append(notice.key)
        return Sent()


def test_trouble_is_told_once_and_so_is_its_end() -> None:
    clock, stop, calls = ManualClock(START), threading.Event(), 0
    pauses: list[float] = []

    def work() -> int:
        nonlocal calls
        calls += 1
        pauses.append(clock.monotonic())
        if calls <= 4:
            raise Unavailable("the disk is full" if calls < 4 else "the database is busy")
        if calls == 6:
            stop.set()
        return 0

    with capture_logs() as lines:
        go_round("sample", work, stop, clock, rest=timedelta(seconds=1))
    told = [(line["event"], line["log_level"]) for line in lines]
    assert told == [("part_in_trouble", "error")] * 2 + [("part_goes_on", "info")]
    assert all(line["part"] == "sample" for line in lines)
    assert calls == 6
    assert pauses[-1] - pauses[-2] == pytest.approx(1)  # a rest, once all is well
    assert all(b > a for a, b in pairwise(pauses))


def test_a_part_with_much_to_do_does_not_rest() -> None:
    clock, stop, left = ManualClock(START), threading.Event(), [3, 3, 1]

    def work() -> int:
        if not left:
            stop.set()
            return 0
        return left.pop(0)

    go_round("sample", work, stop, clock, rest=timedelta(hours=1), much=3)
    assert clock.monotonic() == 3600


def parts(rescue: Rescue) -> dict[str, Callable[[threading.Event], None]]:
    clock = SystemClock()
    return {
        "engine": Engine(rescue.database, rescue.policies, clock).run,
        "follower": Follower(rescue.database, {}, rescue.policies, clock).run,
        "courier": Courier(rescue.database, {"log": Desk()}, clock).run,
    }


@pytest.mark.parametrize("name", ["engine", "follower", "courier"])
def test_every_part_stops_promptly(rescue: Rescue, name: str) -> None:
    with running(parts(rescue)[name]) as thread:
        assert thread.is_alive()
    assert not thread.is_alive()


def refuse_reads(database: Database, message: str) -> Callable[[], None]:
    """Let every read fail, as a bad disk would; answers how to end it."""

    def began(_: Connection) -> None:
        raise OSError(message)

    event.listen(database._readers, "begin", began)
    return lambda: event.remove(database._readers, "begin", began)


def test_the_engine_survives_a_failing_database_and_then_does_what_was_due(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    rescue.clock.advance(timedelta(minutes=3))
    heal = refuse_reads(rescue.database, "input/output error")
    clock = SystemClock()  # its now is after every deadline of the incident
    with capture_logs() as lines, running(Engine(rescue.database, rescue.policies, clock).run):
        wait_until(lambda: lines, what="the trouble told")
        heal()
        wait_until(lambda: "part_goes_on" in [e["event"] for e in lines], what="the end told")
        wait_until(
            lambda: "answer/1" in rescue.incident(number).taken_steps, what="the overdue rung"
        )
    assert [line["event"] for line in lines] == ["part_in_trouble", "part_goes_on"]


def spoil(rescue: Rescue, number: str, policy: object) -> object:
    """Write a policy snapshot into an incident; answers the one before."""

    def work(connection: Connection) -> object:
        c = tables.incident.c
        before = connection.execute(tables.incident.select().where(c.id == number)).one().policy
        connection.execute(update(tables.incident).where(c.id == number).values(policy=policy))
        return before

    return rescue.database.write(work)


def test_an_incident_that_cannot_be_settled_holds_up_no_other_and_is_not_forgotten(
    rescue: Rescue,
) -> None:
    bad = rescue.open("a").incident_id
    rescue.clock.advance(timedelta(minutes=31))
    rescue.engine.run_once()
    before = spoil(rescue, bad, {"answers_s": 3})
    with capture_logs() as lines:
        for _ in range(400):
            rescue.tick(seconds=0.25)
    assert [line["event"] for line in lines].count("part_in_trouble") <= 1
    rescue.clock.advance(timedelta(minutes=60))
    with capture_logs() as lines:
        tried = sum(rescue.engine.run_once() for _ in range(3))
    assert tried == 1  # later each time, not with every round
    assert len(lines) == 1
    spoil(rescue, bad, before)
    rescue.tick(seconds=31)
    assert "not_freed/1" in rescue.incident(bad).taken_steps


def test_the_courier_survives_a_sender_that_raises(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    desk = Desk()
    desk.broken = "no wire"
    courier = Courier(rescue.database, {"log": desk}, rescue.clock)
    with capture_logs() as lines:
        for _ in range(3):
            courier.run_once()
            rescue.clock.advance(timedelta(minutes=3))
        desk.broken = ""
        courier.run_once()
    assert [line["event"] for line in lines] == ["part_in_trouble"]
    (kept,) = rescue.database.read(lambda c: queries.incident(c, number)).notices
    assert (kept.state, kept.attempts, kept.last_error) == (NoticeState.SENT, 4, "RuntimeError")
    assert desk.seen == [kept.key]


def test_a_notice_claimed_by_a_killed_courier_is_sent_by_the_next_one(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    now = rescue.clock.now()
    where = outbox.Destination("log", "000-0001")
    assert rescue.database.write(lambda c: outbox.claim_next(c, where, now))  # … and killed then
    desk = Desk()
    assert Courier(rescue.database, {"log": desk}, rescue.clock).run_once() == 1
    (kept,) = rescue.database.read(lambda c: store.notices(c, number))
    assert (desk.seen, kept.state) == ([kept.key], NoticeState.SENT)


def test_an_idle_courier_takes_no_write_lock(rescue: Rescue) -> None:
    courier = Courier(rescue.database, {"log": Desk()}, rescue.clock)
    courier.run_once()
    begun: list[str] = []
    event.listen(rescue.database._writer, "begin", lambda _: begun.append("begin"))
    courier.run_once()
    assert begun == []
