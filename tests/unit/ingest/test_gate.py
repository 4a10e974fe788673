"""A worker's gate: what is not its own is acknowledged and not shown; a mark stops it."""

from datetime import timedelta

from core.clock import ManualClock
from ingest.gate import MOST_AREAS, MOST_FOREIGN, AreaGate, mark_topic
from ingest.lane import Delivery
from ingest.shards import area_of
from tests.support.rescue import START
from tests.support.telemetry import ListedBroker

NONE = timedelta(0)
MARK = mark_topic("0")
OURS, THEIRS = "lift/v1/410100/G1/status", "lift/v1/410200/G2/status"


class House:
    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.broker = ListedBroker(self.clock)
        self.gate = AreaGate(self.broker, lambda topic: area_of(topic) != "410200", self.clock)
        self.ready = False
        self.asked = 0

    def passed(self) -> bool:
        self.asked += 1
        return self.ready

    def turn(self) -> list[str]:
        """The lane goes round once: take, make safe, acknowledge."""
        taken = self.gate.take(100, NONE)
        self.gate.acknowledge(taken)
        return [each.payload.decode() for each in taken]


def test_what_is_anothers_is_acknowledged_with_its_neighbours() -> None:
    house = House()
    for n, topic in enumerate((OURS, THEIRS, OURS, MARK)):
        house.broker.put(topic, str(n).encode())
    assert house.turn() == ["0", "2"]
    assert house.broker.held == []


def test_nothing_is_acknowledged_before_it_is_safe() -> None:
    house = House()
    house.broker.put(THEIRS, b"0")
    assert house.gate.take(100, NONE) == []
    assert len(house.broker.held) == 1


def test_what_was_heard_beside_comes_with_the_rest_and_is_acknowledged_to_nobody() -> None:
    house = House()
    stray = Delivery("lift/v1/999999/G1/status", b"stray", START, 0, 0, 0)
    heard = [stray]

    def beside() -> list[Delivery]:
        return [heard.pop()] if heard else []

    gate = AreaGate(house.broker, lambda _: True, house.clock, beside)
    house.broker.put(OURS, b"0")
    taken = gate.take(100, NONE)
    assert [each.payload for each in taken] == [b"0", b"stray"]
    gate.acknowledge(taken)
    assert house.broker.held == []
    assert gate.take(100, NONE) == []


def test_at_its_mark_the_gate_asks_once_all_before_it_is_safe_and_then_waits() -> None:
    house = House()
    house.gate.await_mark(MARK, b"7", house.passed)
    for topic, payload in ((OURS, b"a"), (MARK, b"6"), (OURS, b"b"), (MARK, b"7"), (OURS, b"c")):
        house.broker.put(topic, payload)
    taken = house.gate.take(100, NONE)
    assert [each.payload for each in taken] == [b"a", b"b"]
    assert house.asked == 0
    house.gate.acknowledge(taken)
    assert [each.payload for each in house.broker.held] == [b"c"]
    assert house.turn() == house.turn() == []
    assert house.asked == 2
    house.ready = True  # it was undone: what stood behind the mark comes now
    assert house.turn() == ["c"]
    assert house.turn() == []
    assert house.asked == 3


def test_at_its_mark_the_gate_waits_for_batches_that_are_not_yet_safe() -> None:
    house = House()
    house.ready = True
    house.gate.await_mark(MARK, b"7", house.passed)
    for topic, payload in ((OURS, b"a"), (MARK, b"7"), (OURS, b"c")):
        house.broker.put(topic, payload)
    behind = house.gate.take(100, NONE)
    early = house.gate.take(100, NONE)
    assert (early, house.asked) == ([], 0)
    house.gate.acknowledge(behind)
    house.gate.acknowledge(early)
    assert [each.payload for each in house.broker.held] == [b"c"]
    assert house.turn() == ["c"]
    assert house.asked == 1


def test_invented_devices_and_topics_are_not_remembered_without_end() -> None:
    house = House()
    for n in range(40_000):
        house.broker.put(f"lift/v1/410100/invented-{n}/status", b"a")
        house.broker.put(f"lift/v1/{n}/invented/status", b"b")
        house.broker.put(f"elsewhere/{n}", b"c")
    house.broker.put(THEIRS, b"d")
    assert len(house.gate.take(200_000, NONE)) == 120_000
    assert len(house.gate._areas) + len(house.gate._foreign) <= MOST_AREAS + MOST_FOREIGN
