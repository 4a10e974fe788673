from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import Conflict, InvalidMessage
from core.lifecycle import LifeCycle
from devices.maintenance import confirmation, stopping, visit
from devices.maintenance.stopping import SERVICE, ServiceEvent, ServiceState
from devices.maintenance.visit import VISIT, VisitEvent, VisitState

if TYPE_CHECKING:
    from enum import StrEnum

CELLS = [
    pytest.param(cycle, state, event, id=f"{cycle.name}-{state}-{event}")
    for cycle, events in ((VISIT, VisitEvent), (SERVICE, ServiceEvent))
    for state in type(cycle.initial)
    for event in events
]


@pytest.mark.parametrize(("cycle", "state", "event"), CELLS)
def test_every_cell_moves_or_refuses(cycle: LifeCycle[Any, Any], state: Any, event: Any) -> None:
    if event in cycle.allowed(state):
        assert cycle.next_state(state, event) is cycle.table[state][event]
    else:
        with pytest.raises(Conflict) as refused:
            cycle.next_state(state, event)
        assert refused.value.reason == "wrong_state"


@pytest.mark.parametrize("cycle", [VISIT, SERVICE], ids=lambda c: c.name)
def test_every_state_is_reached(cycle: LifeCycle[Any, Any]) -> None:
    states: type[StrEnum] = type(cycle.initial)
    reached, frontier = {cycle.initial}, [cycle.initial]
    while frontier:
        for then in cycle.table[frontier.pop()].values():
            if then not in reached:
                reached.add(then)
                frontier.append(then)
    assert reached == set(cycle.table) == set(states)


def test_a_visit_from_a_phone_without_a_network_goes_the_whole_way() -> None:
    state = VISIT.initial
    for event in (VisitEvent.SUBMIT, VisitEvent.DISPUTE, VisitEvent.AMEND, VisitEvent.CONFIRM):
        state = visit.next_state(state, event)
    assert state is VisitState.CONFIRMED
    assert visit.next_state(state, VisitEvent.AMEND) != VisitState.CONFIRMED


def test_what_is_handed_in_never_goes_back_to_running() -> None:
    for state in set(VisitState) - visit.RUNNING:
        assert not visit.RUNNING & set(VISIT.table[state].values())


def test_a_lift_is_stopped_and_started_with_a_reason_only() -> None:
    stopped = stopping.move(ServiceState.IN_SERVICE, ServiceEvent.STOP, "door does not lock")
    assert stopped is ServiceState.STOPPED
    with pytest.raises(InvalidMessage) as refused:
        stopping.move(stopped, ServiceEvent.START_AGAIN, "  ")
    assert refused.value.reason == "reason_missing"


def test_the_officer_cannot_start_what_an_authority_sealed() -> None:
    with pytest.raises(Conflict):
        stopping.move(ServiceState.SEALED, ServiceEvent.START_AGAIN, "tenants complain")


def test_confirmation_has_a_day_and_stays_late_for_ever() -> None:
    received = datetime(2026, 6, 1, 8, tzinfo=UTC)
    day, hour = timedelta(days=1), timedelta(hours=1)
    assert confirmation.late_by(received, None, received + day) == timedelta()
    assert confirmation.late_by(received, None, received + day + hour) == hour
    assert confirmation.late_by(received, received + 2 * day, received + 9 * day) == day
    assert confirmation.late_by(received, received + hour, received + 9 * day) == timedelta()


def test_only_the_named_officer_confirms_and_never_own_work() -> None:
    assert confirmation.objections("officer", {"officer"}, ("one", "two")) == ()
    reasons = [f.reason for f in confirmation.objections("one", {"officer"}, ("one", "two"))]
    assert reasons == ["not_the_safety_officer", "own_work"]
