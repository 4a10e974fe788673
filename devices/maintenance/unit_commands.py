"""Commands and questions of the use unit: check-lists kept, and lifts stopped and started again.

Each command runs in the caller's transaction. An entry counts for the span in which it is made; one
span has one entry, and nobody changes it afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from core import journal
from core.db import add_once
from core.errors import Conflict
from core.journal import Actor, Entry, Subject
from devices import tables as registry
from devices.days import local_day
from devices.maintenance import planning, stopping, store, tables
from devices.maintenance.inspection import inspected_before_restart
from devices.maintenance.log import NOTHING_DUE, Plan, Rules
from devices.maintenance.stopping import ServiceEvent
from devices.maintenance.use_unit_duties import Span, UnitDuty, missed, open_now, span
from devices.model import Lift
from devices.objections import NotTaken, Objection

FINE, NOT_FINE = "fine", "not_fine"
BACK = 90  # days that missed spans are told for


@dataclass(frozen=True, slots=True)
class DutyState:
    """A duty as it stands: the running span when its record is wanted, and those missed."""

    duty: UnitDuty
    open: Span | None
    missed: tuple[Span, ...]


def keep_entry(
    connection: Connection,
    unit_id: int,
    lift: Lift | None,
    duty: UnitDuty,
    answers: Mapping[str, str],
    now: datetime,
    actor: Actor,
    rules: Rules,
    *,
    note: str = "",
) -> None:
    """Keep a filled check-list of today's span; a daily one is of one lift, others of the unit.

    Raises NotTaken naming every point without an answer, Conflict("exists") for a span that has
    its entry.
    """
    points = rules.check_lists.points[duty]
    wrong = [
        Objection(f"answers[{each.code}]", "not_answered", "answer this point")
        for each in points
        if answers.get(each.code) not in {FINE, NOT_FINE}
    ]
    if NOT_FINE in answers.values() and not note.strip():
        wrong.append(Objection("note", "reason_missing", "say what was found and done"))
    if (duty is UnitDuty.DAILY) != (lift is not None):
        wrong.append(Objection("lift", "missing", "a daily control is of one lift"))
    if wrong:
        raise NotTaken(tuple(wrong))
    today = local_day(now, rules.zone)
    key = {
        "use_unit_id": unit_id,
        "duty": str(duty),
        "about": lift.id if lift else 0,
        "span_first": span(duty, today).first,
    }
    kept = {each.code: answers[each.code] for each in points}
    fresh = add_once(
        connection,
        tables.duty_entry,
        key,
        lift_id=lift.id if lift else None,
        on=today,
        list_version=rules.check_lists.version,
        answers=kept,
        note=note.strip(),
        by=actor.id,
        at=now,
    )
    if not fresh:
        raise Conflict("exists", "this span has its record already")
    facts = {"duty": str(duty), "lift": lift.rescue_code if lift else "", "answers": kept}
    subject = Subject("use_unit", str(unit_id))
    journal.append(connection, Entry(subject, "duty.kept", actor, now, facts))


def duty_states(
    connection: Connection,
    unit_id: int,
    lift: Lift | None,
    today: date,
    since: date,
    zone: ZoneInfo,
) -> tuple[DutyState, ...]:
    """The duties about one lift (daily), or about the whole unit (weekly, monthly)."""
    duties = (UnitDuty.DAILY,) if lift else (UnitDuty.WEEKLY, UnitDuty.MONTHLY)
    c = tables.duty_entry.c
    found = []
    for duty in duties:
        days = list(
            connection.execute(
                select(c.on).where(
                    c.use_unit_id == unit_id,
                    c.duty == str(duty),
                    c.about == (lift.id if lift else 0),
                    c.on >= since,
                )
            ).scalars()
        )
        still = _standing_still(connection, lift, since, today, zone) if lift else ()
        gone = missed(duty, since, today, days, still)
        found.append(DutyState(duty, open_now(duty, today, days), gone))
    return tuple(found)


def move_service(
    connection: Connection,
    lift: Lift,
    event: ServiceEvent,
    reason: str,
    now: datetime,
    actor: Actor,
    rules: Rules,
) -> Plan:
    """Stop a lift, start it again, seal or release it, lay it up.

    Raises Conflict where its state refuses or an inspection must come first, InvalidMessage
    without a reason. What was not due while nobody rode is due from the day of starting again.
    """
    plan = store.plan_or_none(connection, lift.id)
    plan = plan or planning.settle(connection, lift.id, now, rules)
    state = stopping.move(plan.service, event, reason)
    today = local_day(now, rules.zone)
    back = plan.service in NOTHING_DUE and state not in NOTHING_DUE
    if back and plan.service_since is not None:
        stood = local_day(plan.service_since, rules.zone)
        if inspected_before_restart(stood, today) and not _inspected(connection, lift, stood):
            raise Conflict("inspection_first", "it stood for more than a year: inspect it first")
    t = tables.plan
    connection.execute(
        update(t)
        .where(t.c.lift_id == lift.id)
        .values(
            service=str(state),
            service_since=now,
            service_reason=reason.strip(),
            resumed_on=today if back else plan.resumed_on,
        )
    )
    connection.execute(
        insert(tables.service_move).values(
            lift_id=lift.id,
            event=str(event),
            state=str(state),
            reason=reason.strip(),
            by=actor.id,
            at=now,
        )
    )
    subject = Subject(store.CHAIN, lift.rescue_code)
    told = Entry(subject, f"service.{event}", actor, now, {"state": str(state)}, reason=reason)
    journal.append(connection, told)
    return planning.settle(connection, lift.id, now, rules)


def _standing_still(
    connection: Connection, lift: Lift, since: date, today: date, zone: ZoneInfo
) -> frozenset[date]:
    """Whole days on which nobody could ride: between a stop and the start after it."""
    c = tables.service_move.c
    moves = connection.execute(
        select(c.event, c.state, c.at).where(c.lift_id == lift.id).order_by(c.at, c.id)
    ).all()
    still: set[date] = set()
    stopped: date | None = None
    for each in moves:
        if each.state != stopping.ServiceState.IN_SERVICE and stopped is None:
            stopped = local_day(each.at, zone)
        elif each.state == stopping.ServiceState.IN_SERVICE and stopped is not None:
            still |= _between(max(stopped, since), local_day(each.at, zone))
            stopped = None
    if stopped is not None:
        still |= _between(max(stopped, since), today)
    return frozenset(still)


def _between(first: date, last: date) -> set[date]:
    """The days strictly between two."""
    return {date.fromordinal(n) for n in range(first.toordinal() + 1, last.toordinal())}


def _inspected(connection: Connection, lift: Lift, after: date) -> bool:
    c = registry.inspection.c
    asked = select(c.id).where(c.lift_id == lift.id, c.done_on >= after, c.result != "failed")
    return connection.execute(asked.limit(1)).first() is not None
