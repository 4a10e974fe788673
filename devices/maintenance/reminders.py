"""Days of notice before what expires or falls due, and what they are counted from.

Theory of operation. Each kind of duty has marks around its due day; a mark is met once (days.py).
The yearly self-inspection must lie before the periodic check, so it is reminded of by the day of
that check. A drill is due half a year after the last, on the same day of the month or the month's
last. Modelled on TSG T5002-2017 Art. 5(3) and 5(9) and on the notice periods of registry systems.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from devices.days import marks_passed
from devices.maintenance.cycle import LADDER
from devices.maintenance.inspection import months_after

DRILL_MONTHS = 6


class Duty(StrEnum):
    """What somebody is reminded of."""

    VISIT = "visit"
    INSPECTION = "inspection"
    SELF_INSPECTION = "self_inspection"
    DRILL = "drill"
    CONTRACT = "contract"
    CERTIFICATE = "certificate"


MARKS: Mapping[Duty, tuple[int, ...]] = MappingProxyType(
    {
        Duty.VISIT: LADDER,
        Duty.INSPECTION: (-60, -30, -7),
        Duty.SELF_INSPECTION: (-30, -7),
        Duty.DRILL: (-30,),
        Duty.CONTRACT: (-90, -60, -30),
        Duty.CERTIFICATE: (-60,),
    }
)
"""Days around the due day, or the last day of validity."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """A mark that was reached: of what, due when, and how many days from there."""

    duty: Duty
    due: date
    mark: int

    @property
    def key(self) -> str:
        """The same for the same reminder: `inspection/2026-06-30/-7`."""
        return f"{self.duty}/{self.due.isoformat()}/{self.mark:+d}"


def reminders(
    duty: Duty, due: date, after: datetime, until: datetime, zone: ZoneInfo
) -> tuple[Reminder, ...]:
    """The reminders reached later than `after` and not later than `until`."""
    return tuple(
        Reminder(duty, due, mark) for mark in marks_passed(due, MARKS[duty], after, until, zone)
    )


def drill_due(last: date) -> date:
    """The last day for the next emergency drill after one on the day `last`."""
    month = months_after(last, DRILL_MONTHS)
    return month.replace(day=min(last.day, monthrange(month.year, month.month)[1]))


def self_inspection_done(last: date | None, previous_check: date, check_due: date) -> bool:
    """Whether the year's self-inspection lies after the check before and not after the next."""
    return last is not None and previous_check < last <= check_due
