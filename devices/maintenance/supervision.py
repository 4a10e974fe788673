"""What a supervisor compares: overdue lifts by place and firm, and each firm's counts.

Theory of operation. Every share stands beside what it is a share of. Lifts of trial firms and what
those hand in are left out everywhere. Counts of visits are taken over a stretch of days, counts of
lifts and contracts as they stand today.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from devices import tables as registry
from devices.maintenance import tables
from devices.maintenance.queries import Sight
from devices.maintenance.stopping import ServiceState
from devices.maintenance.visit import COUNTS_AS_DONE, RUNNING, VisitState
from devices.model import LiftStatus


class GroupedBy(StrEnum):
    """By what overdue lifts are counted."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    FIRM = "firm"


@dataclass(frozen=True, slots=True)
class Group:
    """One row: `overdue` of `planned` lifts, and by how many days the worst is."""

    key: str
    within: str  # the district of a street
    name: str
    lifts: int
    planned: int
    overdue: int
    week_overdue: int
    stopped: int

    @property
    def share(self) -> float | None:
        """Overdue of planned; None where nothing is planned."""
        return self.overdue / self.planned if self.planned else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCounts:
    """What the log and the register tell of a firm."""

    lifts: int = 0
    overdue_lifts: int = 0
    contracts_valid: int = 0
    visits: int = 0
    proven_visits: int = 0
    confirmed_visits: int = 0
    visits_due: int = 0
    visits_on_time: int = 0


def overdue_by(
    connection: Connection, sight: Sight, by: GroupedBy, today: date, week_ago: date
) -> list[Group]:
    """The groups with the most overdue lifts first."""
    lift, plan, firm = registry.lift.c, tables.plan.c, registry.firm.c
    nothing: ColumnElement[str] = func.coalesce(plan.street, "")
    key, within, name = {
        GroupedBy.CITY: (lift.area, lift.area, lift.area),
        GroupedBy.DISTRICT: (lift.district, lift.area, lift.district),
        GroupedBy.STREET: (nothing, lift.district, nothing),
        GroupedBy.FIRM: (firm.code, firm.code, firm.name),
    }[by]
    overdue = func.count(case((plan.due_on < today, 1)))
    rows = connection.execute(
        select(
            key.label("key"),
            within.label("within"),
            name.label("name"),
            func.count().label("lifts"),
            func.count(plan.due_on).label("planned"),
            overdue.label("overdue"),
            func.count(case((plan.due_on < week_ago, 1))).label("week_overdue"),
            func.count(case((plan.service != ServiceState.IN_SERVICE, 1))).label("stopped"),
        )
        .select_from(
            registry.lift.outerjoin(tables.plan, plan.lift_id == lift.id).join(
                registry.firm, firm.id == lift.firm_id
            )
        )
        .where(lift.status == LiftStatus.IN_USE, _no_trial(), *sight.lifts())
        .group_by(key, within, name)
        .order_by(overdue.desc(), func.count().desc(), key)
    )
    return [Group(*row) for row in rows]


def unconfirmed(connection: Connection, sight: Sight, now: datetime) -> int:
    """Visits whose use unit has not confirmed them in time."""
    c = tables.visit.c
    joined = tables.visit.join(registry.lift, registry.lift.c.id == c.lift_id)
    found: int = connection.execute(
        select(func.count())
        .select_from(joined)
        .where(
            c.confirm_by < now,
            c.state == VisitState.SUBMITTED,
            c.sandbox.is_(False),
            *sight.lifts(),
        )
    ).scalar_one()
    return found


def counts(
    connection: Connection, sight: Sight, firm_ids: Collection[int], first: date, today: date
) -> dict[int, LogCounts]:
    """Each firm's counts: visits from `first` to `today`, lifts and contracts as they stand."""
    lift, plan = registry.lift.c, tables.plan.c
    v, contract = tables.visit.c, registry.contract.c
    told: dict[int, dict[str, int]] = {each: {} for each in firm_ids}
    here = select(lift.id).where(*sight.lifts())
    for row in connection.execute(
        select(
            lift.firm_id,
            func.count().label("lifts"),
            func.count(case((plan.due_on < today, 1))).label("overdue"),
        )
        .select_from(registry.lift.outerjoin(tables.plan, plan.lift_id == lift.id))
        .where(lift.firm_id.in_(firm_ids), lift.status == LiftStatus.IN_USE, *sight.lifts())
        .group_by(lift.firm_id)
    ):
        told[row.firm_id] |= {"lifts": row.lifts, "overdue_lifts": row.overdue}
    for row in connection.execute(
        select(contract.firm_id, func.count(contract.lift_id.distinct()).label("valid"))
        .join(registry.lift, lift.id == contract.lift_id)
        .where(
            contract.firm_id.in_(firm_ids),
            lift.firm_id == contract.firm_id,
            lift.status == LiftStatus.IN_USE,
            contract.starts_on <= today,
            or_(contract.ends_on.is_(None), contract.ends_on >= today),
            *sight.lifts(),
        )
        .group_by(contract.firm_id)
    ):
        told[row.firm_id] |= {"contracts_valid": row.valid}
    done = and_(v.state.in_(COUNTS_AS_DONE), v.done_on.between(first, today))
    late = and_(v.state.in_(RUNNING), v.due_on >= first, v.due_on < today)
    due = and_(done, v.due_on.is_not(None))
    for found in connection.execute(
        select(
            v.firm_id,
            func.count(case((done, 1))).label("visits"),
            func.count(case((and_(done, v.by_code.is_(True)), 1))).label("proven_visits"),
            func.count(case((and_(done, v.state == VisitState.CONFIRMED), 1))).label(
                "confirmed_visits"
            ),
            func.count(case((or_(due, late), 1))).label("visits_due"),
            func.count(case((and_(due, v.done_on <= v.due_on), 1))).label("visits_on_time"),
        )
        .where(v.firm_id.in_(firm_ids), v.sandbox.is_(False), or_(done, late), v.lift_id.in_(here))
        .group_by(v.firm_id)
    ).mappings():
        told[found["firm_id"]] |= {name: n for name, n in found.items() if name != "firm_id"}
    return {firm_id: LogCounts(**each) for firm_id, each in told.items()}


def firms(connection: Connection, sight: Sight) -> list[tuple[int, str, str]]:
    """Our id, code and name of every firm that has a lift there and is no trial."""
    lift, firm = registry.lift.c, registry.firm.c
    here = select(lift.firm_id).where(lift.status == LiftStatus.IN_USE, *sight.lifts())
    rows = connection.execute(
        select(firm.id, firm.code, firm.name)
        .where(firm.id.in_(here), firm.id.not_in(select(tables.sandbox_firm.c.firm_id)))
        .order_by(firm.code)
    )
    return [(row.id, row.code, row.name) for row in rows]


def _no_trial() -> ColumnElement[bool]:
    return registry.lift.c.firm_id.not_in(select(tables.sandbox_firm.c.firm_id))
