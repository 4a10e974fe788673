"""Life cycle of a lift's service: who stops it, and who may start it again.

Theory of operation. The use unit's safety officer must stop a lift on a serious hazard and starts
it again when the cause has gone (Order 74 of the market regulator, 2023). A lift that an authority
has sealed is released by an authority only. A lift laid up for long is put back by the officer,
after an inspection where it stood for more than a year (inspection.py). Every move has a reason.
"""

from enum import StrEnum

from core.errors import InvalidMessage
from core.lifecycle import LifeCycle


class ServiceState(StrEnum):
    """Whether people may ride."""

    IN_SERVICE = "in_service"
    STOPPED = "stopped"
    SEALED = "sealed"
    LAID_UP = "laid_up"


class ServiceEvent(StrEnum):
    """What moves a lift between these."""

    STOP = "stop"
    START_AGAIN = "start_again"
    SEAL = "seal"
    RELEASE = "release"
    LAY_UP = "lay_up"


_S, _E = ServiceState, ServiceEvent

SERVICE: LifeCycle[ServiceState, ServiceEvent] = LifeCycle(
    name="service",
    initial=_S.IN_SERVICE,
    table={
        _S.IN_SERVICE: {_E.STOP: _S.STOPPED, _E.SEAL: _S.SEALED, _E.LAY_UP: _S.LAID_UP},
        _S.STOPPED: {
            _E.START_AGAIN: _S.IN_SERVICE,
            _E.SEAL: _S.SEALED,
            _E.LAY_UP: _S.LAID_UP,
        },
        _S.SEALED: {_E.RELEASE: _S.STOPPED},
        _S.LAID_UP: {_E.START_AGAIN: _S.IN_SERVICE, _E.SEAL: _S.SEALED},
    },
)


def move(state: ServiceState, event: ServiceEvent, reason: str) -> ServiceState:
    """The state that `event` leads to.

    Raises Conflict("wrong_state") where it is refused, InvalidMessage without a reason.
    """
    after = SERVICE.next_state(state, event)
    if not reason.strip():
        raise InvalidMessage("reason_missing", "say why in words", field="reason")
    return after
