"""An emergency call between the lane that received it and the room that answers it."""

from dataclasses import dataclass
from datetime import datetime

from devices.model import Lift
from devices.protocol.messages import Call


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A readable call of a gateway that speaks for `lift`; repeats carry the same event id."""

    call: Call
    lift: Lift
    gateway: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call that could not be taken, and why; `topic` is as it came from the wire.

    `reason` is the stable word, `field` names what is wrong (empty: the whole), `detail` says it
    for a person. `event_id` and `lift_code` are given where the call still told them.
    """

    topic: str
    reason: str
    field: str
    detail: str
    received_at: datetime
    event_id: str | None = None
    lift_code: str | None = None
