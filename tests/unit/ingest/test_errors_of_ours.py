"""Whatever of ours fails in the midst of a batch: all of it is kept, once, and acknowledged after.

Numbering moves as a batch is read: a draft that were begun again would find duplicates alone.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from devices.directory import Directory
from devices.findings import ConditionRaised
from devices.model import Gateway
from devices.protocol.topics import Topic
from ingest.draft import Draft
from ingest.lane import Delivery
from ingest.silences import Silences
from tests.support.dialects import shipped, speaking
from tests.support.registry import sample_directory
from tests.support.rescue import START
from tests.support.telemetry import EVENT, ListedBroker, Room

UP = "gb24476/410100/G1/up"
OTHER = "lift/v1/410100/G2/status"


class LockedError(Exception):
    """The database answers nobody just now."""


class Moody:
    """A registry that fails at the calls it is told to."""

    def __init__(self, *fails: int, registry: Callable[[], Directory] = sample_directory) -> None:
        self.fails = set(fails)
        self.calls = 0
        self.registry = registry()

    def __call__(self) -> Directory:
        self.calls += 1
        if self.calls in self.fails:
            raise LockedError
        return self.registry


class Once(ListedBroker):
    """Hands out each delivery once a connection, as a broker does; then stops the lane."""

    def __init__(self, clock: ManualClock, stop: threading.Event) -> None:
        super().__init__(clock)
        self.stop = stop
        self.handed = 0

    def take(self, limit: int, timeout: timedelta) -> list[Delivery]:
        fresh, self.handed = super().take(limit, timeout)[self.handed :], len(self.held)
        if not fresh and not self.held:
            self.stop.set()
        return fresh

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        super().acknowledge(deliveries)
        self.handed = len(self.held)


def told(room: Room) -> Room:
    """Two messages and an event that begins."""
    room.say(floor=3)
    room.say(floor=4)
    room.say(EVENT, event_id="e1", phase="begin", code="overspeed")
    return room


@pytest.mark.parametrize("call", [2, 3, 4, 5])
def test_a_registry_that_fails_costs_no_message(tmp_path: Path, call: int) -> None:
    stop, clock = threading.Event(), ManualClock(START)
    broker = Once(clock, stop)
    with Room(tmp_path, clock=clock, broker=broker, registry=Moody(call)) as room:
        told(room)
        room.lane.run(stop)
        assert broker.held == []
        assert [p.fields.get("floor") for p in room.points()] == [3, 4, None]
        assert [each.code for each in room.found() if isinstance(each, ConditionRaised)] == [
            "overspeed"
        ]


def test_the_registry_is_asked_once_a_read_though_time_passes_in_it(tmp_path: Path) -> None:
    registry = Moody()
    with Room(tmp_path, registry=registry) as room:
        told(room)
        room.after(5)
        asked = registry.calls
        room.after(120)
        assert registry.calls == asked + 1


def test_a_commit_that_fails_is_done_again_with_the_same_draft(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        told(room)
        room.store.failures_before = 1
        with pytest.raises(OSError, match="full"):
            room.settle()
        room.settle()
        assert len(room.points()) == 3
        assert room.broker.held == []


def test_a_dialect_that_raises_sets_its_own_message_aside(tmp_path: Path) -> None:
    broken = {
        name: replace(each, encoding="of nobody") for name, each in shipped().items()
    }  # a LookupError, at every message
    with Room(tmp_path, registry=lambda: speaking("gb24476-2017"), dialects=broken) as room:
        room.say(OTHER, floor=1)
        room.broker.put(UP, b"{}")
        room.say(OTHER, floor=2)
        room.settle()
        assert [p.fields["floor"] for p in room.points("100002")] == [1, 2]
        assert [each.reason for each in room.refused()] == ["internal_error"]
        assert room.refused()[0].raw == b"{}"
        assert room.broker.held == []


def test_an_error_in_who_speaks_sets_one_message_aside(tmp_path: Path) -> None:
    class Stumbling(Directory):
        def admitted(self, topic: Topic) -> Gateway:
            if topic.device == "G1":
                raise LockedError
            return plain.admitted(topic)

    plain = sample_directory()
    names = ("version", "gateways", "lifts_by_id", "lifts_by_code", "kitchen_codes")
    registry = Stumbling(**{name: getattr(plain, name) for name in names})
    with Room(tmp_path, registry=lambda: registry) as room:
        room.say(OTHER, lift="100002", floor=1)
        room.say(floor=9)
        room.say(OTHER, lift="100002", floor=2)
        room.settle()
        assert [p.fields["floor"] for p in room.points("100002")] == [1, 2]
        assert [each.reason for each in room.refused()] == ["internal_error"]
        assert room.broker.held == []


def test_silences_that_raise_cost_neither_a_message_nor_another_suspicion(tmp_path: Path) -> None:
    class Failing(Silences):
        def pass_time(self, draft: Draft, now: datetime) -> None:
            del draft, now
            raise LockedError

    with Room(tmp_path) as room:
        room.lane.pipeline.watch.silences = Failing({}, {}, sample_directory, _forget)
        room.say(
            floor=3, car="stopped", door="closed", door_zone=False, occupied=True
        )  # somebody may be trapped
        room.settle()
        room.after(65)
        room.after(65)
        assert len(room.points()) == 1
        assert room.broker.held == []
        codes = [each.code for each in room.found() if isinstance(each, ConditionRaised)]
        assert codes == ["trapped.between"]


def _forget(*_: object) -> None:
    """Nothing is remembered."""
