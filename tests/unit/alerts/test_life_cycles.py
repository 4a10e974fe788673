from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alerts.alarm import ALARM, AlarmEvent
from alerts.assignment import ASSIGNMENT, AssignmentAction
from alerts.diagrams import document
from alerts.incident import INCIDENT, IncidentEvent
from core.errors import Conflict
from core.lifecycle import LifeCycle

if TYPE_CHECKING:
    from enum import StrEnum

CELLS = [
    pytest.param(cycle, state, event, id=f"{cycle.name}-{state}-{event}")
    for cycle, events in (
        (INCIDENT, IncidentEvent),
        (ASSIGNMENT, AssignmentAction),
        (ALARM, AlarmEvent),
    )
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


@pytest.mark.parametrize("cycle", [INCIDENT, ASSIGNMENT, ALARM], ids=lambda c: c.name)
def test_every_state_is_reached_and_every_rescue_can_end(cycle: LifeCycle[Any, Any]) -> None:
    states: type[StrEnum] = type(cycle.initial)
    reached, frontier = {cycle.initial}, [cycle.initial]
    while frontier:
        for then in cycle.table[frontier.pop()].values():
            if then not in reached:
                reached.add(then)
                frontier.append(then)
    assert reached == set(cycle.table) == set(states)
    assert any(cycle.is_final(state) for state in reached)


def test_the_diagrams_in_the_documentation_are_current() -> None:
    doc = Path(__file__).parents[3] / "docs" / "design" / "life-cycles.md"
    assert doc.read_text(encoding="utf-8") == document()
