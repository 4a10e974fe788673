"""When the next visit of a lift is due, and on which day it is best planned.

Theory of operation. For each period the due day is the day of the last visit of that depth or a
deeper one plus 15, 90, 180 or 365 days; before the first such visit the day on which the cycle
began stands in its place. The next visit is due on the earliest of those days, and is as deep as
the deepest period that could not wait for the visit after it. It is planned on the last day, not
after the due day, on which firm, team and worker all work: holidays pull a visit forward and never
push it past the legal day. Modelled on TSG T5002-2017 Art. 6 and on field practice for reminders.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from devices.days import WorkCalendar, days_from, marks_passed
from devices.maintenance.period import DAYS, Period

LADDER = (-2, 0, 1, 3, 7)
"""Days around the due day at which somebody is reminded, each time further up."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a cycle begins: the day it counts from, and the first visit where it is agreed."""

    counts_from: date
    first_due: date | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A visit that counts: its depth and the local day on which it was finished."""

    period: Period
    on: date


@dataclass(frozen=True, slots=True)
class Due:
    """A visit to come: the depth wanted and the last legal day."""

    period: Period
    on: date


@dataclass(frozen=True, slots=True)
class Planned:
    """The day planned for a visit. `reasons` say why it is not the due day, or what is missing."""

    on: date
    reasons: tuple[str, ...] = ()


def due_days(
    start: Start, done: Iterable[Done], days: Mapping[Period, int] = DAYS
) -> Mapping[Period, date]:
    """The due day of each period."""
    last: dict[Period, date] = {}
    for visit in done:
        for period in Period:
            if visit.period.covers(period):
                last[period] = max(visit.on, last.get(period, visit.on))
    dues = {p: last.get(p, start.counts_from) + timedelta(days=days[p]) for p in Period}
    if start.first_due is not None and Period.HALF_MONTH not in last:
        dues[Period.HALF_MONTH] = start.first_due
    return dues


def next_visit(
    start: Start,
    done: Iterable[Done],
    days: Mapping[Period, int] = DAYS,
    *,
    today: date | None = None,
) -> Due:
    """The next visit by the calendar.

    With `today`, an overdue visit is as deep as it must be when it is made today: what cannot wait
    for the visit after it has grown since its due day.
    """
    dues = due_days(start, done, days)
    on = min(dues.values())
    made_on = on if today is None else max(on, today)
    after_it = made_on + timedelta(days=days[Period.HALF_MONTH])
    return Due(max((p for p in Period if dues[p] < after_it), key=lambda p: p.depth), on)


def plan(due: date, calendars: Sequence[WorkCalendar], not_before: date) -> Planned:
    """The day to plan a visit that is due on `due`: never after it unless it has passed.

    `not_before` is today or the first day on which the crew is free. An overdue visit is planned
    on the first working day from there, and on `not_before` itself where none is near.
    """
    if due < not_before:
        soon = days_from(not_before, not_before + timedelta(days=14))
        first = next((day for day in soon if _all_work(calendars, day)), not_before)
        return Planned(first, ("overdue",))
    for back in range((due - not_before).days + 1):
        day = due - timedelta(days=back)
        if _all_work(calendars, day):
            return Planned(day, ("moved_before_rest_days",) if back else ())
    return Planned(due, ("no_working_day_before_due",))


def rungs_passed(due: date, after: datetime, until: datetime, zone: ZoneInfo) -> tuple[int, ...]:
    """The marks of the overdue ladder reached after one instant and not after the other."""
    return marks_passed(due, LADDER, after, until, zone)


def _all_work(calendars: Sequence[WorkCalendar], day: date) -> bool:
    return all(calendar.works_on(day) for calendar in calendars)
