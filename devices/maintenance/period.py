"""The four periods of maintenance, and the kinds of work that firms report.

Theory of operation. Every visit has a depth, one of four periods; a deeper one includes the
shallower ones. A visit may be called for by the calendar or, under an on-demand contract, by the
state of the lift; it has a depth all the same, because its items have. Modelled on TSG T5002-2017
Art. 6 and on the work types of a provincial reporting interface (HM, TM, SM, OY, FM).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Period(StrEnum):
    """How often an item is due; in rising depth."""

    HALF_MONTH = "half_month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"

    @property
    def depth(self) -> int:
        """1 for the half-month to 4 for the year; the number in an item's code."""
        return _DEPTH[self]

    def covers(self, other: "Period") -> bool:
        """Whether a visit of this depth includes the items of `other`."""
        return self.depth >= other.depth


_DEPTH: Mapping[Period, int] = MappingProxyType({p: n for n, p in enumerate(Period, 1)})

DAYS: Mapping[Period, int] = MappingProxyType(
    {Period.HALF_MONTH: 15, Period.QUARTER: 90, Period.HALF_YEAR: 180, Period.YEAR: 365}
)
"""The longest time between two visits of a depth, in days."""

ON_DEMAND_WORK = "FM"
_WORK: Mapping[Period, str] = MappingProxyType(
    {Period.HALF_MONTH: "HM", Period.QUARTER: "TM", Period.HALF_YEAR: "SM", Period.YEAR: "OY"}
)


class CalledForBy(StrEnum):
    """Why a visit took place."""

    CALENDAR = "calendar"
    DEMAND = "demand"


def work_type(period: Period, called_for_by: CalledForBy) -> str:
    """The letter code of the work as it is reported upwards."""
    return ON_DEMAND_WORK if called_for_by is CalledForBy.DEMAND else _WORK[period]
