"""Incidents for staff: the live board, taking a call, one incident with every action."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, TypeVar, get_args

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from alerts import queries, refusals, search
from core.errors import HubError, InvalidMessage, NotFound
from core.ids import new_secret
from dashboard import accounts, sight
from dashboard.access import Action, Scope
from dashboard.api import assignments as assignments_api
from dashboard.api import incidents as incidents_api
from dashboard.api.schemas import ActionIn, AssignmentIn, IntakeIn, LevelIn
from dashboard.bounds import RowId
from dashboard.deps import (
    CSRF_FIELD,
    Context,
    CurrentAccount,
    CurrentActor,
    CurrentScope,
    require,
    verified_csrf,
)
from dashboard.problems import SEE_OTHER, problem_of
from dashboard.web import labels, list_incidents, lists, pages_registry, render
from devices import queries as registry

M = TypeVar("M", bound=BaseModel)
RECENT = timedelta(hours=2)
LIFTS_BEHIND = 4  # of the gateway of a call that could not be taken
STEPS = frozenset(get_args(assignments_api.Step))
VERBS = frozenset(get_args(incidents_api.Verb))

router = APIRouter(include_in_schema=False)
router.include_router(pages_registry.router)
SEES = [Depends(require(Action.SEE_INCIDENTS))]
OPENS = [Depends(require(Action.OPEN_INCIDENT))]


@router.get("/", dependencies=SEES)
def board(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The live incident board; narrowed by its address it is the list of all incidents."""
    return _board(request, context, scope, bare=False)


@router.get("/fragments/board", dependencies=SEES)
def board_fragment(request: Request, context: Context, scope: CurrentScope) -> Response:
    """What changes on the board."""
    return _board(request, context, scope, bare=True)


def _board(request: Request, context: Context, scope: CurrentScope, *, bare: bool) -> Response:
    now = context.clock.now()
    told = lists.asked(request, list_incidents.INCIDENTS)

    def find(connection: Connection) -> tuple[lists.Part, dict[str, object]]:
        return list_incidents.part(connection, context, scope, told), {
            "narrow": scope.narrow,
            "areas": lists.choices(search.areas(connection, scope.area)),
            "figures": queries.figures_today(connection, now, context.zone, scope.areas),
            "refused": [] if scope.narrow else _refused(connection, now - RECENT, scope),
        }

    part, more = context.database.read(find)
    return lists.page(request, told, part, more, bare=bare)


def _refused(
    connection: Connection, since: datetime, scope: Scope
) -> list[tuple[refusals.RefusedLine, tuple[str, ...]]]:
    """Calls that could not be taken, each with the lifts that its gateway speaks for."""
    return [
        (line, _lifts_behind(connection, line))
        for line in refusals.lines(connection, since, scope.areas)
    ]


def _lifts_behind(connection: Connection, line: refusals.RefusedLine) -> tuple[str, ...]:
    try:
        gateway = registry.gateway_by_id(connection, line.gateway)
    except NotFound:
        return ()
    shown = gateway.lift_ids[:LIFTS_BEHIND]
    return tuple(registry.lift_by_id(connection, each).rescue_code for each in shown)


@router.post("/refused-calls/{line_id}/settled", dependencies=[*OPENS, Depends(verified_csrf)])
async def settle_refused(
    line_id: RowId, context: Context, scope: CurrentScope, actor: CurrentActor
) -> Response:
    """A seat has looked after a call that could not be taken."""
    now = context.clock.now()
    await render.in_thread(
        partial(
            context.database.write,
            lambda c: refusals.settle(c, line_id, now, actor, scope.areas),
        )
    )
    return RedirectResponse("/", SEE_OTHER)


@router.get("/incidents/new", dependencies=OPENS)
def intake_form(request: Request, lift: Annotated[str, Query(max_length=20)] = "") -> Response:
    """The form for a call that comes by telephone."""
    return render.page(
        request,
        "staff/intake.html",
        key=new_secret(),
        typed={"lift_code": lift, "kind": "trapped"},
        wrong={},
    )


