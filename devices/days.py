"""Local days: their borders by the zone, working days, and marks around a due day.

Theory of operation. Duties are due by days as people at the place count them; instants are UTC. A
day runs from local midnight to the next one: 23 or 25 hours where clocks change. A mark is a day
counted from the due day (-2, 0, +1 …) and is reached when that day begins. `marks_passed` answers
the marks reached after one instant and not after another: whoever asks with the instant of the
last look meets each mark exactly once, however long the pause was.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SATURDAY, SUNDAY = 5, 6
ONE_DAY = timedelta(days=1)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The day that people in `zone` have at the instant `at`."""
    return at.astimezone(zone).date()


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the local day, in UTC.

    Where clocks go forward at midnight it is their first instant after the leap; where they go
    back over midnight, the day begins at the first of the two.
    """
    begins = datetime.combine(day, time(), zone).astimezone(UTC)
    return begins if local_day(begins, zone) == day else begins + timedelta(hours=1)


def days_from(first: date, last: date) -> Iterator[date]:
    """Each day from `first` to `last`, both included; none when they stand the other way round."""
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """On which days somebody works: a firm, a team or a worker.

    `rest_weekdays` are free (Monday is 0) unless in `worked`, the days that are worked instead;
    `closed` are holidays and leave, and go before everything.
    """

    rest_weekdays: frozenset[int] = frozenset({SATURDAY, SUNDAY})
    closed: frozenset[date] = field(default_factory=frozenset)
    worked: frozenset[date] = field(default_factory=frozenset)

    def works_on(self, day: date) -> bool:
        """Whether `day` is worked."""
        if day in self.closed:
            return False
        return day in self.worked or day.weekday() not in self.rest_weekdays


def mark_at(due: date, days: int, zone: ZoneInfo) -> datetime:
    """When the mark `days` after (below 0: before) the due day is reached."""
    return day_begins(due + timedelta(days=days), zone)


def marks_passed(
    due: date, marks: Iterable[int], after: datetime, until: datetime, zone: ZoneInfo
) -> tuple[int, ...]:
    """The marks reached later than `after` and not later than `until`, in their order in time."""
    return tuple(days for days in sorted(marks) if after < mark_at(due, days, zone) <= until)


def next_mark_at(
    due: date, marks: Iterable[int], after: datetime, zone: ZoneInfo
) -> datetime | None:
    """When the next mark after `after` is reached: a durable timer's wake; None after the last."""
    return min(
        (at for days in marks if (at := mark_at(due, days, zone)) > after),
        default=None,
    )


def days_overdue(due: date, now: datetime, zone: ZoneInfo) -> int:
    """Whole local days since the due day; 0 on it and before it."""
    return max(0, (local_day(now, zone) - due).days)
