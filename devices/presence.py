"""Whether a gateway (and so its lifts) is online, by when it was last heard.

Theory of operation. A status is due at least once in 60 s, a heartbeat too; one may be lost on a
radio link without meaning anything, so a device is late after a little more than one missed
report, and offline after several. Instants are receipts by the hub's clock: a device whose own
clock is wrong is present all the same. A gateway's last will says "offline" at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Presence(StrEnum):
    """What the hub may say of a device's connection."""

    ONLINE = "online"
    LATE = "late"
    OFFLINE = "offline"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class PresenceLimits:
    """How long after its last message a device becomes late, then offline."""

    late_after: timedelta = timedelta(seconds=90)
    offline_after: timedelta = timedelta(minutes=5)

    def __post_init__(self) -> None:
        """Refuse limits in the wrong order; raises ValueError."""
        if not timedelta(0) < self.late_after <= self.offline_after:
            raise ValueError("late_after must be positive and not above offline_after")


DEFAULT = PresenceLimits()


def presence(
    last_seen: datetime | None,
    now: datetime,
    limits: PresenceLimits = DEFAULT,
    *,
    said_offline: bool = False,
) -> Presence:
    """The presence at `now` of what was last heard at `last_seen` (None: never).

    said_offline: the last thing heard was its last will.
    """
    if last_seen is None:
        return Presence.NEVER
    silent = now - last_seen
    if said_offline or silent >= limits.offline_after:
        return Presence.OFFLINE
    return Presence.LATE if silent >= limits.late_after else Presence.ONLINE


def changes_at(
    last_seen: datetime, now: datetime, limits: PresenceLimits = DEFAULT
) -> datetime | None:
    """When presence will next change if nothing more is heard; None once it is offline."""
    for limit in (limits.late_after, limits.offline_after):
        if last_seen + limit > now:
            return last_seen + limit
    return None
