"""/maintenance: what is due, visits and their records, for firms' own systems and for pages.

A visit is handed in with an `Idempotency-Key`: the same key is answered with the same record,
however often it is sent. What is taken can be corrected by an amendment and never be altered. A
request has at most 256 KiB, a picture 240 KiB, a list 500 rows a page. What a trial (sandbox) firm
hands in is checked in the same way, kept for its own lifts, and counts nowhere.
"""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from sqlalchemy import Connection

from core.errors import NotFound
from core.journal import Actor
from dashboard import sight
from dashboard.access import Action
from dashboard.api.maintenance_schemas import (
    AmendmentIn,
    Code,
    MoveIn,
    RecordedOut,
    RecordIn,
    RecordOut,
    RescheduleIn,
    StartIn,
    VisitOut,
)
from dashboard.api.schemas import Listed
from dashboard.bounds import Offset
from dashboard.deps import (
    AppContext,
    Context,
    CurrentActor,
    CurrentScope,
    require,
    verified_csrf,
)
from dashboard.maintaining import firm_for, plate
from dashboard.problems import CREATED, OK
from dashboard.scope import Scope
from devices.maintenance import (
    confirming,
    handing_in,
    queries,
    rescheduling,
    store,
)
from devices.maintenance.handing_in import Sender
from devices.maintenance.log import Visit
from devices.maintenance.queries import VisitRow
from devices.maintenance.record import Record
from devices.maintenance.visit import VisitEvent, VisitState

router = APIRouter(prefix="/maintenance", tags=["maintenance"])
SEES = [Depends(require(Action.SEE_MAINTENANCE))]
HANDS_IN = [Depends(require(Action.HAND_IN_VISITS)), Depends(verified_csrf)]
PLANS = [Depends(require(Action.PLAN_VISITS)), Depends(verified_csrf)]
CONFIRMS = [Depends(require(Action.CONFIRM_VISITS)), Depends(verified_csrf)]
WATCHES = [Depends(require(Action.WATCH_MAINTENANCE)), Depends(verified_csrf)]

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="the same key answers the same record; for another visit it is refused "
        "(409 key_reused)",
    ),
]
Limit = Annotated[int, Query(ge=1, le=500)]
AGAIN: dict[int | str, dict[str, Any]] = {  # Any: a piece of an OpenAPI document
    OK.value: {"model": RecordedOut, "description": "The same key was sent before: its record"}
}


@router.get("/visits", dependencies=SEES)
def visits(
    context: Context,
    scope: CurrentScope,
    state: VisitState | None = None,
    limit: Limit = 500,
    offset: Offset = 0,
) -> Listed[VisitOut]:
    """Visits, the newest first; planned and begun ones in the order of their days."""
    states = () if state is None else (state,)
    rows, total = context.database.read(
        lambda c: queries.visits(
            c, sight.maintained(scope), states=states, limit=limit, offset=offset
        )
    )
    return Listed(items=[VisitOut.of(row) for row in rows], total=total)


@router.get("/visits/{visit_id}", dependencies=SEES)
def visit(visit_id: str, context: Context, scope: CurrentScope) -> VisitOut:
    """One visit."""
    return VisitOut.of(context.database.read(partial(sight.visit, scope=scope, visit_id=visit_id)))


@router.post("/visits/{visit_id}/start", dependencies=HANDS_IN)
def start(
    visit_id: str,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
    body: StartIn | None = None,
) -> VisitOut:
    """A crew begins. A phone without a network may leave this out."""
    workers = tuple(body.workers) if body else ()

    def write(connection: Connection) -> VisitRow:
        _own_visit(connection, scope, visit_id)
        handing_in.start(connection, visit_id, workers, context.clock.now(), actor)
        return sight.visit(connection, scope=scope, visit_id=visit_id)

    return VisitOut.of(context.database.write(write))


@router.post("/visits/{visit_id}/reschedule", dependencies=PLANS)
def reschedule(
    visit_id: str, told: RescheduleIn, context: Context, scope: CurrentScope, actor: CurrentActor
) -> VisitOut:
    """Another day, not later than the due day, or another team."""

    def write(connection: Connection) -> VisitRow:
        _own_visit(connection, scope, visit_id)
        now, day = context.clock.now(), told.planned_on
        rescheduling.reschedule(
            connection, visit_id, day, now, actor, reason=told.reason, team=told.team
        )
        return sight.visit(connection, scope=scope, visit_id=visit_id)

    return VisitOut.of(context.database.write(write))


@router.post("/visits/{visit_id}/confirm", dependencies=CONFIRMS)
def confirm(
    visit_id: str,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
    body: MoveIn | None = None,
) -> VisitOut:
    """The use unit's safety officer signs; late is allowed and stays visible."""
    told = body or MoveIn()

    def write(connection: Connection) -> VisitRow:
        sight.visit(connection, scope=scope, visit_id=visit_id)
        # The account is the use unit's own, or the administrator's in its stead.
        now, officers = context.clock.now(), {actor.id}
        confirming.confirm(
            connection, visit_id, now, actor, officers=officers, version=told.version
        )
        return sight.visit(connection, scope=scope, visit_id=visit_id)

    return VisitOut.of(context.database.write(write))


