"""/incidents: the board, one incident, taking a call, and what a seat can do."""

import hashlib
from datetime import timedelta
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from sqlalchemy import Connection

from alerts import search
from alerts.actions import IncidentAction
from alerts.assignment import AssignmentAction
from alerts.commands import act_on_assignment, act_on_incident, open_incident, raise_level
from alerts.model import Intake, Opened, Source
from alerts.search import IncidentFilter
from alerts.views import IncidentRow
from core.errors import Forbidden, InvalidMessage, NotFound
from core.ids import sortable_key
from dashboard import sight
from dashboard.access import Action, may
from dashboard.api.schemas import (
    ActionIn,
    IncidentFull,
    IncidentOut,
    IntakeIn,
    LevelIn,
    Listed,
    OpenedOut,
    StandDownIn,
)
from dashboard.bounds import Offset
from dashboard.deps import (
    AppContext,
    Context,
    CurrentAccount,
    CurrentActor,
    CurrentScope,
    require,
    verified_csrf,
)
from dashboard.problems import CREATED, OK
from dashboard.scope import Scope
from devices import queries as registry

router = APIRouter(prefix="/incidents", tags=["incidents"])
SEES = [Depends(require(Action.SEE_INCIDENTS))]
OPENS = [Depends(require(Action.OPEN_INCIDENT)), Depends(verified_csrf)]
DIRECTS = [Depends(require(Action.DIRECT_INCIDENT)), Depends(verified_csrf)]
ACTS = [*SEES, Depends(verified_csrf)]

RECENT = timedelta(days=1)
LONGEST_KEY = 96

Verb = Literal[
    "located",
    "freed",
    "confirm",
    "cause",
    "close",
    "false-alarm",
    "self-escaped",
    "note",
    "comfort",
]
NEEDED: dict[IncidentAction, Action] = {
    IncidentAction.CAUSE: Action.REPORT_CAUSE,
    IncidentAction.NOTE: Action.ADD_NOTE,
}
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="the same key answers the same incident, however often it is sent; "
        "with another lift, place or kind it is refused (409 key_reused)",
    ),
]


@router.get("", dependencies=SEES)
def listed(
    context: Context,
    scope: CurrentScope,
    state: Literal["open", "recent", "closed", "all"] = "open",
    q: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
    offset: Offset = 0,
) -> Listed[IncidentOut]:
    """Incidents that are not closed (`recent`: and those closed within a day), newest first.

    `q` begins an incident's number or a lift's code, or stands in the place.
    """
    wanted = IncidentFilter(
        text=q,
        confines=scope.confines,
        running=None if state == "all" else state != "closed",
        closed_since=context.clock.now() - RECENT if state == "recent" else None,
    )

    def find(connection: Connection) -> tuple[list[IncidentRow], int]:
        ids = search.incident_ids(connection, wanted, limit=limit, offset=offset)
        return search.incident_rows(connection, ids), search.incident_count(connection, wanted)

    rows, total = context.database.read(find)
    return Listed(items=[IncidentOut.of(row) for row in rows], total=total)


@router.post(
    "",
    status_code=CREATED,
    dependencies=OPENS,
    responses={OK.value: {"model": OpenedOut, "description": "It was there already"}},
)
def take_call(
    told: IntakeIn,
    response: Response,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
    key: IdempotencyKey = None,
) -> OpenedOut:
    """Open an incident, or join an open one of the same lift (200)."""
    opened = open_by_form(context, told, scope=scope, actor=actor, key=key)
    if not opened.created:
        response.status_code = OK
    return OpenedOut(id=opened.incident_id, created=opened.created, merged=opened.merged)


