"""When a gateway has fallen silent, and when a whole area has: pure rules over instants.

Theory of operation. A gateway is silent when nothing of it was taken for `limits.offline_after`
(devices.presence) of time in which the hub *listened*: connected to the broker and caught up with
it. Time before that says nothing about a gateway, so after a restart, a lost connection or a lane
that was long behind everybody has the whole limit anew. A last will says it at once.

When a large share of an area falls silent at once, the cause is not in the gateways: the network of
a city, or a broker's listener. Gateways late by `limits.late_after` are counted, so that when the
first reaches its limit the others have long shown whether it is alone. From SHARE of those that the
area still heard, and at least FEWEST, it is one condition of the area, and its gateways are told no
more one by one until all but LEFT_OVER of them speak again. Last wills come before there is
anything to count: AT_ONCE an area within HELD are told as they come, the others wait HELD and share
the verdict. Instants are microseconds of the hub's clock: 200,000 gateways are looked at in turn.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from devices.presence import DEFAULT, PresenceLimits

SHARE = 0.3
FEWEST = 20
LEFT_OVER = 0.1
AT_ONCE = 20
HELD = timedelta(seconds=90)
WAVE = timedelta(minutes=15)
"""Who said its last word longer ago is no part of what happens now."""

_US = timedelta(microseconds=1)
_HELD_US = HELD // _US
_WAVE_US = WAVE // _US


@dataclass(slots=True)
class Share:
    """Of one area, as one look at all its gateways counted them.

    known: heard before, and not told silent before this wave. quiet: of those, late or said
    farewell. speaking: of those, heard within `late_after`, really and not by grace.
    """

    known: int = 0
    quiet: int = 0
    speaking: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """The limits in microseconds, and the rules over them."""

    late_us: int
    offline_us: int

    @classmethod
    def by(cls, limits: PresenceLimits = DEFAULT) -> "Silence":
        """The rules with those limits."""
        return cls(limits.late_after // _US, limits.offline_after // _US)

    def over(self, heard_us: int, farewell_us: int | None, listening_us: int, now_us: int) -> bool:
        """Whether the gateway is silent; `farewell_us` is its last will, where that was held."""
        if farewell_us is not None and now_us - farewell_us >= _HELD_US:
            return True
        return now_us - max(heard_us, listening_us) >= self.offline_us

    def count(
        self,
        share: Share,
        heard_us: int,
        listening_us: int,
        now_us: int,
        *,
        farewell: bool,
        told: bool,
    ) -> None:
        """Add one gateway of an area; `told`: its silence already is a condition."""
        if told and now_us - heard_us > _WAVE_US:
            return
        share.known += 1
        if farewell or told or now_us - max(heard_us, listening_us) >= self.late_us:
            share.quiet += 1
        elif now_us - heard_us < self.late_us:
            share.speaking += 1


def area_silent(share: Share, *, already: bool) -> bool:
    """Whether the area is silent as a whole; `already`: it was at the last look."""
    if already:
        return share.speaking < (1 - LEFT_OVER) * share.known
    return share.quiet >= max(FEWEST, SHARE * share.known)


def told_at_once(farewells_us: Iterable[int], now_us: int) -> bool:
    """Whether one more last will of an area is told as it comes; else it waits HELD."""
    recent = sum(now_us - at < _HELD_US for at in farewells_us)
    return recent < AT_ONCE
