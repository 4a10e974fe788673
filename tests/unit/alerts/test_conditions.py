from datetime import timedelta

from alerts.conditions import elapse, judge
from devices.findings import ConditionCleared, ConditionRaised
from devices.judging import LiftMemory, Limits, decode, encode
from devices.protocol.messages import Door, Event, Mode, Motion, Phase, Status
from tests.support.rescue import START

LIMITS = Limits(min_floor=-1, max_floor=10, rated_speed_m_per_s=1.75, gateway="G1")
MINUTE = timedelta(seconds=60)
LIFT = "235274"
STUCK = Status(
    ts=1,
    seq=1,
    boot="b",
    car=Motion.STOPPED,
    door_zone=False,
    door=Door.CLOSED,
    occupied=True,
)


def event(code: str, phase: Phase = Phase.BEGIN) -> Event:
    return Event(ts=1, seq=1, boot="b", event_id="e1", phase=phase, code=code)


def test_a_stuck_car_with_somebody_inside_is_raised_after_the_window() -> None:
    first = judge(None, STUCK, LIFT, LIMITS, START)
    assert (first.findings, first.memory.wake_at) == ((), START + MINUTE)
    kept = decode(encode(first.memory))
    assert elapse(kept, LIFT, LIMITS, START + MINUTE - timedelta(milliseconds=1)).findings == ()
    lasted = elapse(kept, LIFT, LIMITS, START + MINUTE)
    (raised,) = lasted.findings
    assert isinstance(raised, ConditionRaised)
    assert (raised.code, raised.occupied) == ("trapped.between", True)
    moved = Status(ts=2, seq=2, boot="b", car=Motion.RUNNING)
    (cleared,) = judge(lasted.memory, moved, LIFT, LIMITS, START + 2 * MINUTE).findings
    assert isinstance(cleared, ConditionCleared)
    assert cleared.event_id == raised.event_id


def test_a_car_that_moves_on_within_the_window_raises_nothing() -> None:
    first = judge(None, STUCK, LIFT, LIMITS, START)
    moved = Status(ts=2, seq=2, boot="b", car=Motion.RUNNING)
    then = judge(first.memory, moved, LIFT, LIMITS, START + MINUTE / 2)
    assert (then.findings, then.memory.wake_at) == ((), None)


def test_what_is_unknown_supports_no_suspicion() -> None:
    vague = Status(ts=1, seq=1, boot="b", car=Motion.STOPPED, door=Door.CLOSED, occupied=True)
    assert judge(None, vague, LIFT, LIMITS, START).memory.wake_at is None


def test_begin_and_end_carry_the_same_event_id_and_a_repeat_is_nothing() -> None:
    first = judge(None, event("overspeed"), LIFT, LIMITS, START)
    assert len(first.findings) == 1
    assert judge(first.memory, event("overspeed"), LIFT, LIMITS, START).findings == ()
    end = judge(first.memory, event("overspeed", Phase.END), LIFT, LIMITS, START)
    assert end.findings[0].event_id == first.findings[0].event_id
    assert end.memory.open == ()


def test_a_trapped_event_waits_for_its_confirmation() -> None:
    first = judge(None, event("trapped.level"), LIFT, LIMITS, START)
    assert first.findings == ()
    assert len(elapse(first.memory, LIFT, LIMITS, START + MINUTE).findings) == 1


def test_inspection_mode_raises_no_fault() -> None:
    memory = LiftMemory(mode=Mode.INSPECTION)
    assert judge(memory, event("overspeed"), LIFT, LIMITS, START).findings == ()
    working = Status(ts=1, seq=1, boot="b", mode=Mode.INSPECTION)
    stuck = judge(None, STUCK, LIFT, LIMITS, START).memory
    assert judge(stuck, working, LIFT, LIMITS, START).memory.wake_at is None
