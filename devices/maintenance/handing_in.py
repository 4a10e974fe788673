"""Commands of the firm: begin a visit, check in, hand it in, amend what was handed in.

Each runs in the caller's transaction. What is handed in is checked as a whole and refused as a
whole; what is taken is a record in the lift's chain, and the plan is made anew at once. The same
request sent again (by its key) is answered with what it made the first time.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection, insert, select

from core.chain import canonical
from core.db import add_once
from core.errors import Conflict, Forbidden
from core.ids import sortable_key
from core.journal import Actor
from devices import queries, register_queries
from devices.days import local_day
from devices.maintenance import content, planning, record, store, tables
from devices.maintenance.confirmation import confirm_by
from devices.maintenance.cycle import Due
from devices.maintenance.expecting import expect, is_trial
from devices.maintenance.log import Rules, Visit
from devices.maintenance.record import Record, RecordKind
from devices.maintenance.submission import (
    Checked,
    CheckIn,
    Expected,
    Means,
    Submission,
    check,
)
from devices.maintenance.visit import RUNNING, VisitEvent, VisitState
from devices.model import Lift
from devices.objections import NotTaken, Objection
from devices.store import Values


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What became of a visit that was handed in. `again`: it was there already."""

    visit: Visit
    record: Record
    next: Due | None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who hands in: the firm's account, and the sender's own key of the request, if any."""

    firm_id: int
    actor: Actor
    key: str = ""


def start(
    connection: Connection,
    visit_id: str,
    workers: tuple[str, ...],
    now: datetime,
    actor: Actor,
) -> Visit:
    """A crew begins a planned visit."""
    found = store.load_visit(connection, visit_id)
    values: Values = {"started_at": now, "workers": list(workers) or list(found.workers)}
    planning.move(connection, found, VisitEvent.START, now, actor, values=values)
    return store.load_visit(connection, visit_id)


def check_in(
    connection: Connection, lift: Lift, firm_id: int, given: CheckIn, now: datetime
) -> CheckIn:
    """Keep that a worker is at the lift, with the hub's own time; the same twice is once.

    A code that is not the lift's proves nothing and is refused where the visit is handed in.
    """
    place = given.position
    add_once(
        connection,
        tables.check_in,
        {"lift_id": lift.id, "firm_id": firm_id, "worker": given.worker, "at": given.at},
        means=str(given.means),
        latitude=place and place.latitude,
        longitude=place and place.longitude,
        received_at=now,
    )
    c = tables.check_in.c
    received = connection.execute(
        select(c.received_at).where(
            c.lift_id == lift.id,
            c.firm_id == firm_id,
            c.worker == given.worker,
            c.at == given.at,
        )
    ).scalar_one()
    return CheckIn(given.worker, given.at, given.means, place, given.code, received)


def hand_in(
    connection: Connection,
    lift: Lift,
    submission: Submission,
    sender: Sender,
    now: datetime,
    rules: Rules,
    *,
    code: str,
) -> HandedIn:
    """Take a visit; `code` is what stands at the lift.

    Raises NotTaken with every objection, Forbidden for a firm without a contract, Conflict where
    the key stands for another visit.
    """
    told = _with_receipts(connection, lift, sender.firm_id, submission)
    fingerprint = _fingerprint("visit", lift.rescue_code, submission)
    if (known := _known(connection, sender, fingerprint)) is not None:
        return known
    _must_hold(connection, lift, sender.firm_id, local_day(told.finished_at, rules.zone))
    plan = store.plan_or_none(connection, lift.id) or planning.settle(
        connection, lift.id, now, rules
    )
    expected = expect(connection, lift, sender.firm_id, plan, told, rules, code=code)
    checked = _judged(connection, lift, told, expected, now)
    found = _its_visit(connection, lift, sender.firm_id, now)
    values = _values(told, checked, now, rules) | {"submitted_by": sender.actor.id}
    made = _content(connection, lift, sender.firm_id, told, checked)
    written = record.append(
        store.head(connection, lift.rescue_code),
        id=sortable_key(now),
        lift_code=lift.rescue_code,
        kind=RecordKind.VISIT,
        content=made,
        recorded_at=now,
        recorded_by=sender.actor.id,
    )
    values["record_id"] = written.id
    planning.move(connection, found, VisitEvent.SUBMIT, now, sender.actor, values=values)
    return _kept(connection, found, written, sender, fingerprint, now, rules)


def amend(
    connection: Connection,
    record_id: str,
    submission: Submission,
    why: str,
    sender: Sender,
    now: datetime,
    rules: Rules,
    *,
    code: str,
) -> HandedIn:
    """Correct a record by a new one; the old one stays. Raises as `hand_in` does.

    Conflict("superseded") when the record has been corrected already: amend the newest.
    """
    old, row = store.load_record(connection, record_id)
    lift = queries.lift_by_code(connection, old.lift_code)
    told = _with_receipts(connection, lift, sender.firm_id, submission)
    fingerprint = _fingerprint(f"amend/{record_id}/{why}", lift.rescue_code, submission)
    if (known := _known(connection, sender, fingerprint)) is not None:
        return known
    if row.firm_id != sender.firm_id:
        raise Forbidden("only the firm that wrote a record may correct it")
    found = store.load_visit(connection, row.visit_id)
    if found.record_id != record_id:
        raise Conflict("superseded", f"record {found.record_id} has taken its place: correct that")
    head = store.head(connection, lift.rescue_code)
    plan = store.plan_or_none(connection, lift.id)
    if head is None or plan is None:
        raise Conflict("wrong_state", "the lift has no plan")
    expected = expect(connection, lift, sender.firm_id, plan, told, rules, code=code)
    checked = _judged(connection, lift, told, expected, now)
    made = _content(connection, lift, sender.firm_id, told, checked)
    written = record.amend(
        head,
        old,
        id=sortable_key(now),
        content=made,
        why=why,
        recorded_at=now,
        recorded_by=sender.actor.id,
    )
    values = _values(told, checked, now, rules)
    values |= {"record_id": written.id, "confirmed_at": None, "confirmed_by": ""}
    planning.move(connection, found, VisitEvent.AMEND, now, sender.actor, reason=why, values=values)
    return _kept(connection, found, written, sender, fingerprint, now, rules)


def _judged(
    connection: Connection, lift: Lift, told: Submission, expected: Expected, now: datetime
) -> Checked:
    checked = check(told, expected, now)
    against = (*checked.objections, *_photos_missing(connection, lift, told))
    if against:
        raise NotTaken(against)
    return checked


def _photos_missing(connection: Connection, lift: Lift, told: Submission) -> Iterator[Objection]:
    named = {photo for each in told.answers for photo in each.photos}
    if not named:
        return
    c = tables.photo.c
    kept = set(
        connection.execute(
            select(c.digest).where(c.lift_id == lift.id, c.digest.in_(named))
        ).scalars()
    )
    for each in told.answers:
        for photo in each.photos:
            if photo not in kept:
                where = f"answers[{each.code}].photos"
                yield Objection(where, "photo_unknown", "send the picture of this lift first")


def _with_receipts(
    connection: Connection, lift: Lift, firm_id: int, told: Submission
) -> Submission:
    """The check-ins with the hub's own times, never with what the sender says of them."""
    c = tables.check_in.c
    kept = {
        (row.worker, row.at, row.means): row.received_at
        for row in connection.execute(
            select(tables.check_in).where(
                c.lift_id == lift.id, c.firm_id == firm_id, c.worker.in_(told.workers)
            )
        )
    }
    check_ins = tuple(
        replace(each, received_at=kept.get((each.worker, each.at, str(each.means))))
        for each in told.check_ins
    )
    return replace(told, check_ins=check_ins)


