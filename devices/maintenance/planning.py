"""The plan of a lift, made anew from its facts. In the caller's transaction.

Theory of operation. A plan is never edited: `settle` reads the lift, its visits that count, its
terms and its inspections, and writes what follows from them, so a record that lands, a visit that
is rejected and a lift that is handed over all do the same. One visit to come stands beside the
plan; it moves with it until a crew has begun. A lift is planned from the day on which the hub first
sees it with a firm: older visits are unknown until somebody hands them in.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, insert, or_, select, update

from core import journal
from core.errors import InvalidMessage, NotFound
from core.ids import sortable_key
from core.journal import Actor, Entry, Subject
from devices import register_queries
from devices import tables as registry
from devices.days import ONE_DAY, day_begins, local_day, next_mark_at
from devices.maintenance import cycle, inspection, on_demand, store, tables
from devices.maintenance.cycle import Done, Due, Start
from devices.maintenance.log import NOTHING_DUE, Plan, Rules, Visit
from devices.maintenance.period import CalledForBy, Period
from devices.maintenance.reminders import MARKS, Duty
from devices.maintenance.stopping import ServiceState
from devices.maintenance.streets import street_of
from devices.maintenance.visit import (
    COUNTS_AS_DONE,
    RUNNING,
    WANTS_REASON,
    VisitEvent,
    VisitState,
    next_state,
)
from devices.model import LiftStatus
from devices.register_model import Inspection, InspectionKind, InspectionResult
from devices.store import AnyRow, Values

PLANNER = Actor("engine", "maintenance")
_CHECKS = {
    InspectionKind.PERIODIC: inspection.Check.INSPECTION,
    InspectionKind.SELF_TEST: inspection.Check.TEST,
}


class Health(NamedTuple):
    """What telemetry says of a lift under on-demand maintenance; unknown unless asked."""

    online_share: float | None = None
    open_critical: tuple[str, ...] = ()


UNKNOWN = Health()


def settle(
    connection: Connection,
    lift_id: int,
    now: datetime,
    rules: Rules,
    *,
    health: Health = UNKNOWN,
) -> Plan:
    """Make the plan of a lift anew and keep it; raises NotFound for no such lift."""
    lift = _lift(connection, lift_id)
    before = store.plan_or_none(connection, lift_id)
    today = local_day(now, rules.zone)
    done = counted(connection, lift_id, sandbox=lift.sandbox)
    last = max(done, key=lambda each: (each.on, each.period.depth), default=None)
    values: Values = {
        "street": street_of(lift.address),
        "counts_from": before.counts_from if before else today,
        "last_on": last and last.on,
        "last_period": str(last.period) if last else "",
    }
    in_use = lift.status == LiftStatus.IN_USE
    service = before.service if before else ServiceState.IN_SERVICE
    if in_use and service not in NOTHING_DUE and lift.firm_id is not None:
        values |= due(before, done, today, rules, health, str(lift.firm_code))
    else:
        values |= {"due_on": None, "planned_on": None, "reasons": []}
        values |= {"period": str(before.period if before else Period.HALF_MONTH)}
    values |= check(register_queries.inspections(connection, lift.id), lift.district)
    values["wake_at"] = wakes(values, before, now, rules)
    if before is None:
        connection.execute(insert(tables.plan).values(lift_id=lift_id, looked_at=now, **values))
    else:
        t = tables.plan
        connection.execute(update(t).where(t.c.lift_id == lift_id).values(values))
    after = store.plan_or_none(connection, lift_id)
    if after is None:
        raise NotFound("plan", str(lift_id))
    _keep_visit(connection, lift, after, now)
    if after.fell_back_on != (before and before.fell_back_on):
        _tell_fall_back(connection, lift.rescue_code, after, now)
    return after


def counted(connection: Connection, lift_id: int, *, sandbox: bool) -> tuple[Done, ...]:
    """The newest visit of each depth that counts; trial visits count for trial firms alone."""
    c = tables.visit.c
    rows = connection.execute(
        select(c.period, func.max(c.done_on).label("done_on"))
        .where(
            c.lift_id == lift_id,
            c.state.in_(COUNTS_AS_DONE),
            c.done_on.is_not(None),
            c.sandbox == sandbox,
        )
        .group_by(c.period)
    )
    return tuple(Done(Period(row.period), row.done_on) for row in rows)


def after_it(plan: Plan, done: Iterable[Done], made: Done) -> Due:
    """The visit after one that is being handed in."""
    due = cycle.next_visit(Start(plan.counts_from), (*done, made))
    return due if plan.resumed_on is None else Due(due.period, max(due.on, plan.resumed_on))


def without_plan(connection: Connection, limit: int) -> Sequence[int]:
    """Lifts in use that a firm maintains and nobody has planned yet."""
    lift, plan = registry.lift.c, tables.plan.c
    return (
        connection.execute(
            select(lift.id)
            .outerjoin(tables.plan, plan.lift_id == lift.id)
            .where(
                plan.lift_id.is_(None), lift.firm_id.is_not(None), lift.status == LiftStatus.IN_USE
            )
            .limit(limit)
        )
        .scalars()
        .all()
    )


def moved(connection: Connection, limit: int) -> Sequence[int]:
    """Lifts whose plan is not of the firm or the use that they have now."""
    lift, plan, v = registry.lift.c, tables.plan.c, tables.visit.c
    stray = or_(v.firm_id != lift.firm_id, lift.firm_id.is_(None), lift.status != LiftStatus.IN_USE)
    asked = (
        select(v.lift_id)
        .join(registry.lift, lift.id == v.lift_id)
        .join(tables.plan, plan.lift_id == v.lift_id)
        .where(v.state.in_(RUNNING), stray)
        .distinct()
        .limit(limit)
    )
    return connection.execute(asked).scalars().all()


def wake(connection: Connection, lift_ids: Iterable[int], now: datetime) -> None:
    """Let these plans be looked at soon: something of their lifts has changed."""
    connection.execute(
        update(tables.plan).where(tables.plan.c.lift_id.in_(list(lift_ids))).values(wake_at=now)
    )


def maintained() -> Select[Any]:
    """Lifts, each with what its plan is made of."""
    lift, firm, trial = registry.lift, registry.firm, tables.sandbox_firm
    return (
        select(
            lift.c.id,
            lift.c.rescue_code,
            lift.c.address,
            lift.c.district,
            lift.c.status,
            lift.c.firm_id,
            firm.c.code.label("firm_code"),
            trial.c.firm_id.is_not(None).label("sandbox"),
        )
        .outerjoin(firm, firm.c.id == lift.c.firm_id)
        .outerjoin(trial, trial.c.firm_id == lift.c.firm_id)
    )


def _lift(connection: Connection, lift_id: int) -> AnyRow:
    row = connection.execute(maintained().where(registry.lift.c.id == lift_id)).one_or_none()
    if row is None:
        raise NotFound("lift", str(lift_id))
    return row


def due(
    before: Plan | None,
    done: Sequence[Done],
    today: date,
    rules: Rules,
    health: Health,
    firm_code: str,
) -> Values:
    """What is due of a lift that is in use, and why, in the columns of its plan."""
    start = Start(before.counts_from if before else today)
    coming = cycle.next_visit(start, done, today=today)
    reasons: tuple[str, ...] = ()
    fell_back_on = None
    if before is not None and before.demand is not None:
        last = max((each.on for each in done), default=None)
        standing = on_demand.Standing(
            today, last, health.online_share, health.open_critical, before.fell_back_on
        )
        ruled = on_demand.ruling(before.demand, standing)
        # Only the half-month is spared: deeper visits stay due by the calendar.
        days = cycle.due_days(start, done)
        deeper = min((days[p], -p.depth, p) for p in Period if p is not Period.HALF_MONTH)
        if coming.period is Period.HALF_MONTH or ruled.due < deeper[0]:
            coming = Due(Period.HALF_MONTH, ruled.due)
        if deeper[0] <= coming.on:
            coming = Due(deeper[2], deeper[0])
        if isinstance(ruled, on_demand.HalfMonth):
            reasons, fell_back_on = ruled.reasons, ruled.fell_back_on
    on = coming.on
    if before is not None and before.resumed_on is not None:
        on = max(on, before.resumed_on)
    planned = cycle.plan(on, (rules.calendar_of(firm_code),), today)
    return {
        "due_on": on,
        "period": str(coming.period),
        "planned_on": planned.on,
        "fell_back_on": fell_back_on,
        "reasons": [*reasons, *planned.reasons],
    }


def check(kept: Sequence[Inspection], district: str) -> Values:
    """The inspection or test that comes next, where it is known when the lift was released."""
    released = min(
        (each.done_on for each in kept if each.kind is InspectionKind.SUPERVISION), default=None
    )
    if released is None:
        return {"check_due_on": None, "check_kind": ""}
    passed = [
        inspection.Passed(_CHECKS[each.kind], each.done_on)
        for each in kept
        if each.kind in _CHECKS and each.result is not InspectionResult.FAILED
    ]
    coming = inspection.next_due(released, passed, district)
    return {"check_due_on": coming.on, "check_kind": str(coming.check)}


def wakes(values: Values, before: Plan | None, now: datetime, rules: Rules) -> datetime | None:
    """When a plan is to be looked at again: at its next mark."""
    marks = [
        next_mark_at(day, MARKS[duty], now, rules.zone)
        for day, duty in (
            (values["due_on"], Duty.VISIT),
            (values["check_due_on"], Duty.INSPECTION),
        )
        if isinstance(day, date)
    ]
    if before is not None and before.demand is not None:  # its conditions are asked every day
        marks.append(day_begins(local_day(now, rules.zone) + ONE_DAY, rules.zone))
    return min((each for each in marks if each is not None), default=None)


def _keep_visit(connection: Connection, lift: AnyRow, plan: Plan, now: datetime) -> None:
    """Let exactly one visit to come stand beside a plan that has a due day."""
    c = tables.visit.c
    running = connection.execute(
        select(tables.visit).where(c.lift_id == plan.lift_id, c.state.in_(RUNNING)).order_by(c.id)
    ).all()
    wanted = plan.due_on is not None
    kept = [row for row in running if wanted and row.firm_id == lift.firm_id][:1]
    for row in running:
        if row not in kept:
            reason = "handed_over" if wanted else "not_in_use"
            move(connection, store.to_visit(row), VisitEvent.LAPSE, now, PLANNER, reason=reason)
    moved: Values = {
        "period": str(plan.period),
        "due_on": plan.due_on,
        "called_for_by": str(
            CalledForBy.DEMAND
            if plan.demand is not None and plan.fell_back_on is None
            else CalledForBy.CALENDAR
        ),
    }
    if kept:
        (row,) = kept
        if row.state == VisitState.PLANNED and row.reason == "":  # nobody has chosen a day
            moved["planned_on"] = plan.planned_on
        connection.execute(update(tables.visit).where(c.id == row.id).values(moved))
    elif wanted:
        connection.execute(
            insert(tables.visit).values(
                {**to_come(lift, now), "planned_on": plan.planned_on, **moved}
            )
        )


def to_come(lift: AnyRow, now: datetime) -> Values:
    """A visit that nobody has begun, but for what its plan says."""
    return {
        "id": sortable_key(now),
        "lift_id": lift.id,
        "firm_id": lift.firm_id,
        "state": str(VisitState.PLANNED),
        "workers": [],
        "remarks": [],
        "hazards": [],
        "sandbox": lift.sandbox,
        "version": 1,
    }


def move(
    connection: Connection,
    found: Visit,
    event: VisitEvent,
    now: datetime,
    actor: Actor,
    *,
    reason: str = "",
    values: Mapping[str, object] = MappingProxyType({}),
) -> VisitState:
    """Move a visit, keep `values` with it and journal that.

    Raises Conflict where its state refuses, InvalidMessage where a reason in words is missing.
    """
    state = next_state(found.state, event)
    if event in WANTS_REASON and not reason.strip():
        raise InvalidMessage("reason_missing", "say why in words", field="reason")
    c = tables.visit.c
    moved: Values = {"state": str(state), "reason": reason.strip(), "version": c.version + 1}
    connection.execute(update(tables.visit).where(c.id == found.id).values({**moved, **values}))
    subject = Subject(store.VISIT, found.id)
    told = Entry(subject, f"visit.{event}", actor, now, reason=reason.strip())
    journal.append(connection, told)
    return state


def _tell_fall_back(connection: Connection, code: str, plan: Plan, now: datetime) -> None:
    """Say that the half-month cycle holds again, or that on-demand maintenance does."""
    verb = "plan.on_demand" if plan.fell_back_on is None else "plan.fell_back"
    facts = {"lift": code, "reasons": list(plan.reasons)}
    journal.append(connection, Entry(Subject(store.CHAIN, code), verb, PLANNER, now, facts))
