"""Life cycle of an alarm (报警): a condition that somebody should look at.

Theory of operation. An alarm ends when its condition has gone *and* somebody has seen it, in
either order: what came and went in the night still waits for a look. Clearing or acknowledging a
second time is refused, so a repeated hand-off row changes nothing. Modelled on alarm practice of
control rooms (unacknowledged / acknowledged x active / returned to normal).
"""

from enum import StrEnum

from core.lifecycle import LifeCycle


class AlarmState(StrEnum):
    """Where an alarm stands."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    CLOSED = "closed"


class AlarmEvent(StrEnum):
    """What moves an alarm."""

    ACKNOWLEDGE = "acknowledge"
    CLEAR = "clear"


_S, _E = AlarmState, AlarmEvent

ALARM: LifeCycle[AlarmState, AlarmEvent] = LifeCycle(
    name="alarm",
    initial=_S.ACTIVE,
    table={
        _S.ACTIVE: {_E.ACKNOWLEDGE: _S.ACKNOWLEDGED, _E.CLEAR: _S.CLEARED},
        _S.ACKNOWLEDGED: {_E.CLEAR: _S.CLOSED},
        _S.CLEARED: {_E.ACKNOWLEDGE: _S.CLOSED},
        _S.CLOSED: {},
    },
)


def next_state(state: AlarmState, event: AlarmEvent) -> AlarmState:
    """The state that `event` leads to; raises Conflict("wrong_state") where it is refused."""
    return ALARM.next_state(state, event)