def _must_hold(connection: Connection, lift: Lift, firm_id: int, day: date) -> None:
    """A visit is handed in by the firm that held the contract on its day, or has the lift now."""
    holder = register_queries.firm_on(connection, lift.id, day)
    if firm_id not in {holder, lift.firm_id}:
        raise Forbidden("the lift was not under contract with this firm on that day")


def _its_visit(connection: Connection, lift: Lift, firm_id: int, now: datetime) -> Visit:
    """The visit to come of that firm; an unplanned one is made, so that nothing done is lost."""
    c = tables.visit.c
    row = connection.execute(
        select(tables.visit)
        .where(c.lift_id == lift.id, c.firm_id == firm_id, c.state.in_(RUNNING))
        .order_by(c.id)
        .limit(1)
    ).one_or_none()
    if row is not None:
        return store.to_visit(row)
    fresh = sortable_key(now)
    connection.execute(
        insert(tables.visit).values(
            id=fresh,
            lift_id=lift.id,
            firm_id=firm_id,
            state=str(VisitState.PLANNED),
            period="half_month",
            called_for_by="calendar",
            workers=[],
            remarks=["not_planned"],
            hazards=[],
            sandbox=is_trial(connection, firm_id),
            version=1,
        )
    )
    return store.load_visit(connection, fresh)


