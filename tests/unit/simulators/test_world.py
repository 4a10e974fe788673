from dataclasses import dataclass, field

import pytest

from core.errors import NotFound
from devices.protocol.messages import (
    Call,
    CallPhase,
    Event,
    Kind,
    Message,
    Mode,
    Phase,
    Receipt,
    Status,
)
from simulators import city, scenario
from simulators.world import TEST_EVERY_S, World

START = 1_764_000_000.0
STILL = {"traffic": 0, "lifts": 1, "lifts_per_gateway": 1}


@dataclass
class Recorder:
    """A gateway that writes down what it is told."""

    identity: str = "G0001"
    boot: str = "b1"
    seq: int = 0
    said: list[Message] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    tests: list[Call] = field(default_factory=list)
    beats: int = 0

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def post(self, kind: Kind, message: Message) -> None:  # noqa: ARG002
        self.said.append(message)

    def call(self, call: Call) -> None:
        (self.tests if call.phase is CallPhase.TEST else self.calls).append(call)

    def heartbeat(self, at_s: float, *, uptime_s: float) -> None:  # noqa: ARG002
        self.beats += 1


def small_world(**entrapments: float) -> tuple[World, Recorder, str]:
    plan = scenario.parse({"city": STILL, "entrapments": {"every_minutes": 0, **entrapments}})
    lift = city.generate(plan).lifts[0]
    world, voice = World(plan, start_s=START), Recorder()
    world.add_gateway(voice, (lift,))
    return world, voice, lift.rescue_code


def test_a_lift_tests_soon_whether_it_can_call_and_every_day_again() -> None:
    world, voice, code = small_world()
    world.advance(START + 120)
    first = voice.tests[0]
    assert len(voice.tests) > 3  # nobody answered
    assert set(voice.tests) == {first}
    assert first.lift == code
    assert first.test is not None
    world.receipt(Receipt(event_id=first.event_id, accepted=True))
    told = len(voice.tests)
    world.advance(START + 3600)
    assert len(voice.tests) == told
    world.advance(START + TEST_EVERY_S + 120)
    assert len({call.event_id for call in voice.tests}) == 2
    assert voice.calls == []


def test_somebody_trapped_calls_until_the_receipt_and_again_at_the_end() -> None:
    world, voice, code = small_world()
    world.trap(code, 2, START)
    world.advance(START + 30)
    assert list(world.stuck()) == [code]
    begun = {call.event_id for call in voice.calls}
    assert len(begun) == 1
    assert len(voice.calls) > 3
    assert {call.people for call in voice.calls} == {2}
    world.receipt(Receipt(event_id=begun.pop(), accepted=True, incident="20261123-0001"))
    before = len(voice.calls)
    world.advance(START + 120)
    assert len(voice.calls) == before
    assert world.stuck() == {code: "20261123-0001"}
    world.release(code, START + 120)
    world.advance(START + 140)
    assert voice.calls[-1].phase is CallPhase.END
    assert world.stuck() == {}


def test_a_call_is_repeated_after_5_s_and_after_a_minute_every_15_s() -> None:
    world, voice, code = small_world()
    world.trap(code, 1, START)
    world.advance(START + 200)
    assert 12 + 8 <= len(voice.calls) <= 13 + 10
    assert len({call.ts for call in voice.calls}) == 1  # the same object every time


def test_the_stop_between_floors_begins_and_ends_with_one_event_id() -> None:
    world, voice, code = small_world()
    world.trap(code, 1, START)
    world.advance(START + 20)
    world.release(code, START + 20)
    world.advance(START + 60)
    events = [said for said in voice.said if isinstance(said, Event)]
    assert [event.phase for event in events] == [Phase.BEGIN, Phase.END]
    assert events[0].event_id == events[1].event_id
    last = [said for said in voice.said if isinstance(said, Status)][-1]
    assert (last.mode, last.occupied, last.door_zone) == (Mode.NORMAL, False, True)


def test_a_standing_lift_reports_at_least_once_a_minute() -> None:
    world, voice, _ = small_world()
    world.advance(START + 600)
    stamps = [said.ts / 1000 for said in voice.said if isinstance(said, Status)]
    gaps = [b - a for a, b in zip([START, *stamps], [*stamps, START + 600], strict=True)]
    assert max(gaps) <= 60
    assert voice.beats >= 10


def test_the_first_entrapment_comes_when_the_scenario_says() -> None:
    world, voice, code = small_world(first_after_s=5, every_minutes=100_000)
    world.advance(START + 15)
    assert list(world.stuck()) == [code]
    assert voice.calls


def test_a_lift_that_is_not_simulated_cannot_be_trapped() -> None:
    world, _, _ = small_world()
    with pytest.raises(NotFound):
        world.trap("235274", 1, START)
