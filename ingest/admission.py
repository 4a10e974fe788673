"""Whether a readable message may be taken: pure, with a named reason for every no.

Theory of operation. A gateway numbers its messages within a `boot`. What is not above the highest
number seen of that boot, and not among the gaps remembered, is a duplicate. The device's clock is
never trusted: a clock that was never set (1970), has rolled over (2036) or is ahead by more than
`AHEAD` refuses the message as skewed; one older than `STALE` is stale.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

AHEAD = timedelta(minutes=5)
STALE = timedelta(days=7)
NEVER_SET = datetime(2020, 1, 1, tzinfo=UTC)
REMEMBERED_GAPS = 1000


class Reason(StrEnum):
    """Why a message was not taken."""

    DUPLICATE = "duplicate"
    SKEWED = "skewed_clock"
    STALE = "stale"
    FLOOR = "floor_out_of_range"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a gateway's numbering: highest number of the boot, and numbers missing."""

    boot: str
    highest: int
    missing: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Take it; `seen` is to be remembered, `lost` numbers were skipped before it."""

    seen: Seen | None
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """Do not take it."""

    reason: Reason
    field: str
    detail: str


def device_instant(ts: int) -> datetime | None:
    """The instant of `ts` milliseconds; None beyond the calendar."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ts)
    except OverflowError:
        return None


def admit(  # noqa: PLR0911  (one return a reason)
    seen: Seen | None,
    *,
    ts: int,
    boot: str | None,
    seq: int,
    now: datetime,
    floor: int | None = None,
    floors: tuple[int, int] | None = None,
) -> Admitted | Refused:
    """Judge one message against what is known of its gateway, its lift and the hub's clock."""
    at = device_instant(ts)
    if at is None or at < NEVER_SET or at > now + AHEAD:
        shown = "beyond the calendar" if at is None else at.isoformat()
        return Refused(Reason.SKEWED, "ts", f"device clock says {shown}: set it")
    if at < now - STALE:
        return Refused(Reason.STALE, "ts", f"older than {STALE.days} days")
    if floor is not None and floors is not None and not floors[0] <= floor <= floors[1]:
        return Refused(
            Reason.FLOOR, "floor", f"floor {floor} is not between {floors[0]} and {floors[1]}"
        )
    if boot is None:
        return Admitted(seen)
    if seen is None or seen.boot != boot:
        return Admitted(Seen(boot, seq))
    if seq > seen.highest:
        gap = range(seen.highest + 1, seq)
        missing = seen.missing | frozenset(gap[-REMEMBERED_GAPS:])
        if len(missing) > REMEMBERED_GAPS:
            missing = frozenset(sorted(missing)[-REMEMBERED_GAPS:])
        return Admitted(Seen(boot, seq, missing), lost=len(gap))
    if seq in seen.missing:
        return Admitted(Seen(boot, seen.highest, seen.missing - {seq}))
    return Refused(Reason.DUPLICATE, "seq", f"{seq} of boot {boot} was taken already")