@router.post("/visits/{visit_id}/dispute", dependencies=CONFIRMS)
def dispute(
    visit_id: str, told: MoveIn, context: Context, scope: CurrentScope, actor: CurrentActor
) -> VisitOut:
    """The use unit objects: until that is settled the visit moves no due day."""
    return _object(visit_id, VisitEvent.DISPUTE, told, context, scope, actor)


@router.post("/visits/{visit_id}/withdraw", dependencies=CONFIRMS)
def withdraw(
    visit_id: str, told: MoveIn, context: Context, scope: CurrentScope, actor: CurrentActor
) -> VisitOut:
    """The use unit objects no longer."""
    return _object(visit_id, VisitEvent.WITHDRAW_DISPUTE, told, context, scope, actor)


@router.post("/visits/{visit_id}/reject", dependencies=WATCHES)
def reject(
    visit_id: str, told: MoveIn, context: Context, scope: CurrentScope, actor: CurrentActor
) -> VisitOut:
    """The supervisor does not count the visit."""
    return _object(visit_id, VisitEvent.REJECT, told, context, scope, actor)


@router.post("/records", status_code=CREATED, dependencies=HANDS_IN, responses=AGAIN)
def hand_in(
    told: RecordIn,
    response: Response,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
    key: Key,
) -> RecordedOut:
    """Hand a visit in. Refused as a whole (422) with everything that speaks against it."""
    submission = told.submission()

    def write(connection: Connection) -> handing_in.HandedIn:
        lift = sight.served(connection, scope=scope, code=told.lift_code)
        return handing_in.hand_in(
            connection,
            lift,
            submission,
            Sender(firm_id=firm_for(scope, lift), actor=actor, key=key),
            context.clock.now(),
            context.maintenance,
            code=plate(context, lift),
        )

    done = context.database.write(write)
    if done.again:
        response.status_code = OK
    return RecordedOut.of(done)


@router.get("/records", dependencies=SEES)
def records(lift: Code, context: Context, scope: CurrentScope) -> Listed[RecordOut]:
    """A lift's records, the newest first. A firm that lost the lift sees what it wrote."""
    found = context.database.read(partial(sight.records, scope=scope, code=lift))
    return Listed(items=[RecordOut.of(each) for each in found], total=len(found))


@router.get("/records/{record_id}", dependencies=SEES)
def record(record_id: str, context: Context, scope: CurrentScope) -> RecordOut:
    """One record."""

    def find(connection: Connection) -> Record:
        found, row = store.load_record(connection, record_id)
        if scope.firm_id is None or scope.firm_id != row.firm_id:
            sight.lift(connection, scope=scope, code=found.lift_code)
        return found

    return RecordOut.of(context.database.read(find))


@router.post(
    "/records/{record_id}/amendments",
    status_code=CREATED,
    dependencies=HANDS_IN,
    responses=AGAIN,
)
def amend(
    record_id: str,
    told: AmendmentIn,
    response: Response,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
    key: Key,
) -> RecordedOut:
    """Correct a record of the own firm by a new one; the use unit confirms anew."""
    submission = told.submission()

    def write(connection: Connection) -> handing_in.HandedIn:
        old, _ = store.load_record(connection, record_id)
        lift = sight.served(connection, scope=scope, code=old.lift_code)
        return handing_in.amend(
            connection,
            record_id,
            submission,
            told.why,
            Sender(firm_id=firm_for(scope, lift), actor=actor, key=key),
            context.clock.now(),
            context.maintenance,
            code=plate(context, lift),
        )

    done = context.database.write(write)
    if done.again:
        response.status_code = OK
    return RecordedOut.of(done)


def _object(
    visit_id: str,
    event: VisitEvent,
    told: MoveIn,
    context: AppContext,
    scope: Scope,
    actor: Actor,
) -> VisitOut:
    def write(connection: Connection) -> VisitRow:
        sight.visit(connection, scope=scope, visit_id=visit_id)
        now, rules = context.clock.now(), context.maintenance
        confirming.object_to(
            connection, visit_id, event, told.reason, now, actor, rules, version=told.version
        )
        return sight.visit(connection, scope=scope, visit_id=visit_id)

    return VisitOut.of(context.database.write(write))


def _own_visit(connection: Connection, scope: Scope, visit_id: str) -> Visit:
    found = sight.visit(connection, scope=scope, visit_id=visit_id).visit
    if scope.firm_id is not None and found.firm_id != scope.firm_id:
        raise NotFound("visit", visit_id)
    return found
