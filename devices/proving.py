"""Whether a lift is proven able to call for help, by its test calls: pure.

Theory of operation. Modelled on EN 81-28 (GB/T 24475 follows it): the alarm equipment makes a test
call by itself at least every 72 hours, and whoever takes calls keeps a list of those that did not.
A test call proves the way from the car to the hub's book by having come; where it tells of
microphone and loudspeaker, both must work. The newest one counts: one that found something broken
is no proof, however good the one before was. Escalators, moving walks and lifts for goods alone
carry nobody who could call, and a lift that is out of service is not asked. A call for help is no
test: it tells nothing of what the equipment found.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from devices.model import LiftKind

EVERY = timedelta(hours=72)
NOBODY_INSIDE = frozenset({LiftKind.ESCALATOR, LiftKind.MOVING_WALK, LiftKind.SERVICE})


class Ability(StrEnum):
    """What the newest test call says of a lift."""

    PROVEN = "proven"
    OVERDUE = "overdue"  # the newest is too old
    FAILED = "failed"  # the newest found microphone or loudspeaker broken
    NEVER = "never"
    UNCONNECTED = "unconnected"  # no gateway speaks for it: it calls by other ways, or not at all


UNPROVEN = (Ability.NEVER, Ability.FAILED, Ability.OVERDUE)
"""What the roll is of; who has no gateway is told apart."""


@dataclass(frozen=True, slots=True)
class LastTest:
    """The newest test call of a lift. `passed_at`: the newest that found nothing wrong.

    What is None was not told.
    """

    at: datetime
    passed_at: datetime | None
    gateway_id: str
    microphone: bool | None = None
    loudspeaker: bool | None = None
    battery_pct: int | None = None

    @property
    def passed(self) -> bool:
        """Whether the newest found nothing wrong."""
        return self.passed_at == self.at


def ability(newest: LastTest | None, now: datetime, *, connected: bool) -> Ability:
    """What is known at `now`; `connected`: some gateway speaks for the lift."""
    if not connected:
        return Ability.UNCONNECTED
    if newest is None:
        return Ability.NEVER
    if not newest.passed:
        return Ability.FAILED
    return Ability.PROVEN if now - newest.at <= EVERY else Ability.OVERDUE
