"""Life cycle of an assignment (派单): one target asked to help with one incident.

Theory of operation. Escalation adds an assignment and never overwrites one. An offer that nobody
answers in time is marked unanswered; a late acceptance still counts, because a crew that comes
late is better than none. Withdrawing after acceptance is a refusal, and escalation goes on. When
the people are free, whoever is still under way is stood down.
"""

from enum import StrEnum

from core.lifecycle import LifeCycle


class AssignmentState(StrEnum):
    """Where an assignment stands."""

    OFFERED = "offered"
    UNANSWERED = "unanswered"
    REFUSED = "refused"
    ACKNOWLEDGED = "acknowledged"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    DONE = "done"
    STOOD_DOWN = "stood_down"


class AssignmentAction(StrEnum):
    """What moves an assignment. `lapse` is the engine's alone."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    EN_ROUTE = "en_route"
    ARRIVE = "arrive"
    FINISH = "finish"
    STAND_DOWN = "stand_down"
    LAPSE = "lapse"


class Proof(StrEnum):
    """How an arrival is proven."""

    PHONE = "phone"
    QR = "qr"
    GEOFENCE = "geofence"
    INSPECTION_MODE = "inspection_mode"


class TargetKind(StrEnum):
    """Who can be asked: level 1, 2 and 3."""

    FIRM = "firm"
    STATION = "station"
    PUBLIC_RESCUE = "public_rescue"


_S, _A = AssignmentState, AssignmentAction

ASSIGNMENT: LifeCycle[AssignmentState, AssignmentAction] = LifeCycle(
    name="assignment",
    initial=_S.OFFERED,
    table={
        _S.OFFERED: {
            _A.ACCEPT: _S.ACKNOWLEDGED,
            _A.REFUSE: _S.REFUSED,
            _A.LAPSE: _S.UNANSWERED,
            _A.STAND_DOWN: _S.STOOD_DOWN,
        },
        _S.UNANSWERED: {
            _A.ACCEPT: _S.ACKNOWLEDGED,
            _A.REFUSE: _S.REFUSED,
            _A.STAND_DOWN: _S.STOOD_DOWN,
        },
        _S.REFUSED: {},
        _S.ACKNOWLEDGED: {
            _A.EN_ROUTE: _S.EN_ROUTE,
            _A.ARRIVE: _S.ON_SCENE,
            _A.REFUSE: _S.REFUSED,
            _A.STAND_DOWN: _S.STOOD_DOWN,
        },
        _S.EN_ROUTE: {
            _A.ARRIVE: _S.ON_SCENE,
            _A.REFUSE: _S.REFUSED,
            _A.STAND_DOWN: _S.STOOD_DOWN,
        },
        _S.ON_SCENE: {_A.FINISH: _S.DONE, _A.STAND_DOWN: _S.STOOD_DOWN},
        _S.DONE: {},
        _S.STOOD_DOWN: {},
    },
)

ACTIVE = frozenset({_S.ACKNOWLEDGED, _S.EN_ROUTE, _S.ON_SCENE})
"""States in which a crew has accepted and is at work."""

OPEN = ACTIVE | {_S.OFFERED, _S.UNANSWERED}
"""States in which the target may still act."""


def next_state(state: AssignmentState, action: AssignmentAction) -> AssignmentState:
    """The state that `action` leads to; raises Conflict("wrong_state") where it is refused."""
    return ASSIGNMENT.next_state(state, action)
