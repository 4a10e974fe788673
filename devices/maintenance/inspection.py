"""When a lift is inspected (检验) or tested (检测), by rule and by exception.

Theory of operation. The cycle counts years from the month of the inspection that released the lift
after its installation. In years 1, 4, 7, 9, 11, 13, 15 and every year after that the authority's
body inspects; in the other years a test is enough. Each falls due at the end of that month and may
be done up to two months early; being early or late never moves the cycle. An inspection stands in
for a test, a test never for an inspection. A province may move due days, after a disaster for
instance: that is a table of moved days, and these move the cycle no more than anything else. A lift
that was out of use for more than a year is inspected before it runs again. Modelled on TSG
T7001-2023 and T7008-2023 as reported; years and months must be checked against the rule.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from devices.days import ONE_DAY

INSPECTED_YEARS = frozenset({1, 4, 7, 9, 11, 13, 15})
YEARLY_AFTER = 15
EARLY_MONTHS = 2
MONTHS = 12


class Check(StrEnum):
    """What is due."""

    INSPECTION = "inspection"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Passed:
    """A check that was passed, and the local day of it."""

    check: Check
    on: date


@dataclass(frozen=True, slots=True)
class MovedDays:
    """Due days from `first` to `last` in divisions whose code begins with `area` move to `to`."""

    area: str
    first: date
    last: date
    to: date
    reason: str


@dataclass(frozen=True, slots=True)
class CheckDue:
    """The check of one year of the cycle: the days between which it is in time, and why."""

    check: Check
    year: int
    earliest: date
    on: date
    reason: str = ""


def wanted_in(year: int) -> Check:
    """What a year of the cycle asks for; the first is 1."""
    if year < 1:
        raise ValueError(f"year {year} is before the cycle")
    inspected = year > YEARLY_AFTER or year in INSPECTED_YEARS
    return Check.INSPECTION if inspected else Check.TEST


def due_in(
    released: date, year: int, district: str = "", moved: Iterable[MovedDays] = ()
) -> CheckDue:
    """The check of that year for a lift released in the month of `released`."""
    on = months_after(released, year * MONTHS + 1) - ONE_DAY
    earliest = months_after(released, year * MONTHS - EARLY_MONTHS)
    reason = ""
    for each in moved:
        if district.startswith(each.area) and each.first <= on <= each.last:
            on, reason = each.to, each.reason
            break
    return CheckDue(wanted_in(year), year, min(earliest, on), on, reason)


def next_due(
    released: date,
    passed: Sequence[Passed],
    district: str = "",
    moved: Iterable[MovedDays] = (),
) -> CheckDue:
    """The first check that is not done yet, after the last that is."""
    done = max((y for p in passed if (y := _year_met(released, p)) is not None), default=0)
    return due_in(released, done + 1, district, moved)


def months_after(day: date, months: int) -> date:
    """The first day of the month that lies so many months after the month of `day`."""
    count = day.year * MONTHS + day.month - 1 + months
    return date(count // MONTHS, count % MONTHS + 1, 1)


def inspected_before_restart(out_of_use_since: date, starts_on: date) -> bool:
    """Whether a lift that stood still so long is inspected before it runs again."""
    try:
        year_later = out_of_use_since.replace(year=out_of_use_since.year + 1)
    except ValueError:  # 29 February
        year_later = out_of_use_since + timedelta(days=366)
    return starts_on > year_later


def _year_met(released: date, passed: Passed) -> int | None:
    """The year of the cycle that a check satisfies; None when it satisfies none.

    A check belongs to the year whose two early months, or anything after them, it falls in.
    """
    counted = (passed.on.year - released.year) * MONTHS + passed.on.month - released.month
    year = (counted + EARLY_MONTHS) // MONTHS
    if year < 1:
        return None
    wanted = wanted_in(year)
    return year if passed.check is Check.INSPECTION or wanted is Check.TEST else None
