"""Commands of the use unit and the supervisor about a visit that was handed in.

Each runs in the caller's transaction. A confirmation is a record of its own in the lift's chain.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from core.errors import Conflict
from core.ids import sortable_key
from core.journal import Actor
from devices import queries
from devices.maintenance import confirmation, planning, record, store
from devices.maintenance.log import Rules, Visit
from devices.maintenance.record import RecordKind
from devices.maintenance.visit import VisitEvent
from devices.objections import NotTaken


def confirm(
    connection: Connection,
    visit_id: str,
    now: datetime,
    actor: Actor,
    *,
    officers: Collection[str],
    version: int | None = None,
) -> Visit:
    """The use unit's safety officer signs; raises NotTaken for somebody else."""
    found = at_version(store.load_visit(connection, visit_id), version)
    against = confirmation.objections(actor.id, officers, {found.submitted_by})
    if against:
        raise NotTaken(against)
    state = planning.move(
        connection,
        found,
        VisitEvent.CONFIRM,
        now,
        actor,
        values={"confirmed_at": now, "confirmed_by": actor.id, "confirm_by": None},
    )
    code = queries.lift_by_id(connection, found.lift_id).rescue_code
    late = found.received_at is not None and confirmation.late_by(found.received_at, now, now)
    written = record.append(
        store.head(connection, code),
        id=sortable_key(now),
        lift_code=code,
        kind=RecordKind.CONFIRMATION,
        content={
            "visit": visit_id,
            "record": found.record_id,
            "state": str(state),
            "by": actor.id,
            "late_s": round(late.total_seconds()) if late else 0,
        },
        recorded_at=now,
        recorded_by=actor.id,
    )
    store.append_record(connection, written, visit_id=visit_id, firm_id=found.firm_id, actor=actor)
    return store.load_visit(connection, visit_id)


def object_to(
    connection: Connection,
    visit_id: str,
    event: VisitEvent,
    reason: str,
    now: datetime,
    actor: Actor,
    rules: Rules,
    *,
    version: int | None = None,
) -> Visit:
    """Dispute a visit, withdraw that, or (the supervisor) reject it as not done.

    Raises Conflict where its state refuses, InvalidMessage without a reason. The plan is made anew:
    what is disputed or rejected moves no due day.
    """
    found = at_version(store.load_visit(connection, visit_id), version)
    waits = None
    if event is VisitEvent.WITHDRAW_DISPUTE:
        waits = confirmation.confirm_by(now)
    values = {"confirm_by": waits}
    planning.move(connection, found, event, now, actor, reason=reason, values=values)
    planning.settle(connection, found.lift_id, now, rules)
    return store.load_visit(connection, visit_id)


def at_version(found: Visit, version: int | None) -> Visit:
    """The visit, unless it has moved on since `version`: raises Conflict("stale_version")."""
    if version is not None and version != found.version:
        raise Conflict("stale_version", f"visit {found.id} has moved on: read it again")
    return found