@router.get("/fragments/lift-card", dependencies=OPENS)
def lift_card(
    request: Request,
    context: Context,
    scope: CurrentScope,
    lift_code: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Which lift a code means, while it is being typed."""

    def find(connection: Connection) -> dict[str, object]:
        lift = sight.lift(connection, scope=scope, code=lift_code)
        return pages_registry.around(connection, lift)

    found: dict[str, object] = {"lift": None, "firm": None, "unit": None, "gateways": ()}
    if render.is_code(lift_code):
        try:
            found = context.database.read(find)
        except NotFound:
            return render.page(request, "staff/lift_card.html", code=lift_code, values=found)
    return render.page(request, "staff/lift_card.html", code=lift_code, values=found)


@router.post("/incidents/new", dependencies=[*OPENS, Depends(verified_csrf)])
async def take_call(
    request: Request, context: Context, scope: CurrentScope, actor: CurrentActor
) -> Response:
    """Open an incident; what is wrong is told beside its field and what was typed is kept."""
    typed = await _typed(request)
    key = typed.pop("key", "") or None
    try:
        told = _told(IntakeIn, typed)
        if not told.lift_code and not told.place:
            raise InvalidMessage(
                "missing_field",
                render.translate(request, "Tell the lift's code, or the place."),
                field="lift_code",
            )
        opened = await render.in_thread(
            partial(incidents_api.open_by_form, context, told, scope=scope, actor=actor, key=key)
        )
    except HubError as error:
        problem = problem_of(error)
        words = labels.of(render.locale_of(request))
        told_so = words.known("reason", problem.reason) and problem.reason != "bad_field"
        detail = words("reason", problem.reason) if told_so else problem.detail
        wrong = {problem.field or "": detail}
        return render.page(
            request,
            "staff/intake.html",
            status=problem.status,
            key=new_secret(),  # nothing was kept under the old one, or something else was
            typed=typed,
            wrong=wrong,
        )
    return RedirectResponse(f"/incidents/{opened.incident_id}", SEE_OTHER)


@router.get("/incidents/{incident_id}", dependencies=SEES)
def incident(request: Request, incident_id: str, context: Context, scope: CurrentScope) -> Response:
    """One incident: clocks, who was asked, every action, the timeline, the notices."""
    return render.page(
        request, "staff/incident.html", values=_incident(context, scope, incident_id)
    )


@router.get("/fragments/incident/{incident_id}", dependencies=SEES)
def incident_fragment(
    request: Request, incident_id: str, context: Context, scope: CurrentScope
) -> Response:
    """What changes on an incident's page."""
    return render.page(
        request, "staff/incident_body.html", values=_incident(context, scope, incident_id)
    )


def _incident(context: Context, scope: CurrentScope, incident_id: str) -> dict[str, object]:
    def find(connection: Connection) -> dict[str, object]:
        detail = sight.incident(connection, scope=scope, incident_id=incident_id)
        found = detail.incident
        lift = (
            sight.lift(connection, scope=type(scope)(), code=found.lift_code)
            if found.lift_id is not None
            else None
        )
        return {
            "detail": detail,
            "incident": found,
            "lift": lift,
            "narrow": scope.narrow,
            "people": accounts.display_names(connection),
        }

    return context.database.read(find)


@router.post("/incidents/{incident_id}/do/{verb}", dependencies=[*SEES, Depends(verified_csrf)])
async def act(
    request: Request,
    incident_id: str,
    verb: str,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
    actor: CurrentActor,
) -> Response:
    """A button of the incident's page."""
    typed = await _typed(request)
    if verb == "level":
        require(Action.DIRECT_INCIDENT)(account)
        level = _told(LevelIn, typed)
        await render.in_thread(
            partial(incidents_api.level, incident_id, level, context, scope, actor)
        )
    elif verb in VERBS:
        told = _told(ActionIn, typed)
        await render.in_thread(
            partial(incidents_api.act, incident_id, verb, context, scope, account, actor, told)  # type: ignore[arg-type]  # checked above
        )
    else:
        raise NotFound("action", verb)
    return RedirectResponse(f"/incidents/{incident_id}", SEE_OTHER)


@router.post(
    "/assignments/{assignment_id}/do/{step}",
    dependencies=[Depends(require(Action.ANSWER_ASSIGNMENT)), Depends(verified_csrf)],
)
async def answer(
    request: Request,
    assignment_id: RowId,
    step: str,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> Response:
    """A crew's step, by the crew itself or by a seat that has it on the telephone."""
    if step not in STEPS:
        raise NotFound("step", step)
    told = _told(AssignmentIn, await _typed(request))
    done = await render.in_thread(
        partial(assignments_api.answer, assignment_id, step, context, scope, actor, told)  # type: ignore[arg-type]  # checked above
    )
    return RedirectResponse(f"/incidents/{done.incident}", SEE_OTHER)


async def _typed(request: Request) -> dict[str, str]:
    """The form's fields that hold something."""
    form = await request.form()
    return {
        name: value.strip()
        for name, value in form.items()
        if isinstance(value, str) and name != CSRF_FIELD and value.strip()
    }


def _told(model: type[M], typed: dict[str, str]) -> M:
    try:
        return model.model_validate(typed)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidMessage(
            "bad_field", str(first["msg"]), field=str(first["loc"][0]) if first["loc"] else ""
        ) from error
