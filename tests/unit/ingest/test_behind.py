"""A lane that reads on while a commit is behind it promises what one does that waits."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from ingest.behind import READ_AHEAD
from ingest.lane import Delivery
from ingest.latest import LatestReader
from ingest.timeseries.port import Batch
from tests.support.rescue import START
from tests.support.telemetry import ListedBroker, Room

BATCHES = 4
STEP = timedelta(milliseconds=20)  # of one take: no flush is due in most of them


class Stream(ListedBroker):
    """Hands out each delivery once, a batch a take, as a connection does; tells when it is dry."""

    def __init__(self, clock: ManualClock, size: int = READ_AHEAD) -> None:
        super().__init__(clock)
        self.size = size
        self.handed = 0
        self.at_take: Callable[[int], None] = lambda _: None
        self.acknowledged: list[int] = []
        self.stop = threading.Event()

    def take(self, limit: int, timeout: timedelta) -> list[Delivery]:
        del limit, timeout
        self._clock.advance(STEP)
        start = self.handed - len(self.acknowledged)
        fresh = self.held[start : start + self.size]
        self.handed += len(fresh)
        self.at_take(self.handed // self.size)
        if not fresh and not self.held:
            self.stop.set()
        return fresh

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        super().acknowledge(deliveries)
        self.acknowledged += [each.mid for each in deliveries]


class Gate:
    """Holds a store's commits until it is opened; tells what was committed."""

    def __init__(self, room: Room) -> None:
        self.commits: list[int] = []
        self.opened = threading.Event()
        self.opened.set()
        self._commit = room.store.commit
        room.store.commit = self.commit  # type: ignore[method-assign]

    def commit(self, batch: Batch) -> int:
        assert self.opened.wait(10)
        shed = self._commit(batch)
        self.commits.append(len(batch.points))
        return shed


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    clock = ManualClock(START)
    with Room(tmp_path, clock=clock, broker=Stream(clock)) as room:
        told(room)
        yield room


def told(room: Room) -> Stream:
    broker = room.broker
    assert isinstance(broker, Stream)
    for n in range(BATCHES * broker.size):
        room.say(floor=n % 7)
    return broker


def test_the_next_batch_is_read_while_a_commit_waits_and_none_is_told_too_early(
    room: Room,
) -> None:
    broker, gate = room.broker, Gate(room)
    assert isinstance(broker, Stream)
    told_at: list[tuple[int, int, int]] = []

    def at_take(batch: int) -> None:
        told_at.append((batch, len(gate.commits), len(broker.acknowledged) // broker.size))
        if batch == 2:  # the first commit began before the second take, and has not ended
            gate.opened.clear()
            threading.Timer(0.05, gate.opened.set).start()

    broker.at_take = at_take
    room.lane.run(broker.stop)
    assert broker.acknowledged == sorted(broker.acknowledged)
    assert len(broker.acknowledged) == BATCHES * broker.size
    for read, committed, acknowledged in told_at:
        assert acknowledged <= committed
        assert read <= acknowledged + 2  # one behind, and the one that is read
    assert any(read == acknowledged + 2 for read, _, acknowledged in told_at)
    assert len(room.store.last_points("100001", 10_000)) == sum(gate.commits)


def test_a_commit_that_fails_behind_is_tried_until_it_is_safe_in_order(room: Room) -> None:
    broker = room.broker
    assert isinstance(broker, Stream)
    room.store.failures_before = 5
    room.lane.run(broker.stop)
    assert broker.acknowledged == sorted(broker.acknowledged)
    assert broker.held == []
    floors = [point.fields["floor"] for point in room.points()]
    assert floors == [n % 7 for n in range(BATCHES * broker.size)][-1000:]


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_what_was_behind_when_told_to_stop_looks_taken_to_nobody(
    tmp_path: Path, batch: int
) -> None:
    clock = ManualClock(START)
    broker = Stream(clock)
    first = Room(tmp_path, clock=clock, broker=broker)
    told(first)

    def at_take(taken: int) -> None:
        if taken == batch:  # the commit of the batch before may be behind
            first.store.failures_before = 1_000_000
        if taken > batch:
            broker.stop.set()

    class StopsAfterAMinute(ManualClock):
        def wait(self, event: threading.Event, duration: timedelta) -> bool:
            if self.now() > START + timedelta(minutes=1):
                broker.stop.set()
            return super().wait(event, duration)

    broker.at_take = at_take
    first.lane._clock = StopsAfterAMinute(START)
    first.lane.run(broker.stop)
    kept = len(broker.acknowledged)
    assert kept in {(batch - 1) * broker.size, batch * broker.size}
    shown = LatestReader(tmp_path / "latest").lift("100001")
    if shown is not None:
        newest = first.store.last_points("100001", 1)
        assert newest
        assert shown.device_at <= newest[0].device_at
    again = Stream(clock)
    again.held = broker.held
    again._numbers = broker._numbers
    first.broker = again
    second = first.restart()
    second.lane.run(again.stop)
    stored = second.store.last_points("100001", 10_000)
    assert len(stored) == BATCHES * broker.size
    assert len({point.seq for point in stored}) == len(stored)
    second.close()


def test_small_batches_are_made_safe_one_after_the_other(tmp_path: Path) -> None:
    clock = ManualClock(START)
    broker = Stream(clock, size=READ_AHEAD - 1)
    with Room(tmp_path, clock=clock, broker=broker) as room:
        told(room)
        waiting: list[int] = []
        broker.at_take = lambda _: waiting.append(broker.handed - len(broker.acknowledged))
        room.lane.run(broker.stop)
        assert max(waiting) == broker.size
        assert len(broker.acknowledged) == BATCHES * broker.size
