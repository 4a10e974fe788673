"""Life cycle of an incident (救援事件).

Theory of operation. An incident is one need for help at one lift. It follows the furthest of its
assignments: a second crew that accepts while the first is on the scene moves nothing back. When a
crew withdraws it falls back to the furthest of those that are left, and to dispatched when none is:
it falls back to dispatched and takes their steps again. After release it still needs three things
in order: the call-back that confirms it by voice, the cause, and closing. A cause may be reported
before the call-back; it is kept and counts as soon as the call-back is done. Side exits are a self-
escape and a false alarm, both decided by a person. Modelled on the step lists of city rescue
centres (DB32/T 4130-2021 as publicly previewed) and on computer-aided dispatch practice.
"""

from enum import StrEnum

from core.lifecycle import LifeCycle


class IncidentState(StrEnum):
    """Where an incident stands."""

    NEW = "new"
    LOCATED = "located"
    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    FREED = "freed"
    CONFIRMED = "confirmed"
    CAUSE_REPORTED = "cause_reported"
    CLOSED = "closed"
    SELF_ESCAPED = "self_escaped"
    FALSE_ALARM = "false_alarm"


class IncidentEvent(StrEnum):
    """What moves an incident."""

    LOCATE = "locate"
    DISPATCH = "dispatch"
    ACKNOWLEDGE = "acknowledge"
    SET_OUT = "set_out"
    ARRIVE = "arrive"
    FALL_BACK = "fall_back"
    FREE = "free"
    CONFIRM = "confirm"
    REPORT_CAUSE = "report_cause"
    CLOSE = "close"
    SELF_ESCAPE = "self_escape"
    DISMISS = "dismiss"


_S, _E = IncidentState, IncidentEvent

INCIDENT: LifeCycle[IncidentState, IncidentEvent] = LifeCycle(
    name="incident",
    initial=_S.NEW,
    table={
        _S.NEW: {
            _E.LOCATE: _S.LOCATED,
            _E.DISPATCH: _S.DISPATCHED,
            _E.FREE: _S.FREED,
            _E.SELF_ESCAPE: _S.SELF_ESCAPED,
            _E.DISMISS: _S.FALSE_ALARM,
        },
        _S.LOCATED: {
            _E.DISPATCH: _S.DISPATCHED,
            _E.FREE: _S.FREED,
            _E.SELF_ESCAPE: _S.SELF_ESCAPED,
            _E.DISMISS: _S.FALSE_ALARM,
        },
        _S.DISPATCHED: {
            _E.LOCATE: _S.DISPATCHED,
            _E.DISPATCH: _S.DISPATCHED,
            _E.ACKNOWLEDGE: _S.ACKNOWLEDGED,
            _E.FREE: _S.FREED,
            _E.SELF_ESCAPE: _S.SELF_ESCAPED,
            _E.DISMISS: _S.FALSE_ALARM,
        },
        _S.ACKNOWLEDGED: {
            _E.LOCATE: _S.ACKNOWLEDGED,
            _E.DISPATCH: _S.ACKNOWLEDGED,
            _E.ACKNOWLEDGE: _S.ACKNOWLEDGED,
            _E.SET_OUT: _S.EN_ROUTE,
            _E.ARRIVE: _S.ON_SCENE,
            _E.FALL_BACK: _S.DISPATCHED,
            _E.FREE: _S.FREED,
            _E.SELF_ESCAPE: _S.SELF_ESCAPED,
            _E.DISMISS: _S.FALSE_ALARM,
        },
        _S.EN_ROUTE: {
            _E.LOCATE: _S.EN_ROUTE,
            _E.DISPATCH: _S.EN_ROUTE,
            _E.ACKNOWLEDGE: _S.EN_ROUTE,
            _E.SET_OUT: _S.EN_ROUTE,
            _E.ARRIVE: _S.ON_SCENE,
            _E.FALL_BACK: _S.DISPATCHED,
            _E.FREE: _S.FREED,
            _E.SELF_ESCAPE: _S.SELF_ESCAPED,
            _E.DISMISS: _S.FALSE_ALARM,
        },
        _S.ON_SCENE: {
            _E.LOCATE: _S.ON_SCENE,
            _E.DISPATCH: _S.ON_SCENE,
            _E.ACKNOWLEDGE: _S.ON_SCENE,
            _E.SET_OUT: _S.ON_SCENE,
            _E.ARRIVE: _S.ON_SCENE,
            _E.FALL_BACK: _S.DISPATCHED,
            _E.FREE: _S.FREED,
            _E.SELF_ESCAPE: _S.SELF_ESCAPED,
            _E.DISMISS: _S.FALSE_ALARM,
        },
        _S.FREED: {_E.REPORT_CAUSE: _S.FREED, _E.CONFIRM: _S.CONFIRMED},
        _S.CONFIRMED: {_E.REPORT_CAUSE: _S.CAUSE_REPORTED},
        _S.CAUSE_REPORTED: {_E.REPORT_CAUSE: _S.CAUSE_REPORTED, _E.CLOSE: _S.CLOSED},
        _S.CLOSED: {},
        _S.SELF_ESCAPED: {_E.REPORT_CAUSE: _S.SELF_ESCAPED, _E.CLOSE: _S.CLOSED},
        _S.FALSE_ALARM: {_E.CLOSE: _S.CLOSED},
    },
)

RESCUING = frozenset({_S.NEW, _S.LOCATED, _S.DISPATCHED, _S.ACKNOWLEDGED, _S.EN_ROUTE, _S.ON_SCENE})
"""States in which somebody still needs help: escalation runs, and further calls are merged."""

RELEASED = frozenset({_S.FREED, _S.CONFIRMED, _S.CAUSE_REPORTED})
"""States after release in which duties remain."""


def next_state(state: IncidentState, event: IncidentEvent) -> IncidentState:
    """The state that `event` leads to; raises Conflict("wrong_state") where it is refused."""
    return INCIDENT.next_state(state, event)
