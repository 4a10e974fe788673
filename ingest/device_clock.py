"""When something happened, by a device whose clock may be wrong: pure.

Theory of operation. A message cannot come from the future, and a clock that was never set says
1970, one that rolled over 2036: those are wrong for certain, and the offset to the hub's clock is
taken as the smallest lag seen (a message is never received before it is sent, so the smallest lag
is nearest to the truth). A lag of minutes or days is ambiguous: the clock may be slow, or the
gateway was offline and now sends what it kept. What is kept is sent faster than it happened, so its
lag shrinks from message to message; a lag that stays the same over `WATCHED` is a slow clock.
Deadlines never depend on any of this: they use the hub's own clock.
"""

from datetime import timedelta
from functools import lru_cache

from msgspec import Struct

STALE = timedelta(days=7)  # older than this by a clock that is right: not taken
SECOND = 1_000
TRUE_LAG = 60 * SECOND  # up to this, a lag is the road's, not the clock's
AHEAD = 2 * SECOND
CERTAINLY_AHEAD = 120 * SECOND
STALE_MS = 7 * 24 * 3600 * SECOND
NEVER_SET = 1_577_836_800 * SECOND  # 2020-01-01
WATCHED = 300 * SECOND
SPREAD = 30 * SECOND
DRIFT = 600 * SECOND


class DeviceClock(Struct, frozen=True, gc=False):
    """What is known of a gateway's clock, all in milliseconds.

    offset: to be added to what it says; 0 while it is trusted. right_at: when it was last seen to
    be right. The rest watches a lag that may be a slow clock.
    """

    offset: int = 0
    right_at: int = 0
    watched_from: int = 0
    least: int = 0
    most: int = 0


TRUSTED = DeviceClock()


class Told(Struct, frozen=True, gc=False):
    """The clock to remember; when it happened (None: older than STALE by a clock that is right)."""

    clock: DeviceClock
    event_ms: int | None
    skewed: bool = False


def happened(clock: DeviceClock, ts: int, received_ms: int) -> Told:  # noqa: PLR0911  (one a case)
    """When a message of device time `ts` happened, never after `received_ms`."""
    lag = received_ms - ts
    if -AHEAD <= lag <= TRUE_LAG and clock.offset == 0:
        if received_ms - clock.right_at > TRUE_LAG:
            clock = _right(received_ms - received_ms % TRUE_LAG)
        return Told(clock, min(ts, received_ms))
    if ts < NEVER_SET or lag < -CERTAINLY_AHEAD or (lag > STALE_MS and not clock.right_at):
        return _corrected(clock, lag, ts, received_ms)
    if lag > STALE_MS:
        return Told(clock, None)
    if clock.offset and abs(lag - clock.offset) <= DRIFT:
        return _corrected(clock, lag, ts, received_ms)
    if lag <= TRUE_LAG:  # set right again, or not far enough ahead to be certain
        return Told(DeviceClock(right_at=received_ms), min(ts, received_ms))
    watched = _watch(clock, lag, received_ms)
    if received_ms - watched.watched_from >= WATCHED:
        return _corrected(watched, watched.least, ts, received_ms)
    return Told(watched, ts)


@lru_cache(maxsize=1)
def _right(at: int) -> DeviceClock:
    """Nearly every gateway's clock is right: those seen in one minute share one value."""
    return DeviceClock(right_at=at)


def _corrected(clock: DeviceClock, lag: int, ts: int, received_ms: int) -> Told:
    known = clock.offset if clock.offset and abs(lag - clock.offset) <= DRIFT else lag
    offset = min(known, lag)
    kept = DeviceClock(offset=offset, right_at=clock.right_at)
    return Told(kept, min(ts + offset, received_ms), skewed=True)


def _watch(clock: DeviceClock, lag: int, received_ms: int) -> DeviceClock:
    least, most = min(clock.least or lag, lag), max(clock.most, lag)
    if clock.watched_from and most - least <= SPREAD:
        since = clock.watched_from
    else:
        since, least, most = received_ms, lag, lag
    return DeviceClock(right_at=clock.right_at, watched_from=since, least=least, most=most)
