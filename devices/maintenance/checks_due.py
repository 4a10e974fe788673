"""Inspections and tests that fall due, as a list: of lifts in use, with the last that was done."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from devices import register_store
from devices import tables as registry
from devices.maintenance import tables
from devices.maintenance.queries import PlanRow, Sight, named, plan_rows
from devices.model import LiftStatus
from devices.register_model import Inspection

_P, _L = tables.plan.c, registry.lift.c
ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {  # Any: columns of different types
    "due": (func.coalesce(_P.check_due_on, date.max), _L.rescue_code),
    "code": (_L.rescue_code,),
    "address": (_L.address, _L.rescue_code),
}


class CheckState(StrEnum):
    """Where a lift's next inspection or test stands on a day."""

    OVERDUE = "overdue"
    SOON = "soon"
    LATER = "later"
    UNKNOWN = "unknown"  # nobody registered the inspection of its installation


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFilter:
    """Which lifts; what is empty narrows nothing. `soon`: the last day that counts as soon."""

    sight: Sight
    today: date
    soon: date
    state: CheckState | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A lift's plan with the newest inspection or test that is registered."""

    row: PlanRow
    last: Inspection | None

    @property
    def due_on(self) -> date | None:
        """The last day for the next one."""
        return self.row.plan.check_due_on

    def state(self, today: date, soon: date) -> CheckState:
        """Where it stands."""
        if self.due_on is None:
            return CheckState.UNKNOWN
        if self.due_on < today:
            return CheckState.OVERDUE
        return CheckState.SOON if self.due_on <= soon else CheckState.LATER

    def days_left(self, today: date) -> int | None:
        """Days until then, below nought when it has gone."""
        return None if self.due_on is None else (self.due_on - today) // timedelta(days=1)


def check_ids(
    connection: Connection,
    wanted: CheckFilter,
    order: str = "due",
    *,
    descending: bool = False,
    limit: int,
    offset: int = 0,
) -> list[int]:
    """The lifts, in an order of ORDERS."""
    by = [each.desc() if descending else each.asc() for each in ORDERS[order]]
    asked = _asked(select(_L.id), wanted).order_by(*by).limit(limit).offset(offset)
    return list(connection.execute(asked).scalars())


def check_count(connection: Connection, wanted: CheckFilter) -> int:
    """How many those are."""
    found: int = connection.execute(_asked(select(func.count()), wanted)).scalar_one()
    return found


def check_rows(connection: Connection, lift_ids: Collection[int]) -> list[CheckRow]:
    """Those lifts, in that order."""
    i = registry.inspection.c
    newest = {
        row.lift_id: register_store.to_inspection(row)
        for row in connection.execute(
            select(registry.inspection).where(i.lift_id.in_(lift_ids)).order_by(i.done_on, i.id)
        )
    }
    return [CheckRow(row, newest.get(row.lift.id)) for row in plan_rows(connection, lift_ids)]


def _asked(statement: Select[Any], wanted: CheckFilter) -> Select[Any]:  # Any: what is selected
    clauses = [*wanted.sight.lifts(), _L.status == LiftStatus.IN_USE]
    due = _P.check_due_on
    match wanted.state:
        case CheckState.OVERDUE:
            clauses.append(due < wanted.today)
        case CheckState.SOON:
            clauses += [due >= wanted.today, due <= wanted.soon]
        case CheckState.LATER:
            clauses.append(due > wanted.soon)
        case CheckState.UNKNOWN:
            clauses.append(due.is_(None))
        case None:
            pass
    if wanted.text:
        clauses.append(named(wanted.text))
    return statement.select_from(tables.plan.join(registry.lift, _L.id == _P.lift_id)).where(
        *clauses
    )
