"""Who is on duty at a station or firm, and where nobody will be.

Theory of operation. A rota says which people work a shift on which days; a shift has wall-clock
times and belongs to the day on which it begins, so one across midnight is looked up from the day
before. Exceptions are applied in this order: a swap puts one person in another's place in one
shift; leave takes a person out for whole local days, also out of the part after midnight of a
shift begun before; a stand-in, where one is named, takes the place for that time unless on leave
too. Wall-clock times become instants by the zone, so a shift is an hour shorter or longer when
clocks change and shifts that follow each other still meet. A gap is a time with fewer different
people than are needed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from devices.days import ONE_DAY, day_begins, days_from, local_day

EVERY_DAY = frozenset(range(7))
AHEAD = timedelta(hours=24)


class OnHolidays(StrEnum):
    """What a rota does on a holiday."""

    AS_USUAL = "as_usual"
    REST = "rest"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Shift:
    """Wall-clock times; `ends` not after `begins` means on the next day, equal means 24 hours."""

    name: str
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class Rota:
    """Who works a shift, from `first` to `last` (None: until further notice), both included.

    It falls on every `every`-th day from `first` that is one of `weekdays` (Monday is 0).
    """

    shift: Shift
    people: tuple[str, ...]
    first: date
    last: date | None = None
    every: int = 1
    weekdays: frozenset[int] = EVERY_DAY
    holidays: OnHolidays = OnHolidays.AS_USUAL

    def __post_init__(self) -> None:
        """Refuse a step below a day; raises ValueError."""
        if self.every < 1:
            raise ValueError(f"every {self.every} is below 1")


@dataclass(frozen=True, slots=True)
class Swap:
    """In the shift of that name which begins on `day`, `takes` works in the place of `leaves`."""

    day: date
    shift: str
    leaves: str
    takes: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Whole local days on which a person is away, both included; `stand_in` may be named."""

    person: str
    first: date
    last: date
    stand_in: str | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything that decides who is on duty. `needed` people must be there at any time."""

    rotas: tuple[Rota, ...]
    swaps: tuple[Swap, ...] = ()
    leaves: tuple[Leave, ...] = ()
    holidays: frozenset[date] = field(default_factory=frozenset)
    needed: int = 1


@dataclass(frozen=True, slots=True)
class OnDuty:
    """A person on duty, in the shift that began on `day`; `instead_of` is who was planned."""

    person: str
    shift: str
    day: date
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time, its end not included, in which only `people` are on duty."""

    begins_at: datetime
    ends_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """A shift of a day as instants, and who is there when it begins."""

    shift: Shift
    day: date
    begins_at: datetime
    ends_at: datetime
    people: tuple[OnDuty, ...]


@dataclass(frozen=True, slots=True)
class _Turn:
    """A shift on a day, as instants."""

    rota: Rota
    day: date
    begins_at: datetime
    ends_at: datetime


def on_duty(roster: Roster, now: datetime, zone: ZoneInfo) -> tuple[OnDuty, ...]:
    """Who is on duty at `now`, each person once, in the order of the rotas."""
    today = local_day(now, zone)
    turns = _turns(roster, today - ONE_DAY, today, zone)
    return _present(roster, [t for t in turns if t.begins_at <= now < t.ends_at], now, zone)


def worked(roster: Roster, first: date, last: date, zone: ZoneInfo) -> tuple[Worked, ...]:
    """The shifts that begin on those days, both included, in the order of their beginning."""
    together: dict[tuple[datetime, datetime, str], list[_Turn]] = {}
    for turn in _turns(roster, first, last, zone):
        key = turn.begins_at, turn.ends_at, turn.rota.shift.name
        together.setdefault(key, []).append(turn)
    return tuple(
        Worked(
            turns[0].rota.shift,
            turns[0].day,
            begins_at,
            ends_at,
            _present(roster, turns, begins_at, zone),
        )
        for (begins_at, ends_at, _), turns in sorted(together.items(), key=lambda each: each[0])
    )


