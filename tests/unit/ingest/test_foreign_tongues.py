"""A vendor's own words through the telemetry lane, read back from the files."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from devices.directory import Directory, directory
from devices.findings import ConditionCleared, ConditionRaised
from devices.model import Gateway
from ingest.interpreter import KEPT_A_DAY, REPEATED, Budget
from tests.support.dialects import shipped, speaking
from tests.support.registry import AREA, sample_lift
from tests.support.telemetry import STATUS, Room, millis

UP = "gb24476/410100/G1/up"
CODE = "31104101002026100001"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with room_of(tmp_path, lambda: speaking("gb24476-2017")) as opened:
        yield opened


def room_of(folder: Path, registry: Callable[[], Directory]) -> Room:
    return Room(folder, registry=registry, dialects=shipped())


def say(room: Room, topic: str = UP, **told: Any) -> None:
    words = {"Identification_Number": CODE, "Time_Stamps": millis(room.clock.now()), **told}
    room.broker.put(topic, msgspec.json.encode(words))


def outcomes(room: Room) -> dict[str, int]:
    draft = room.lane.pipeline.read(room.broker.held, room.clock.now())
    return {outcome: number for (_, outcome), number in draft.outcomes.items() if number}


@pytest.mark.parametrize("topic", [UP, STATUS])
def test_a_status_in_the_norms_words_is_a_status_of_ours(room: Room, topic: str) -> None:
    say(room, topic, Service_Mode=1, Car_Status=1, Car_Direction=1, Car_Position="7", Door_Zone=2)
    room.settle()
    (point,) = room.points()
    assert point.fields == {
        "mode": "normal",
        "car": "running",
        "direction": "up",
        "floor": 7,
        "door_zone": False,
    }
    assert (point.kind, point.gateway) == ("status", "G1")
    assert room.refused() == []


def test_one_object_may_be_a_status_and_counters(room: Room) -> None:
    say(room, Car_Position=3, Total_Running_Time=12.5, Present_Counter_Value=99)
    room.settle()
    assert {point.kind: dict(point.fields) for point in room.points()} == {
        "status": {"floor": 3},
        "stats": {"run_hours": 12.5, "run_count": 99},
    }


def test_a_code_that_appears_begins_and_one_that_disappears_ends(room: Room) -> None:
    for codes in ([], [5], [5], [5, 1], [1], []):
        say(room, Car_Position=3, Message_Code=codes)
        room.after(10)
    events = [point.fields for point in room.points() if point.kind == "event"]
    told = [(each["code"], each["phase"]) for each in events]
    assert told == [
        ("ucm", "begin"),
        ("safety_chain", "begin"),
        ("ucm", "end"),
        ("safety_chain", "end"),
    ]
    assert events[0]["event_id"] == events[2]["event_id"]
    found = room.found()
    assert [type(each) for each in found] == [
        ConditionRaised,
        ConditionRaised,
        ConditionCleared,
        ConditionCleared,
    ]
    assert found[0].event_id == found[2].event_id


def test_a_restart_repeats_no_begin_and_loses_no_end(room: Room) -> None:
    say(room, Message_Code=[5])
    room.after(10)
    again = room.restart()
    say(again, Message_Code=[5])
    again.after(10)
    say(again, Message_Code=[])
    again.after(10)
    assert [type(each) for each in again.found()] == [ConditionRaised, ConditionCleared]
    again.close()


def test_what_was_committed_and_comes_again_after_a_restart_doubles_nothing(room: Room) -> None:
    for floor, codes in ((1, [5]), (2, []), (3, [1])):
        say(room, Car_Position=floor, Message_Code=codes)
        room.clock.advance(timedelta(seconds=1))
    held = list(room.broker.held)
    room.settle()
    points, found = room.points(), room.found()
    again = room.restart()
    again.clock.advance(timedelta(hours=1))
    again.broker.held = [replace(each, dup=True) for each in held]
    again.settle()
    assert again.points() == points
    assert again.found() == found
    again.close()


def test_the_same_words_again_are_a_duplicate(room: Room) -> None:
    say(room, Car_Position=3, Message_Code=[5])
    room.broker.held *= 2
    assert outcomes(room) == {"stored": 2, "duplicate": 1}


def test_a_value_of_no_table_refuses_its_message_by_the_vendors_name_and_keeps_the_rest(
    room: Room,
) -> None:
    say(room, Car_Status=9, Total_Running_Time=1, Message_Code=[5])
    room.settle()
    (kept,) = room.refused()
    assert (kept.reason, kept.field) == ("bad_field", "Car_Status")
    assert b'"Car_Status":9' in kept.raw
    assert sorted(point.kind for point in room.points()) == ["event", "stats"]


def test_a_code_that_is_not_known_is_refused_once_while_it_stands(room: Room) -> None:
    for _ in range(3):
        say(room, Car_Position=3, Message_Code=[77])
        room.after(5)
    assert [each.reason for each in room.refused()] == ["unknown_code"]


def test_an_event_that_was_refused_begins_once_it_can_be_taken(tmp_path: Path) -> None:
    lifts: list[int] = []

    def registry() -> Directory:
        gateways = [Gateway("G1", AREA, tuple(lifts), None, "gb24476-2017")]
        return directory(gateways, [sample_lift(1, "100001")])

    with room_of(tmp_path, registry) as room:
        say(room, Message_Code=[5])
        room.after(1)
        assert {each.reason for each in room.refused()} == {"device_not_enrolled"}
        lifts.append(1)
        say(room, Message_Code=[5])
        room.after(1)
        assert [each.code for each in room.found() if isinstance(each, ConditionRaised)] == ["ucm"]


def test_what_is_mapped_with_loss_counts_as_stored_and_its_bytes_are_kept(room: Room) -> None:
    say(room, Car_Position=3, Message_Code=[64])
    assert outcomes(room) == {"stored": 1}
    room.clock.advance(REPEATED * 2)
    say(room, Car_Position=4, Message_Code=[])
    say(room, Car_Position=5, Message_Code=[64])
    room.settle()
    (kept,) = room.refused()
    assert (kept.reason, kept.field) == ("mapped_with_loss", "Message_Code")
    assert kept.detail == "escalator_step_missing"
    assert b"64" in kept.raw


def test_losses_are_kept_within_a_days_bytes_and_seldom_twice() -> None:
    budget = Budget(100)
    hour = 3_600_000_000
    assert budget.allows(("G1", "a"), 60, 0)
    assert not budget.allows(("G1", "a"), 10, 1)
    assert not budget.allows(("G2", "a"), 60, 2)
    assert budget.allows(("G2", "a"), 40, 3)
    assert not budget.allows(("G1", "a"), 1, hour)
    assert budget.allows(("G1", "a"), 60, 24 * hour)
    assert KEPT_A_DAY >= 1 << 20


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("gb24476/410100/G2/up", "dialect_mismatch"),
        ("gb24476/410100/G9/up", "device_not_enrolled"),
        ("gb24476/410200/G1/up", "area_mismatch"),
        ("gb24476/410100/G1/down", "bad_topic"),
    ],
)
def test_a_topic_of_the_dialect_is_for_gateways_that_speak_it(
    room: Room, topic: str, reason: str
) -> None:
    say(room, topic, Car_Position=3)
    room.settle()
    assert [each.reason for each in room.refused()] == [reason]


def test_a_gateway_whose_mapping_is_not_loaded_is_told_so(tmp_path: Path) -> None:
    with room_of(tmp_path, lambda: speaking("not-there")) as room:
        say(room, STATUS, Car_Position=3)
        room.settle()
        assert [each.reason for each in room.refused()] == ["dialect_unknown"]


def test_the_neighbour_that_speaks_our_own_words_is_read_as_before(room: Room) -> None:
    room.say("lift/v1/410100/G2/status", floor=4)
    say(room, Car_Position=3)
    room.settle()
    assert [point.fields["floor"] for point in room.points("100002")] == [4]
    assert room.points("100002")[0].boot == "b1"


def test_an_object_that_tells_nothing_of_ours_counts_as_unchanged(room: Room) -> None:
    room.broker.put(UP, b"[]")
    assert outcomes(room) == {"unchanged": 1}