def open_by_form(
    context: AppContext, told: IntakeIn, *, scope: Scope, actor: CurrentActor, key: str | None
) -> Opened:
    """Take a call that a dispatcher typed; the form and the interface both come here.

    Raises InvalidMessage naming the field: `lift_code` when no lift has it; Conflict("key_reused")
    when `key` stands for another telling.
    """
    now = context.clock.now()
    event_key = f"form/{actor.id}/{key or sortable_key(now)}"
    if len(event_key) > LONGEST_KEY:  # a digest, for two long keys may differ at their ends only
        event_key = f"form/{hashlib.sha256(event_key.encode()).hexdigest()}"

    def write(connection: Connection) -> Opened:
        lift = None
        if told.lift_code:
            try:
                lift = sight.lift(connection, scope=scope, code=told.lift_code)
            except NotFound as error:
                raise InvalidMessage(
                    "lift_unknown",
                    f"no lift has the code {told.lift_code}; tell the place instead",
                    field="lift_code",
                ) from error
        area = told.area or scope.area
        if told.district and not area:
            area = registry.districts(connection).get(told.district, "")
        intake = Intake(
            event_key=event_key,
            kind=told.kind,
            source=Source.FORM,
            lift=lift,
            area=lift.area if lift else area,
            district=lift.district if lift else told.district,
            place=told.place,
            people=told.people,
            injured=told.injured,
            vulnerable=told.vulnerable,
            floor=told.floor,
            note=told.note,
            reporter_name=told.reporter_name,
            reporter_phone=told.reporter_phone,
        )
        return open_incident(connection, intake, context.policies, now, actor)

    return context.database.write(write)


@router.get("/{incident_id}", dependencies=SEES)
def one(incident_id: str, context: Context, scope: CurrentScope) -> IncidentFull:
    """One incident with its timeline and with what may be done now."""
    return IncidentFull.of(
        context.database.read(partial(sight.incident, scope=scope, incident_id=incident_id))
    )


@router.post("/{incident_id}/level", dependencies=DIRECTS)
def level(
    incident_id: str, told: LevelIn, context: Context, scope: CurrentScope, actor: CurrentActor
) -> IncidentFull:
    """Ask the next rescue station (2) or public rescue (3)."""

    def write(connection: Connection) -> None:
        sight.incident(connection, scope=scope, incident_id=incident_id)
        raise_level(
            connection,
            incident_id,
            told.level,
            told.reason,
            context.clock.now(),
            actor,
            version=told.version,
        )

    context.database.write(write)
    return one(incident_id, context, scope)


@router.post("/{incident_id}/stand-down", dependencies=DIRECTS)
def stand_down(
    incident_id: str, told: StandDownIn, context: Context, scope: CurrentScope, actor: CurrentActor
) -> IncidentFull:
    """Stand one crew of this incident down."""

    def write(connection: Connection) -> None:
        detail = sight.incident(connection, scope=scope, incident_id=incident_id)
        if told.assignment not in {each.id for each in detail.assignments}:
            raise NotFound("assignment", str(told.assignment))
        act_on_assignment(
            connection,
            told.assignment,
            AssignmentAction.STAND_DOWN,
            context.clock.now(),
            actor,
            reason=told.reason,
        )

    context.database.write(write)
    return one(incident_id, context, scope)


@router.post("/{incident_id}/{verb}", dependencies=ACTS)
def act(
    incident_id: str,
    verb: Verb,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
    actor: CurrentActor,
    body: ActionIn | None = None,
) -> IncidentFull:
    """What a seat does; a crew may tell the cause and add notes."""
    action = IncidentAction(verb.replace("-", "_"))
    needed = NEEDED.get(action, Action.DIRECT_INCIDENT)
    if not may(account.role, needed):
        raise Forbidden(f"the role {account.role} may not {needed.replace('_', ' ')}")
    told = body or ActionIn()

    def write(connection: Connection) -> None:
        sight.incident(connection, scope=scope, incident_id=incident_id)
        act_on_incident(
            connection,
            incident_id,
            action,
            context.clock.now(),
            actor,
            text=told.text or told.reason,
            code=told.code,
            lift=sight.lift(connection, scope=scope, code=told.lift_code)
            if told.lift_code
            else None,
            version=told.version,
        )

    context.database.write(write)
    return one(incident_id, context, scope)
