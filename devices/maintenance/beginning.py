"""The first plans of lifts that nobody has maintained here yet: many at once, after an import.

A lift that came with a file has no visit and no terms yet, so its plan follows from the calendar
and its inspections alone. They are asked for and written for a whole step together, which costs a
fraction of `planning.settle` for each; a lift that has a visit already is left to that.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, select

from core.db import load
from devices import register_store
from devices import tables as registry
from devices.days import local_day
from devices.maintenance import planning, tables
from devices.maintenance.log import Rules
from devices.maintenance.period import CalledForBy
from devices.maintenance.streets import street_of
from devices.model import LiftStatus
from devices.register_model import Inspection
from devices.store import AnyRow, Values

_PLAN = (
    *("lift_id", "street", "counts_from", "period", "due_on", "planned_on", "reasons"),
    *("fell_back_on", "check_due_on", "check_kind", "wake_at"),
)
_VISIT = (
    *("id", "lift_id", "firm_id", "state", "workers", "remarks", "hazards", "sandbox", "version"),
    *("period", "due_on", "planned_on", "called_for_by"),
)


def never_visited(connection: Connection, after: int, limit: int) -> Sequence[int]:
    """Lifts in use that a firm maintains, with neither plan nor visit, by our ids from `after`."""
    lift, plan, visit = registry.lift.c, tables.plan, tables.visit
    asked = (
        select(lift.id)
        .outerjoin(plan, plan.c.lift_id == lift.id)
        .where(
            lift.id > after,
            plan.c.lift_id.is_(None),
            lift.firm_id.is_not(None),
            lift.status == LiftStatus.IN_USE,
            ~exists().where(visit.c.lift_id == lift.id),
        )
        .order_by(lift.id)
        .limit(limit)
    )
    return connection.execute(asked).scalars().all()


def plan_first(connection: Connection, ids: Sequence[int], now: datetime, rules: Rules) -> int:
    """Plan those of the lifts that still have neither plan nor visit; answers how many."""
    lift, plan, visit = registry.lift.c, tables.plan, tables.visit
    still = (
        planning.maintained()
        .outerjoin(plan, plan.c.lift_id == lift.id)
        .where(
            lift.id.in_(ids),
            plan.c.lift_id.is_(None),
            lift.firm_id.is_not(None),
            lift.status == LiftStatus.IN_USE,
            ~exists().where(visit.c.lift_id == lift.id),
        )
    )
    rows = connection.execute(still).all()
    kept = _inspections(connection, [row.id for row in rows])
    plans, visits = [], []
    for row in rows:
        values = _plan(row, kept.get(row.id, ()), now, rules)
        plans.append([values[name] for name in _PLAN])
        coming = {
            **planning.to_come(row, now),
            **values,
            "called_for_by": str(CalledForBy.CALENDAR),
        }
        visits.append([coming[name] for name in _VISIT])
    dialect = connection.dialect
    load(dialect, plan, _PLAN, plans, looked_at=now).write(connection)
    load(dialect, visit, _VISIT, visits).write(connection)
    return len(rows)


def _plan(row: AnyRow, kept: Sequence[Inspection], now: datetime, rules: Rules) -> Values:
    today = local_day(now, rules.zone)
    values: Values = {
        "lift_id": row.id,
        "street": street_of(row.address),
        "counts_from": today,
        **planning.due(None, (), today, rules, planning.UNKNOWN, str(row.firm_code)),
        **planning.check(kept, row.district),
    }
    return {**values, "wake_at": planning.wakes(values, None, now, rules)}


def _inspections(connection: Connection, ids: Sequence[int]) -> dict[int, list[Inspection]]:
    """The inspections of those lifts, newest first."""
    t, found = registry.inspection, dict[int, list[Inspection]]()
    asked = select(t).where(t.c.lift_id.in_(ids)).order_by(t.c.done_on.desc(), t.c.id.desc())
    for row in connection.execute(asked):
        found.setdefault(row.lift_id, []).append(register_store.to_inspection(row))
    return found
