"""/assignments: what crews are asked to do, and their answers."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from alerts import queries
from alerts.assignment import AssignmentAction
from alerts.commands import act_on_assignment
from alerts.model import Assignment
from core.errors import NotFound
from dashboard import sight
from dashboard.access import Action
from dashboard.api.schemas import AssignmentIn, AssignmentOut, Listed
from dashboard.bounds import Offset, RowId
from dashboard.deps import Context, CurrentActor, CurrentScope, require, verified_csrf
from dashboard.scope import Scope

router = APIRouter(prefix="/assignments", tags=["assignments"])
SEES = [Depends(require(Action.SEE_INCIDENTS))]
ANSWERS = [Depends(require(Action.ANSWER_ASSIGNMENT)), Depends(verified_csrf)]

Step = Literal["accept", "refuse", "en-route", "arrive", "freed", "stand-down"]
STEPS: dict[str, AssignmentAction] = {
    "accept": AssignmentAction.ACCEPT,
    "refuse": AssignmentAction.REFUSE,
    "en-route": AssignmentAction.EN_ROUTE,
    "arrive": AssignmentAction.ARRIVE,
    "freed": AssignmentAction.FINISH,
    "stand-down": AssignmentAction.STAND_DOWN,
}


@router.get("", dependencies=SEES)
def listed(
    context: Context,
    scope: CurrentScope,
    state: Literal["open", "all"] = "open",
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
    offset: Offset = 0,
) -> Listed[AssignmentOut]:
    """The assignments of the account's firm or station; of every open incident for others."""

    def find(connection: Connection) -> tuple[list[Assignment], int]:
        for kind, target in (("firm", scope.firm_id), ("station", scope.station_id)):
            if target is not None:
                theirs = queries.assignments_of(connection, kind, target, open_only=state == "open")
                return theirs[offset : offset + limit], len(theirs)
        return queries.open_assignments(connection, scope.confines, limit=limit, offset=offset)

    found, total = context.database.read(find)
    return Listed(items=[AssignmentOut.of(each) for each in found], total=total)


@router.get("/{assignment_id}", dependencies=SEES)
def one(assignment_id: RowId, context: Context, scope: CurrentScope) -> AssignmentOut:
    """One assignment."""
    return AssignmentOut.of(
        context.database.read(partial(seen, scope=scope, assignment_id=assignment_id))
    )


@router.post("/{assignment_id}/{step}", dependencies=ANSWERS)
def answer(
    assignment_id: RowId,
    step: Step,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
    body: AssignmentIn | None = None,
) -> AssignmentOut:
    """Accept, refuse, set out, arrive (with proof), tell that all are free, or stand down."""
    told = body or AssignmentIn()

    def act(connection: Connection) -> Assignment:
        seen(connection, scope=scope, assignment_id=assignment_id)
        return act_on_assignment(
            connection,
            assignment_id,
            STEPS[step],
            context.clock.now(),
            actor,
            responder=told.responder,
            proof=told.proof or "",
            reason=told.reason,
            version=told.version,
        )

    return AssignmentOut.of(context.database.write(act))


def seen(connection: Connection, *, scope: Scope, assignment_id: int) -> Assignment:
    """The assignment, where it is the account's own or of an incident in its area."""
    found = queries.assignment_by_id(connection, assignment_id)
    if not scope.covers_target(found.target_kind.value, found.target_id):
        raise NotFound("assignment", str(assignment_id))
    sight.incident(connection, scope=scope, incident_id=found.incident_id)
    return found
