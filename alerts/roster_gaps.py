"""When a roster's gap is an alarm, and when it is looked at again. Pure.

Theory of operation. A gap is told when it begins within the next 24 hours or runs already; what
stands side by side is one gap with its fewest people. A gap keeps the name of its beginning while
it lasts: filled from its front it is another, and told anew, because it is another thing to do. A
roster is looked at when it changes, when a gap comes within reach, and when one is over; between
these nothing can change, so there is one timer a roster and no poll. Before its first rota nobody
kept it, and a time that nobody planned is no gap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from devices.days import day_begins, local_day
from devices.roster import AHEAD, Gap, gaps, worked
from devices.rosters.model import KeptRoster

BACK = timedelta(days=8)  # an older beginning is told as this one
FORTH = timedelta(days=8)  # the next look is not later than this


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time with fewer people than needed; `fewest` are there at its worst."""

    begins_at: datetime
    ends_at: datetime
    fewest: int


@dataclass(frozen=True, slots=True)
class Watched:
    """The gaps to tell now, and when to look again.

    from_at: gaps that begin here may have begun earlier. until_at: those that end here may go on.
    """

    told: tuple[Stretch, ...]
    wake_at: datetime
    from_at: datetime
    until_at: datetime


def watch(kept: KeptRoster, now: datetime, zone: ZoneInfo) -> Watched:
    """What to tell of a roster at `now`; it is given with the days from BACK to FORTH around."""
    until = now + FORTH
    if kept.kept_since is None or kept.needed == 0:
        return Watched((), until, now, until)
    since = max(now - BACK, _kept_from(kept, kept.kept_since, local_day(until, zone), zone))
    found = joined(gaps(kept.rule, since, until, zone)) if since < until else ()
    ahead = [each for each in found if each.ends_at > now]
    told = tuple(each for each in ahead if each.begins_at <= now + AHEAD)
    wakes = [each.ends_at for each in told]
    wakes += [each.begins_at - AHEAD for each in ahead if each not in told]
    return Watched(told, min([*wakes, until]), since, until)


def _kept_from(kept: KeptRoster, first: date, last: date, zone: ZoneInfo) -> datetime:
    """When the first shift ever begins, where that lies in the days that are known."""
    shifts = worked(kept.rule, first, last, zone)
    return shifts[0].begins_at if shifts else day_begins(first, zone)


def joined(found: Iterable[Gap]) -> tuple[Stretch, ...]:
    """Gaps that stand side by side as one."""
    whole: list[Stretch] = []
    for each in found:
        people = len(each.people)
        if whole and whole[-1].ends_at == each.begins_at:
            last = whole[-1]
            whole[-1] = Stretch(last.begins_at, each.ends_at, min(last.fewest, people))
        else:
            whole.append(Stretch(each.begins_at, each.ends_at, people))
    return tuple(whole)


def is_same(begun_at: datetime, gap: Stretch, seen: Watched) -> bool:
    """Whether a gap told as begun at `begun_at` is that one."""
    if gap.begins_at == seen.from_at:
        return begun_at <= gap.begins_at
    return begun_at == gap.begins_at


def words(begun_at: datetime, gap: Stretch, needed: int, seen: Watched, zone: ZoneInfo) -> str:
    """`11-24 20:00 – 11-25 08:00, 0/1`: the time, and how many people of those needed."""
    ends = "…" if gap.ends_at == seen.until_at else f"{gap.ends_at.astimezone(zone):%m-%d %H:%M}"
    return f"{begun_at.astimezone(zone):%m-%d %H:%M} – {ends}, {gap.fewest}/{needed}"
