"""Questions to the maintenance log; every one takes an open connection.

Who may see what is a `Sight`, asked in the query: the lifts of a division, of a use unit, or those
that a firm maintains. A firm that lost a lift still sees the records that it wrote.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from devices import reach
from devices import tables as registry
from devices.maintenance import store, tables
from devices.maintenance.log import Plan, Visit
from devices.maintenance.record import Record
from devices.maintenance.visit import RUNNING, VisitState
from devices.model import Lift
from devices.store import AnyRow, to_lift

ORDERS = {
    "due": (tables.plan.c.due_on, registry.lift.c.rescue_code),
    "code": (registry.lift.c.rescue_code,),
    "address": (registry.lift.c.address, registry.lift.c.rescue_code),
    "planned": (tables.plan.c.planned_on, registry.lift.c.rescue_code),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is empty narrows nothing. `within`: a city's or district's code."""

    within: str = ""
    firm_id: int | None = None
    use_unit_id: int | None = None

    def lifts(self) -> list[ColumnElement[bool]]:
        """What is asked of a row of `lift`."""
        c = registry.lift.c
        asked: list[ColumnElement[bool]] = []
        if self.within:
            asked.append(reach.within(self.within, c))
        if self.firm_id is not None:
            asked.append(c.firm_id == self.firm_id)
        if self.use_unit_id is not None:
            asked.append(c.use_unit_id == self.use_unit_id)
        return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFilter:
    """Which plans: `state` is overdue, soon (due by `until`), due (both) or all."""

    sight: Sight
    today: date
    state: str = "all"
    until: date | None = None
    text: str = ""
    district: str = ""
    street: str = ""
    firm_id: int | None = None
    with_trials: bool = True


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan with its lift, its firm's name and the visit to come."""

    lift: Lift
    plan: Plan
    firm: str
    visit: Visit | None


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit with its lift and its firm's name."""

    visit: Visit
    lift: Lift
    firm: str


def plan_ids(
    connection: Connection,
    wanted: PlanFilter,
    order: str = "due",
    *,
    descending: bool = False,
    limit: int,
    offset: int = 0,
) -> list[int]:
    """The lifts of those plans, in an order of ORDERS."""
    by = [each.desc() if descending else each.asc() for each in ORDERS[order]]
    asked = _plans(select(tables.plan.c.lift_id), wanted).order_by(*by).limit(limit).offset(offset)
    return list(connection.execute(asked).scalars())


def plan_count(connection: Connection, wanted: PlanFilter) -> int:
    """How many plans those are."""
    found: int = connection.execute(_plans(select(func.count()), wanted)).scalar_one()
    return found


def plan_rows(connection: Connection, lift_ids: Collection[int]) -> list[PlanRow]:
    """The plans of those lifts, in that order."""
    lift, plan = registry.lift, tables.plan
    if not lift_ids:
        return []
    lifts = {
        row.id: to_lift(row)
        for row in connection.execute(select(lift).where(lift.c.id.in_(lift_ids)))
    }
    plans = {
        row.lift_id: store.to_plan(row)
        for row in connection.execute(select(plan).where(plan.c.lift_id.in_(lift_ids)))
    }
    names = firm_names(connection, {each.firm_id for each in lifts.values()})
    visits = coming(connection, lift_ids)
    return [
        PlanRow(lifts[each], plans[each], names.get(lifts[each].firm_id or 0, ""), visits.get(each))
        for each in lift_ids
        if each in lifts and each in plans
    ]


def coming(connection: Connection, lift_ids: Collection[int]) -> dict[int, Visit]:
    """The visit to come of each of those lifts."""
    c = tables.visit.c
    rows = connection.execute(
        select(tables.visit).where(c.lift_id.in_(lift_ids), c.state.in_(RUNNING)).order_by(c.id)
    )
    return {row.lift_id: store.to_visit(row) for row in rows}


def visits(
    connection: Connection,
    sight: Sight,
    *,
    states: Collection[VisitState] = (),
    text: str = "",
    lift_id: int | None = None,
    limit: int,
    offset: int = 0,
) -> tuple[list[VisitRow], int]:
    """Visits, the newest first (planned ones: the first planned first), and how many there are."""
    ids, total = visit_ids(
        connection, sight, states=states, text=text, lift_id=lift_id, limit=limit, offset=offset
    )
    return visit_rows(connection, ids), total


def visit_ids(
    connection: Connection,
    sight: Sight,
    *,
    states: Collection[VisitState] = (),
    text: str = "",
    lift_id: int | None = None,
    limit: int,
    offset: int = 0,
) -> tuple[list[str], int]:
    """The same by their ids. A firm sees those that it made and those of lifts that it has now."""
    v, lift = tables.visit, registry.lift
    asked = [*Sight(within=sight.within, use_unit_id=sight.use_unit_id).lifts()]
    if sight.firm_id is not None:
        asked.append(or_(v.c.firm_id == sight.firm_id, lift.c.firm_id == sight.firm_id))
    if states:
        asked.append(v.c.state.in_(states))
    if lift_id is not None:
        asked.append(v.c.lift_id == lift_id)
    if text:
        asked.append(named(text))
    by: list[ColumnElement[Any]] = (  # Any: columns of different types
        [v.c.planned_on.asc(), v.c.id.asc()]
        if states and set(states) <= RUNNING
        else [v.c.received_at.desc(), v.c.id.desc()]
    )
    joined = v.join(lift, lift.c.id == v.c.lift_id)
    total = connection.execute(select(func.count()).select_from(joined).where(*asked)).scalar_one()
    ids = connection.execute(
        select(v.c.id).select_from(joined).where(*asked).order_by(*by).limit(limit).offset(offset)
    ).scalars()
    return list(ids), total