def gaps(roster: Roster, begins_at: datetime, ends_at: datetime, zone: ZoneInfo) -> tuple[Gap, ...]:
    """The times between two instants in which fewer than the needed people are on duty.

    Neighbouring times with the same people are one gap.
    """
    first, last = local_day(begins_at, zone) - ONE_DAY, local_day(ends_at, zone)
    turns = list(_turns(roster, first, last, zone))
    edges = {begins_at, ends_at}
    edges |= {at for t in turns for at in (t.begins_at, t.ends_at)}
    for leave in roster.leaves:
        edges |= {day_begins(leave.first, zone), day_begins(leave.last + ONE_DAY, zone)}
    within = sorted(at for at in edges if begins_at <= at <= ends_at)
    found: list[Gap] = []
    for start, end in pairwise(within):
        there = [t for t in turns if t.begins_at <= start < t.ends_at]
        people = tuple(each.person for each in _present(roster, there, start, zone))
        if len(people) >= roster.needed:
            continue
        if found and found[-1].ends_at == start and found[-1].people == people:
            found[-1] = Gap(found[-1].begins_at, end, people)
        else:
            found.append(Gap(start, end, people))
    return tuple(found)


def gaps_ahead(
    roster: Roster, now: datetime, zone: ZoneInfo, within: timedelta = AHEAD
) -> tuple[Gap, ...]:
    """The gaps of the time to come: what the alarm of a roster rests on."""
    return gaps(roster, now, now + within, zone)


def swaps_without_effect(roster: Roster) -> tuple[Swap, ...]:
    """Swaps of a shift that is not worked on that day, or not by the person who would leave it."""
    return tuple(
        swap
        for swap in roster.swaps
        if not any(
            rota.shift.name == swap.shift
            and swap.leaves in rota.people
            and _falls_on(rota, swap.day, roster.holidays)
            for rota in roster.rotas
        )
    )


def _present(
    roster: Roster, turns: Iterable[_Turn], at: datetime, zone: ZoneInfo
) -> tuple[OnDuty, ...]:
    day = local_day(at, zone)
    away = {leave.person: leave for leave in roster.leaves if leave.first <= day <= leave.last}
    present: dict[str, OnDuty] = {}
    for turn in turns:
        swaps = {
            swap.leaves: swap.takes
            for swap in roster.swaps
            if swap.day == turn.day and swap.shift == turn.rota.shift.name
        }
        for planned in turn.rota.people:
            person: str | None = swaps.get(planned, planned)
            if person in away:
                person = away[person].stand_in
            if person is None or person in away:
                continue
            instead_of = None if person == planned else planned
            present.setdefault(person, OnDuty(person, turn.rota.shift.name, turn.day, instead_of))
    return tuple(present.values())


def _turns(roster: Roster, first: date, last: date, zone: ZoneInfo) -> Iterator[_Turn]:
    for rota in roster.rotas:
        until = last if rota.last is None else min(last, rota.last)
        for day in days_from(max(first, rota.first), until):
            if _falls_on(rota, day, roster.holidays):
                over = ONE_DAY if rota.shift.ends <= rota.shift.begins else timedelta()
                begins_at = _instant(day, rota.shift.begins, zone)
                yield _Turn(rota, day, begins_at, _instant(day + over, rota.shift.ends, zone))


def _falls_on(rota: Rota, day: date, holidays: frozenset[date]) -> bool:
    if day < rota.first or (rota.last is not None and day > rota.last):
        return False
    if (day - rota.first).days % rota.every or day.weekday() not in rota.weekdays:
        return False
    match rota.holidays:
        case OnHolidays.AS_USUAL:
            return True
        case OnHolidays.REST:
            return day not in holidays
        case OnHolidays.ONLY:
            return day in holidays


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A wall-clock time as an instant: the first of two, or as much after the gap."""
    return datetime.combine(day, at, zone).astimezone(UTC)