def _values(told: Submission, checked: Checked, now: datetime, rules: Rules) -> Values:
    scanned = {each.worker for each in told.check_ins if each.means is Means.CODE}
    return {
        "period": str(told.period),
        "called_for_by": str(told.called_for_by),
        "workers": list(told.workers),
        "began_at": checked.began_at,
        "ended_at": checked.ended_at,
        "done_on": local_day(checked.ended_at, rules.zone),
        "received_at": now,
        "by_code": scanned >= set(told.workers),
        "remarks": list(checked.remarks),
        "hazards": [str(each) for each in told.hazards],
        "confirm_by": confirm_by(now),
    }


def _content(
    connection: Connection, lift: Lift, firm_id: int, told: Submission, checked: Checked
) -> dict[str, object]:
    """What Art. 7 wants of a record beside what was handed in: the lift, its use unit, the firm."""
    firm = queries.firm_by_id(connection, firm_id)
    unit = (
        queries.use_unit_by_id(connection, lift.use_unit_id).name
        if lift.use_unit_id is not None
        else ""
    )
    return content.visit_record(told, checked, firm.code) | {
        "firm_name": firm.name,
        "lift": {
            "rescue_code": lift.rescue_code,
            "registration_code": lift.registration_code,
            "kind": str(lift.kind),
            "address": f"{lift.address} {lift.building}".strip(),
            "use_unit": unit,
        },
    }


def _kept(
    connection: Connection,
    found: Visit,
    written: Record,
    sender: Sender,
    fingerprint: str,
    now: datetime,
    rules: Rules,
) -> HandedIn:
    store.append_record(
        connection, written, visit_id=found.id, firm_id=sender.firm_id, actor=sender.actor
    )
    if sender.key:
        connection.execute(
            insert(tables.request).values(
                firm_id=sender.firm_id,
                key=sender.key,
                fingerprint=fingerprint,
                record_id=written.id,
                at=now,
            )
        )
    after = planning.settle(connection, found.lift_id, now, rules)
    coming = None if after.due_on is None else Due(after.period, after.due_on)
    return HandedIn(store.load_visit(connection, found.id), written, coming)


def _known(connection: Connection, sender: Sender, fingerprint: str) -> HandedIn | None:
    """What the key made the first time; raises Conflict where it stands for something else."""
    if not sender.key:
        return None
    c = tables.request.c
    row = connection.execute(
        select(tables.request).where(c.firm_id == sender.firm_id, c.key == sender.key)
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise Conflict("key_reused", "this Idempotency-Key stands for another request")
    kept, kept_row = store.load_record(connection, row.record_id)
    visit = store.load_visit(connection, kept_row.visit_id)
    plan = store.plan_or_none(connection, visit.lift_id)
    coming = None if plan is None or plan.due_on is None else Due(plan.period, plan.due_on)
    return HandedIn(visit, kept, coming, again=True)


def _fingerprint(what: str, lift_code: str, told: Submission) -> str:
    """Of all but the instant of sending: who sends once more sends later."""
    same = content.handed_in(replace(told, sent_at=told.finished_at))
    return hashlib.sha256(canonical([what, lift_code, same])).hexdigest()
