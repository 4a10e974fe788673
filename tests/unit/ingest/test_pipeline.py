"""What becomes of each message, read back from the files."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from alerts import conditions
from core.clock import ManualClock
from devices.directory import Directory, directory
from devices.findings import ConditionRaised
from devices.judging import Judged, LiftMemory, Limits
from devices.model import Gateway
from devices.protocol.messages import Event, Heartbeat, Sensor, Status
from ingest.deadband import DeadBands
from ingest.draft import Reading
from ingest.recording import SHOWN
from ingest.subjects import MAX_POINTS
from tests.support.registry import AREA, sample_directory, sample_lift
from tests.support.rescue import START
from tests.support.telemetry import EVENT, LIFT, STATUS, ListedBroker, Room, millis

STUCK: dict[str, Any] = {"car": "stopped", "door": "closed", "door_zone": False, "occupied": True}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room(tmp_path) as opened:
        yield opened


def outcomes(room: Room) -> dict[str, int]:
    """What became of the objects that the broker holds."""
    draft = room.lane.pipeline.read(room.broker.held, room.clock.now())
    return {outcome: number for (_, outcome), number in draft.outcomes.items() if number}


def test_a_repeated_word_is_no_row_but_moves_the_age(room: Room) -> None:
    room.say(floor=3, speed_m_s=1.7)
    room.settle()
    room.clock.advance(SHOWN * 2)
    room.say(floor=3, speed_m_s=1.71)
    room.settle()
    assert len(room.points()) == 1
    state = room.shown()
    assert state is not None
    assert state.received_at == START + SHOWN * 2
    assert state.fields == {"floor": 3, "speed_m_s": 1.71}


def test_history_shows_at_each_heartbeat_interval_that_a_lift_was_heard(room: Room) -> None:
    for _ in range(11):
        room.say(floor=3)
        room.after(60)
    assert [point.received_at - START for point in room.points()] == [
        timedelta(0),
        timedelta(minutes=5),
        timedelta(minutes=10),
    ]


def test_without_dead_bands_every_message_is_a_point(tmp_path: Path) -> None:
    with Room(tmp_path, bands=DeadBands.off()) as room:
        for _ in range(4):
            room.say(floor=3)
        room.settle()
        assert len(room.points()) == 4  # of one millisecond


def test_a_late_status_is_history_and_changes_neither_the_newest_nor_a_condition(
    room: Room,
) -> None:
    room.say(floor=3)
    room.settle()
    room.clock.advance(timedelta(hours=2))
    room.say(floor=4, car="stopped", door_zone=True)
    room.settle()
    room.say(ts=millis(START + timedelta(hours=1)), floor=9, **STUCK)
    room.after(600)
    assert [point.fields["floor"] for point in room.points()] == [3, 9, 4]
    state = room.shown()
    assert state is not None
    assert state.fields["floor"] == 4
    assert room.found() == []


def test_a_device_with_a_wrong_clock_is_taken_and_both_times_are_kept(room: Room) -> None:
    for ts in (0, 2_085_978_496_000):
        room.say(ts=ts, floor=3 if ts else 2, boot=f"b{ts}")
    room.settle()
    assert {point.fields["device_clock_ms"] for point in room.points()} == {0, 2_085_978_496_000}
    assert {point.device_at for point in room.points()} == {START}


def test_one_bad_object_harms_none_of_its_neighbours(room: Room) -> None:
    good, other = room.words(floor=1), room.words(floor=2)
    room.broker.put(
        STATUS, b"[" + good + b',{"ts":1},7,' + room.words(floor=99) + b"," + other + b"]"
    )
    room.broker.put(STATUS, b"\xff\xfe")
    room.broker.put("lift/v1/410100/G9/status", good)
    room.broker.put("lift/v1/410200/G1/status", good)
    room.broker.put("elsewhere", good)
    room.broker.put("lift/v1/410100/G2/status", room.words(lift="100001"))
    room.say(speed_m_s=9, floor=5)
    room.settle()
    assert [point.fields["floor"] for point in room.points()] == [1, 2]
    assert sorted(each.reason for each in room.refused()) == [
        "area_mismatch",
        "bad_field",
        "bad_topic",
        "bad_utf8",
        "device_not_enrolled",
        "floor_out_of_range",
        "missing_field",
        "not_its_lift",
        "speed_out_of_range",
    ]
    assert room.broker.held == []


def test_a_rule_that_fails_sets_one_message_aside(tmp_path: Path) -> None:
    def brittle(
        memory: LiftMemory | None,
        message: Event | Status | Heartbeat | Sensor,
        lift_code: str,
        limits: Limits,
        received_at: datetime,
        happened_at: datetime | None = None,
    ) -> Judged:
        if isinstance(message, Status) and message.floor == 7:
            raise ZeroDivisionError
        return conditions.judge(memory, message, lift_code, limits, received_at, happened_at)

    with Room(tmp_path, judge=brittle) as room:
        for floor in (6, 7, 8):
            room.say(floor=floor)
        room.settle()
        assert [each.reason for each in room.refused()] == ["internal_error"]
        assert [point.fields["floor"] for point in room.points()] == [6, 8]


def test_an_event_id_is_taken_once_whatever_its_number(room: Room) -> None:
    for _ in range(2):
        room.say(EVENT, event_id="e1", phase="begin", code="overspeed")
    room.settle()
    again = room.restart()
    again.say(EVENT, event_id="e1", phase="begin", code="overspeed")
    again.say(EVENT, event_id="e1", phase="end", code="overspeed")
    again.settle()
    assert [point.fields["phase"] for point in again.points()] == ["begin", "end"]
    assert len(again.found()) == 2
    again.close()


def test_what_was_committed_and_not_acknowledged_doubles_no_row_after_a_kill(
    tmp_path: Path,
) -> None:
    first = Room(tmp_path)
    for floor in (1, 1, 2, 2, 3):
        first.say(floor=floor)
    held = list(first.broker.held)
    first.settle()
    assert len(first.points()) == 3
    first.broker.held = held  # the acknowledgement never reached the broker
    second = first.restart()
    second.settle()
    assert [point.fields["floor"] for point in second.points()] == [1, 2, 3]
    second.say(floor=4)
    second.settle()
    assert len(second.points()) == 4
    second.close()


def test_a_newest_state_and_an_open_suspicion_outlive_a_kill(tmp_path: Path) -> None:
    first = Room(tmp_path)
    first.say(floor=3, load_kg=100, **STUCK)
    first.settle()  # never flushed but once; then killed
    second = first.restart()
    second.after(60)
    assert second.found() == []  # what waits at the broker may tell that it is over
    second.after(5)
    (raised,) = second.found()
    assert isinstance(raised, ConditionRaised)
    assert raised.code == "trapped.between"
    state = second.shown()
    assert state is not None
    assert (state.fields["load_kg"], state.open_conditions) == (100, ("trapped.between",))
    second.close()


def test_a_store_that_fails_is_asked_again_until_the_batch_is_safe_once(room: Room) -> None:
    room.store.failures_before = 3
    room.say(floor=3)
    stop = threading.Event()
    waits: list[bool] = []

    class Stopping(ListedBroker):
        def acknowledge(self, deliveries: object) -> None:
            super().acknowledge(deliveries)  # type: ignore[arg-type]
            waits.append(room.store.failures_before == 0)
            stop.set()

    broker = Stopping(room.clock)
    broker.held = room.broker.held
    room.lane._session = broker
    room.lane.run(stop)
    assert waits == [True]
    assert len(room.points()) == 1


def test_what_was_not_committed_when_told_to_stop_looks_taken_to_nobody(tmp_path: Path) -> None:
    first = Room(tmp_path)
    first.say(floor=3)
    first.settle()
    first.say(floor=4)
    first.store.failures_before = 1_000_000
    stop = threading.Event()

    class StopsAfterAMinute(ManualClock):
        def wait(self, event: threading.Event, duration: timedelta) -> bool:
            if self.now() > START + timedelta(minutes=1):
                stop.set()
            return super().wait(event, duration)

    first.lane._clock = StopsAfterAMinute(START)
    first.lane.run(stop)
    assert len(first.broker.held) == 1
    second = first.restart()
    second.settle()
    assert [point.fields["floor"] for point in second.points()] == [3, 4]
    second.close()


def test_below_the_free_space_floor_points_are_shed_and_conditions_still_found(
    tmp_path: Path,
) -> None:
    with Room(tmp_path, room=lambda: False) as room:
        room.say(floor=3, **STUCK)
        room.say(EVENT, event_id="e1", phase="begin", code="overspeed")
        room.settle()
        assert room.points() == []
        assert [each.code for each in room.found() if isinstance(each, ConditionRaised)] == [
            "overspeed"
        ]


def test_the_registry_may_change_while_telemetry_runs(tmp_path: Path) -> None:
    now: list[Directory] = [sample_directory()]
    with Room(tmp_path, registry=lambda: now[0]) as room:
        room.say(floor=10)
        room.say(floor=12)
        room.settle()
        taller = replace(sample_lift(1, LIFT), max_floor=12)
        now[0] = directory([Gateway("G1", AREA, (1,))], [taller])
        room.say(floor=12)
        room.say("lift/v1/410100/G2/status", lift="100002", floor=1)
        room.settle()
        assert [point.fields["floor"] for point in room.points()] == [10, 12]
        assert [each.reason for each in room.refused()] == [
            "device_not_enrolled",
            "floor_out_of_range",
        ]


def test_a_refused_number_is_not_counted_as_lost(room: Room) -> None:
    room.say(floor=1)
    room.say(floor=99)
    room.say(floor=2)
    draft = room.lane.pipeline.read(room.broker.held, room.clock.now())
    assert draft.lost == 0


def test_numbers_that_never_came_are_counted_as_lost_before_the_hub(room: Room) -> None:
    room.say(seq=5, floor=1)
    room.say(seq=9, floor=2)
    draft = room.lane.pipeline.read(room.broker.held, room.clock.now())
    assert draft.lost == 3


def test_a_will_tells_of_the_gateway_once_and_the_next_word_takes_it_back(room: Room) -> None:
    room.say("lift/v1/410100/G2/status", lift="100002", floor=1)
    room.settle()
    room.say("lift/v1/410100/G2/heartbeat", offline=True)
    room.settle()
    room.say("lift/v1/410100/G2/heartbeat")
    room.settle()
    room.after(10)
    assert [type(each).__name__ for each in room.found()] == ["ConditionRaised", "ConditionCleared"]


def test_what_ended_while_the_hub_was_down_raises_nothing(tmp_path: Path) -> None:
    first = Room(tmp_path)
    first.say(floor=3, **STUCK)
    first.settle()
    first.clock.advance(timedelta(seconds=20))
    first.say(car="running")
    first.clock.advance(timedelta(minutes=10))  # nobody takes it meanwhile
    waited = first.broker.held[0]
    first.broker.held = [msgspec.structs.replace(waited, received_at=first.clock.now())]
    second = first.restart()
    second.settle()
    second.after(120)
    assert second.found() == []
    second.close()


def test_a_point_of_a_kitchen_may_not_be_invented_without_end(room: Room) -> None:
    for number in range(MAX_POINTS + 5):
        room.say("kitchen/v1/410100/K1/sensor", point=f"p{number}", temperature_c=3.0)
    room.settle()
    assert {each.reason for each in room.refused()} == {"too_many_points"}
    assert len(room.refused()) == 5


SAYINGS = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.fixed_dictionaries(
            {
                "ts": st.integers(0, 2**53),
                "seq": st.integers(0, 40),
                "boot": st.sampled_from(["a", "b", "c"]),
            },
            optional={
                "floor": st.integers(-12, 30),
                "speed_m_s": st.floats(-25, 25),
                "occupied": st.booleans(),
                "colour": st.text(max_size=3),
                "lift": st.sampled_from(["100001", "100002", "999999", "x"]),
            },
        ).map(lambda told: json.dumps(told).encode()),
    ),
    max_size=30,
)


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("room")) as opened:
        yield opened


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SAYINGS, st.sampled_from([STATUS, EVENT, "lift/v1/410100/G1/heartbeat", "lift/v1/x"]))
def test_the_balance_closes_whatever_is_said(
    listening: Room, sayings: list[bytes], topic: str
) -> None:
    listening.broker.held = []
    for payload in sayings:
        listening.broker.put(topic, payload)
    become = outcomes(listening)
    assert sum(become.values()) == len(sayings)
    assert all(number > 0 for number in become.values())


def test_the_balance_closes_by_city_at_a_scrape(room: Room) -> None:
    def scraped(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, {"lane": "telemetry", **labels}) or 0

    def balance(area: str) -> tuple[float, float]:
        become = sum(
            scraped("hub_ingest_outcome_total", area=area, outcome=outcome)
            for outcome in ("stored", "unchanged", "duplicate", "quarantined", "shed")
        )
        in_flight = scraped("hub_ingest_in_flight", area=area)
        return scraped("hub_ingest_received_total", area=area), become + in_flight

    room.say(floor=0)
    room.settle()
    abandoned = scraped("hub_ingest_in_flight", area=AREA)  # by tests of stores that fail
    first = {area: balance(area) for area in (AREA, "unknown")}
    for floor in (1, 1, 99):
        room.say(floor=floor)
    room.broker.put("lift/v1/410100/NOBODY/status", room.words())
    reading = Reading.of(room.broker.held, room.clock.now())
    room.lane._read(reading)
    received, become = first[AREA]
    assert balance(AREA) == (received + 3, become + 3)
    assert scraped("hub_ingest_in_flight", area=AREA) == abandoned + 3
    room.lane._finish(reading)
    assert balance(AREA) == (received + 3, become + 3)
    assert scraped("hub_ingest_in_flight", area=AREA) == abandoned
    received, become = first["unknown"]
    assert balance("unknown") == (received + 1, become + 1)
