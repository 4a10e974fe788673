"""Calls from the car: one need for help is one incident, however often and by whom it is told."""

from datetime import timedelta

import pytest

from alerts import queries
from alerts.commands import IncidentAction, act_on_incident, take_call
from alerts.incident import IncidentState
from core import journal
from core.journal import Subject
from devices import call_roll
from devices.calls import CallArrived
from devices.protocol.messages import Call, CallPhase, CallSource, CallTest, Receipt
from tests.support.rescue import SEAT, Rescue

LAST_STATE = (IncidentAction.FREED, IncidentAction.CONFIRM, IncidentAction.CAUSE)


def call(
    rescue: Rescue,
    event_id: str,
    phase: CallPhase = CallPhase.BEGIN,
    gateway: str = "G1",
    people: int | None = None,
) -> Receipt:
    test = CallTest(microphone=True, loudspeaker=True, battery_pct=92)
    told = Call(
        ts=1,
        event_id=event_id,
        phase=phase,
        source=CallSource.BUTTON,
        people=people,
        test=test if phase is CallPhase.TEST else None,
    )
    arrived = CallArrived(told, rescue.lift, gateway, rescue.clock.now())
    now = rescue.clock.now()
    return rescue.database.write(lambda c: take_call(c, arrived, rescue.policies, now))


def incidents(rescue: Rescue) -> list[str]:
    return sorted(row.incident.id for row in rescue.database.read(queries.board))


def end(rescue: Rescue, number: str, *actions: IncidentAction) -> None:
    for action in actions:
        now = rescue.clock.now()
        rescue.database.write(
            lambda c, action=action, now=now: act_on_incident(  # type: ignore[misc]
                c, number, action, now, SEAT, text="示例", code="101"
            )
        )


@pytest.mark.parametrize("minutes", [0, 29, 31, 300])
def test_two_calls_of_one_lift_are_one_rescue_with_both_reports(
    rescue: Rescue, minutes: int
) -> None:
    """An entrapment that is still open is the same one, however long it lasts."""
    first = call(rescue, "e1", people=1)
    rescue.tick(minutes=minutes)
    second = call(rescue, "e2", people=2)
    assert second.incident == first.incident
    assert second.accepted
    found = rescue.database.read(lambda c: queries.incident(c, first.incident or ""))
    assert [report.event_key for report in found.reports] == ["G1/e1", "G1/e2"]
    assert found.incident.people == 2
    assert [e.entry.verb for e in found.timeline].count("merged") == 1


@pytest.mark.parametrize(
    "ending",
    [
        (IncidentAction.FREED,),
        (*LAST_STATE, IncidentAction.CLOSE),
        (IncidentAction.SELF_ESCAPED,),
        (IncidentAction.FALSE_ALARM, IncidentAction.CLOSE),
    ],
)
def test_a_call_after_the_end_is_a_new_rescue(
    rescue: Rescue, ending: tuple[IncidentAction, ...]
) -> None:
    first = call(rescue, "e1")
    end(rescue, first.incident or "", *ending)
    second = call(rescue, "e2")
    assert (first.incident, second.incident) == ("20261123-0001", "20261123-0002")
    assert rescue.incident("20261123-0002").state is IncidentState.DISPATCHED


def test_a_repeat_gets_the_same_receipt_even_after_the_end(rescue: Rescue) -> None:
    first = call(rescue, "e1")
    assert call(rescue, "e1") == first
    end(rescue, first.incident or "", *LAST_STATE, IncidentAction.CLOSE)
    assert call(rescue, "e1") == first
    assert len(rescue.database.read(lambda c: queries.incident(c, "20261123-0001")).reports) == 1
    rescue.clock.advance(timedelta(hours=1))
    later = call(rescue, "e1")
    assert (later.incident, later.accepted) == (first.incident, True)
    assert rescue.incident("20261123-0001").state is IncidentState.CLOSED


def test_two_gateways_may_choose_the_same_event_id(rescue: Rescue) -> None:
    first, second = call(rescue, "e1"), call(rescue, "e1", gateway="G2")
    assert first.incident == second.incident  # the same lift: joined, not mistaken for a repeat
    found = rescue.database.read(lambda c: queries.incident(c, first.incident or ""))
    assert [report.event_key for report in found.reports] == ["G1/e1", "G2/e1"]


@pytest.mark.parametrize(
    ("phase", "verb"), [(CallPhase.END, "call_ended"), (CallPhase.TEST, "test_call")]
)
def test_an_end_and_a_test_open_nothing_and_are_answered(
    rescue: Rescue, phase: CallPhase, verb: str
) -> None:
    answers = [call(rescue, "e1", phase) for _ in range(3)]
    assert {(a.event_id, a.accepted, a.incident) for a in answers} == {("e1", True, None)}
    assert incidents(rescue) == []
    chain = Subject("lift", rescue.lift.rescue_code)
    told = rescue.database.read(lambda c: journal.history(c, chain))
    assert [e.entry.verb for e in told].count(verb) == 1


def test_a_test_stands_on_the_roll_from_its_first_telling(rescue: Rescue) -> None:
    received = rescue.clock.now()
    call(rescue, "t1", CallPhase.TEST)
    rescue.clock.advance(timedelta(minutes=1))
    call(rescue, "t1", CallPhase.TEST)  # a repeat proves nothing new
    kept = rescue.database.read(lambda c: call_roll.of_lift(c, rescue.lift.id))
    assert kept is not None
    assert (kept.at, kept.passed) == (received, True)


def test_an_end_that_overtook_its_beginning_does_not_swallow_it(rescue: Rescue) -> None:
    call(rescue, "e1", CallPhase.END)
    assert call(rescue, "e1").incident == "20261123-0001"


def test_a_test_of_a_lift_under_rescue_leaves_the_rescue_alone(rescue: Rescue) -> None:
    number = call(rescue, "e1").incident or ""
    version = rescue.incident(number).version
    call(rescue, "t1", CallPhase.TEST)
    assert rescue.incident(number).version == version
    assert len(incidents(rescue)) == 1


def test_the_end_of_a_call_leaves_the_rescue_to_people(rescue: Rescue) -> None:
    number = call(rescue, "e1").incident or ""
    call(rescue, "e2")
    assert call(rescue, "e2", CallPhase.END).incident == number
    assert rescue.incident(number).state is IncidentState.DISPATCHED
    assert rescue.incident(number).wake_at is not None
