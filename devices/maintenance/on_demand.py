"""On-demand maintenance (按需维保): allowed while its conditions hold, else the half-month cycle.

Theory of operation. A contract may let the state of the lift call for visits instead of the
calendar, with a longest time between two of them. That stands only while the device is heard
enough, no critical event is open and the longest time has not passed. When one of these fails the
lift falls back to the half-month cycle by itself; it comes back only after a visit made since, with
every condition holding again, so that a lift on the border does not flap. A lift visited under a
longer interval is not overdue in the moment of falling back: it is given some days from then. Only
half-month visits are spared; quarters, half-years and years stay due by the calendar. Modelled on
the pilot schemes that followed the notice 国市监特设〔2020〕56号, whose figures differ by province.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from devices.maintenance.period import DAYS, Period


@dataclass(frozen=True, slots=True)
class Terms:
    """What the contract names. `until` is its last day; `online_share_at_least` lies in 0 to 1."""

    since: date
    until: date | None
    longest_days: int
    online_share_at_least: float = 0.95
    grace_days: int = 3

    def __post_init__(self) -> None:
        """Refuse terms that cannot be meant; raises ValueError."""
        if self.longest_days < DAYS[Period.HALF_MONTH]:
            raise ValueError(f"longest_days {self.longest_days} is below the half-month cycle")
        if not 0 <= self.online_share_at_least <= 1:
            raise ValueError(f"online_share_at_least {self.online_share_at_least} is no share")
        if self.grace_days < 0:
            raise ValueError(f"grace_days {self.grace_days} is below 0")


@dataclass(frozen=True, slots=True)
class Standing:
    """How the lift stands today. `online_share` is None when nothing was measured."""

    today: date
    last_visit: date | None
    online_share: float | None
    open_critical: tuple[str, ...] = ()
    fell_back_on: date | None = None


@dataclass(frozen=True, slots=True)
class OnDemand:
    """The state of the lift calls for visits; one is due on `due` at the latest."""

    due: date


@dataclass(frozen=True, slots=True)
class HalfMonth:
    """The half-month cycle holds since `fell_back_on`; every reason is named."""

    due: date
    fell_back_on: date
    reasons: tuple[str, ...]


def ruling(terms: Terms | None, standing: Standing) -> OnDemand | HalfMonth:
    """Which of the two cycles holds today, and by when the next visit is due."""
    reasons = _against(terms, standing)
    last, back = standing.last_visit, standing.fell_back_on
    if back is not None and (last is None or last < back):
        reasons += ("no_visit_since_fall_back",)
    if terms is not None and last is not None and not reasons:
        return OnDemand(last + timedelta(days=terms.longest_days))
    since = back or standing.today
    half_month = timedelta(days=DAYS[Period.HALF_MONTH])
    graced = since + timedelta(days=terms.grace_days if terms else 0)
    if last is None:
        return HalfMonth(graced, since, reasons)
    begun = terms is not None and terms.since <= standing.today
    visited_since = back is not None and last >= back
    longest = timedelta(days=terms.longest_days) if terms and begun else half_month
    spared = last + half_month if visited_since else min(graced, last + longest)
    return HalfMonth(max(last + half_month, spared), since, reasons)


def _against(terms: Terms | None, standing: Standing) -> tuple[str, ...]:
    """Every condition that does not hold."""
    if terms is None:
        return ("no_contract",)
    reasons = []
    if standing.today < terms.since:
        reasons.append("contract_not_begun")
    if terms.until is not None and standing.today > terms.until:
        reasons.append("contract_ended")
    if standing.online_share is None:
        reasons.append("online_share_unknown")
    elif standing.online_share < terms.online_share_at_least:
        reasons.append("online_share_low")
    if standing.open_critical:
        reasons.append("critical_event_open")
    if standing.last_visit is None:
        reasons.append("never_visited")
    elif standing.today - standing.last_visit > timedelta(days=terms.longest_days):
        reasons.append("longest_time_passed")
    return tuple(reasons)
