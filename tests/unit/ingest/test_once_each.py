"""What comes again is known again: without a boot, refused, after a kill, under another clock."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from devices.findings import ConditionCleared, ConditionRaised
from ingest.subjects import FOREIGN_A_GATEWAY, FOREIGN_AT_LEAST
from tests.support.dialects import shipped, speaking
from tests.support.rescue import START
from tests.support.telemetry import EVENT, Room

FINDING = "kitchen/v1/410100/K1/finding"
ACK = "lift/v1/410100/G1/cmd-ack"
BEGIN = (
    b'{"ts":1764000000123,"seq":%d,"event_id":"e%d","phase":"%b","camera":"K1-2","code":"no_mask"}'
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room(tmp_path) as opened:
        yield opened


def rows(room: Room, key: str) -> list[object]:
    return [point.fields.get("phase") for point in room.points(key)]


def test_a_finding_without_boot_is_one_row_over_a_kill(room: Room) -> None:
    for seq, phase in ((1, b"begin"), (2, b"change"), (3, b"change"), (4, b"end")):
        room.broker.put(FINDING, BEGIN % (seq, 1, phase))
    for seq in range(5, 105):  # more than fit among the events of a gateway that numbers them
        room.broker.put(FINDING, BEGIN % (seq, seq, b"begin"))
    room.broker.put(ACK, b'{"cmd_id":"c1","ok":true}')
    held = list(room.broker.held)
    room.settle()
    keys = [key for key in room.lane.pipeline.tracks if key.startswith("K0001")]
    before = [rows(room, key) for key in keys]
    assert sum(map(len, before)) == 104
    room.broker.held = held  # killed before the acknowledgement
    again = room.restart()
    again.settle()
    assert [rows(again, key) for key in keys] == before
    assert len(again.points("gateway/G1")) == 1
    again.shown()  # from here on the file alone knows
    again.broker.held = held
    third = again.restart()
    third.settle()
    assert [rows(third, key) for key in keys] == before
    assert len(third.points("gateway/G1")) == 1
    third.close()


def test_a_last_will_takes_no_number_and_is_one_row_over_a_kill(room: Room) -> None:
    """Composed when its gateway connected, under the number that the next message bears."""
    room.say(seq=1, floor=1)
    room.settle()
    room.say("lift/v1/410100/G1/heartbeat", seq=9, offline=True)
    room.say("lift/v1/410100/G1/heartbeat", seq=5, boot="b0", offline=True)
    held = list(room.broker.held)
    room.settle()
    before = len(room.points("gateway/G1"))
    assert before == 2
    room.broker.held = held  # killed before the acknowledgement, and before the newest states
    again = room.restart()
    again.settle()
    assert len(again.points("gateway/G1")) == before
    for seq in range(2, 11):
        again.say(seq=seq, floor=seq)
    draft = again.lane.pipeline.read(again.broker.held, again.clock.now())
    assert draft.lost == 0
    assert draft.outcomes["410100", "duplicate"] == 0
    assert len(draft.points) == 9
    again.say("lift/v1/410100/G1/heartbeat", seq=9, offline=True)  # the next one, as it was
    last = again.lane.pipeline.read(again.broker.held[-1:], again.clock.now())
    assert last.outcomes["410100", "stored"] == 1
    again.close()


def test_a_refused_message_that_comes_again_is_a_duplicate(room: Room) -> None:
    room.say(floor=1)
    room.say(floor=99)
    room.say(lift="999999", floor=2)
    held = list(room.broker.held)
    room.settle()
    room.broker.held = held
    room.settle()
    assert sorted(each.reason for each in room.refused()) == ["floor_out_of_range", "lift_unknown"]
    room.broker.held = held
    again = room.restart()  # killed before the acknowledgement
    again.settle()
    assert len(again.refused()) == 2
    again.say(floor=3)
    again.settle()
    assert [p.fields["floor"] for p in again.points()] == [1, 3]
    again.close()


def test_a_condition_cleared_under_a_clock_put_back_stays_cleared(tmp_path: Path) -> None:
    ahead = Room(tmp_path, clock=ManualClock(START + timedelta(days=3)))
    ahead.say(EVENT, event_id="e1", phase="begin", code="overspeed")
    ahead.settle()
    ahead.close()
    room = Room(tmp_path)
    room._seq = ahead._seq
    room.say(EVENT, event_id="e1", phase="end", code="overspeed")
    room.say(floor=4)
    room.settle()
    kinds = sorted(type(each).__name__ for each in room.found())
    assert kinds == [ConditionCleared.__name__, ConditionRaised.__name__]
    state = room.shown()
    assert state is not None
    assert (state.open_conditions, state.fields.get("floor")) == ((), 4)
    again = room.restart()
    memory = again.lane.pipeline.track("100001").memory
    assert memory is not None
    assert memory.open == ()
    again.say(floor=5)
    again.settle()
    third = again.restart()  # killed: what it knows stands in the file written last
    third.say(floor=6)
    third.settle()
    assert [p.fields["floor"] for p in third.points() if "floor" in p.fields] == [4, 5, 6]
    third.clock.advance(timedelta(days=4))  # beyond the file that was left over
    third.say(floor=7)
    third.settle()
    fourth = third.restart()
    memory = fourth.lane.pipeline.track("100001").memory
    assert memory is not None
    assert memory.open == ()
    fourth.close()


def test_invented_topics_of_a_dialect_are_not_remembered_without_end(tmp_path: Path) -> None:
    dialects = shipped()
    with Room(tmp_path, registry=lambda: speaking("gb24476-2017"), dialects=dialects) as room:
        subjects = room.lane.pipeline._subjects
        for n in range(3 * FOREIGN_AT_LEAST):
            room.broker.put(f"gb24476/410100/G1/w{n}", b"{}")
        room.settle()
        assert len(subjects._foreign) <= FOREIGN_A_GATEWAY * 2 + FOREIGN_AT_LEAST
