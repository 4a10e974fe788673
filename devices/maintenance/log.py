"""The maintenance log's values: the plan of a lift, a visit, and the rules they are kept by.

Dates are local days of the hub's zone; instants are UTC. Workers go by the firm's own numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from devices.days import WorkCalendar
from devices.maintenance.items import ItemList
from devices.maintenance.on_demand import Terms
from devices.maintenance.period import CalledForBy, Period
from devices.maintenance.stopping import ServiceState
from devices.maintenance.submission import Hazard, Limits
from devices.maintenance.use_unit_duties import CheckLists
from devices.maintenance.visit import VisitState

NOTHING_DUE = frozenset({ServiceState.SEALED, ServiceState.LAID_UP})
"""Where nobody may ride for long nothing is due; stopped for a while, it is."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator chooses: the zone, item lists and check-lists, limits, work calendars.

    `calendars` are by the firm's code; a firm without one rests on Saturdays and Sundays.
    """

    zone: ZoneInfo
    lists: tuple[ItemList, ...]
    check_lists: CheckLists
    limits: Limits = field(default_factory=Limits)
    calendars: Mapping[str, WorkCalendar] = field(default_factory=lambda: MappingProxyType({}))

    def calendar_of(self, firm_code: str) -> WorkCalendar:
        """On which days a firm works."""
        return self.calendars.get(firm_code, WorkCalendar())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a lift is due for. `due_on` is None while nothing is."""

    lift_id: int
    street: str
    counts_from: date
    resumed_on: date | None
    service: ServiceState
    service_since: datetime | None
    service_reason: str
    due_on: date | None
    period: Period
    planned_on: date | None
    last_on: date | None
    last_period: Period | None
    demand: Terms | None
    fell_back_on: date | None
    reasons: tuple[str, ...]
    check_due_on: date | None
    check_kind: str
    looked_at: datetime
    wake_at: datetime | None

    def days_left(self, today: date) -> int | None:
        """Days until the due day, below nought when it has gone."""
        return None if self.due_on is None else (self.due_on - today) // timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit with where it stands; what was handed in stands in its record."""

    id: str
    lift_id: int
    firm_id: int
    state: VisitState
    period: Period
    called_for_by: CalledForBy
    due_on: date | None
    planned_on: date | None
    team_id: int | None
    workers: tuple[str, ...]
    started_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None
    done_on: date | None
    received_at: datetime | None
    record_id: str | None
    by_code: bool
    remarks: tuple[str, ...]
    hazards: tuple[Hazard, ...]
    submitted_by: str
    confirm_by: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str
    reason: str
    sandbox: bool
    version: int


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of a visit, kept as a file under its digest."""

    digest: str
    lift_id: int
    firm_id: int
    media_type: str
    size: int
    received_at: datetime