def visit_rows(connection: Connection, visit_ids: Sequence[str]) -> list[VisitRow]:
    """Those visits, in that order."""
    v, lift = tables.visit, registry.lift
    found = {
        row.id: store.to_visit(row)
        for row in connection.execute(select(v).where(v.c.id.in_(visit_ids)))
    }
    lifts = {
        row.id: to_lift(row)
        for row in connection.execute(
            select(lift).where(lift.c.id.in_({each.lift_id for each in found.values()}))
        )
    }
    names = firm_names(connection, {each.firm_id for each in found.values()})
    return [
        VisitRow(found[each], lifts[found[each].lift_id], names[found[each].firm_id])
        for each in visit_ids
        if each in found
    ]


def records(
    connection: Connection, lift_code: str, written_by: int | None = None
) -> list[tuple[Record, int]]:
    """A lift's records, the newest first, with our id of the firm that wrote each."""
    c = tables.record.c
    asked = [c.lift_code == lift_code]
    if written_by is not None:
        asked.append(c.firm_id == written_by)
    rows = connection.execute(select(tables.record).where(*asked).order_by(c.seq.desc()))
    return [(store.to_record(row), row.firm_id) for row in rows]


def ever_held(connection: Connection, lift_id: int, firm_id: int) -> bool:
    """Whether the firm had a contract for the lift, or made a visit there."""
    contract, made = registry.contract.c, tables.visit.c
    for asked in (
        select(contract.id).where(contract.lift_id == lift_id, contract.firm_id == firm_id),
        select(made.id).where(made.lift_id == lift_id, made.firm_id == firm_id),
    ):
        if connection.execute(asked.limit(1)).first() is not None:
            return True
    return False


def reminders(
    connection: Connection, sight: Sight, told: Collection[str], since: datetime, limit: int
) -> list[tuple[AnyRow, Lift]]:
    """The marks reached since then and told up to one of `told`, the newest first."""
    r, lift = tables.reminder, registry.lift
    rows = connection.execute(
        select(r, lift)
        .join(lift, lift.c.id == r.c.lift_id)
        .where(r.c.at >= since, r.c.told.in_(told), *sight.lifts())
        .order_by(r.c.at.desc(), r.c.id.desc())
        .limit(limit)
    ).all()
    ids = [row.lift_id for row in rows]
    lifts = {
        row.id: to_lift(row) for row in connection.execute(select(lift).where(lift.c.id.in_(ids)))
    }
    return [(row, lifts[row.lift_id]) for row in rows]


def team_loads(
    connection: Connection, firm_id: int, today: date, until: date
) -> list[tuple[str, int, int]]:
    """For each team of a firm (empty: none chosen) its visits planned until then, and overdue."""
    v, team = tables.visit.c, registry.firm_team.c
    name = func.coalesce(team.name, "")
    rows = connection.execute(
        select(
            name.label("name"),
            func.count(case((v.planned_on <= until, 1))).label("planned"),
            func.count(case((v.due_on < today, 1))).label("overdue"),
        )
        .select_from(tables.visit.outerjoin(registry.firm_team, team.id == v.team_id))
        .where(v.firm_id == firm_id, v.state.in_(RUNNING))
        .group_by(name)
        .order_by(name)
    )
    return [(row.name, row.planned, row.overdue) for row in rows]


def trial_firms(connection: Connection) -> frozenset[int]:
    """Firms whose records never count."""
    return frozenset(connection.execute(select(tables.sandbox_firm.c.firm_id)).scalars())


def _plans(statement: Select[Any], wanted: PlanFilter) -> Select[Any]:  # Any: what is selected
    c, lift = tables.plan.c, registry.lift.c
    asked = wanted.sight.lifts()
    match wanted.state:
        case "overdue":
            asked.append(c.due_on < wanted.today)
        case "soon":
            asked.append(and_(c.due_on >= wanted.today, c.due_on <= (wanted.until or wanted.today)))
        case "due":
            asked.append(c.due_on <= (wanted.until or wanted.today))
        case _:
            pass
    if wanted.district:
        asked.append(or_(lift.district == wanted.district, lift.area == wanted.district))
    if wanted.street:
        asked.append(c.street == wanted.street)
    if wanted.firm_id is not None:
        asked.append(lift.firm_id == wanted.firm_id)
    if wanted.text:
        asked.append(named(wanted.text))
    if not wanted.with_trials:
        asked.append(
            or_(
                lift.firm_id.is_(None),
                lift.firm_id.not_in(select(tables.sandbox_firm.c.firm_id)),
            )
        )
    return statement.select_from(
        tables.plan.join(registry.lift, registry.lift.c.id == c.lift_id)
    ).where(*asked)


def named(text: str) -> ColumnElement[bool]:
    """A lift's code that begins so, or an address or building that holds it."""
    c = registry.lift.c
    return or_(
        c.rescue_code.startswith(text, autoescape=True),
        c.address.contains(text, autoescape=True),
        c.building.contains(text, autoescape=True),
    )


def firm_names(connection: Connection, ids: Collection[int | None]) -> dict[int, str]:
    """What those firms are called, by our ids."""
    firm = registry.firm.c
    known = [each for each in ids if each is not None]
    rows = connection.execute(select(firm.id, firm.name).where(firm.id.in_(known)))
    return {row.id: row.name for row in rows}
