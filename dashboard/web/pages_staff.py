"""Incidents for staff: the live board and taking a call."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from alerts import queries, refusals, search
from alerts.search import IncidentFilter
from core.errors import HubError, InvalidMessage, NotFound
from core.ids import new_secret
from dashboard import finding, sight
from dashboard.access import Action
from dashboard.api import incidents as incidents_api
from dashboard.api.schemas import IntakeIn
from dashboard.bounds import RowId
from dashboard.deps import (
    AppContext,
    Context,
    CurrentActor,
    CurrentScope,
    require,
    verified_csrf,
)
from dashboard.problems import SEE_OTHER, problem_of
from dashboard.scope import Scope
from dashboard.web import (
    labels,
    list_alarms,
    list_incidents,
    lists,
    pages_incident,
    pages_registry,
    render,
)
from devices import queries as registry
from devices import search as registry_search

RECENT = timedelta(hours=2)
MOST_PICKS = 6
LIFTS_BEHIND = 4  # of the gateway of a call that could not be taken

router = APIRouter(include_in_schema=False)
router.include_router(pages_registry.router)
router.include_router(list_alarms.router)
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
            "areas": search.areas(connection, scope.area),
            "figures": queries.figures_today(connection, now, context.zone, scope.confines),
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
        for line in refusals.lines(connection, since, scope.area)
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
            lambda c: refusals.settle(c, line_id, now, actor, scope.area),
        )
    )
    return RedirectResponse("/", SEE_OTHER)


@router.get("/incidents/new", dependencies=OPENS)
def intake_form(
    request: Request,
    context: Context,
    scope: CurrentScope,
    lift: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The form for a call that comes by telephone."""
    return render.page(
        request,
        "staff/intake.html",
        key=new_secret(),
        typed={"lift_code": lift, "kind": "trapped"},
        wrong={},
        districts=_districts(context, scope),
    )


def _districts(context: AppContext, scope: Scope) -> list[str]:
    return list(context.database.read(partial(registry.districts, area=scope.area)))


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
        known = IncidentFilter(text=lift.rescue_code, confines=scope.confines, running=True)
        rows = search.incident_rows(connection, search.incident_ids(connection, known))
        return {
            **pages_registry.around(connection, lift),
            "running": [row for row in rows if row.incident.lift_code == lift.rescue_code],
        }

    found: dict[str, object] = {
        "lift": None,
        "firm": None,
        "unit": None,
        "gateways": (),
        "running": (),
    }
    if render.is_code(lift_code):
        try:
            found = context.database.read(find)
        except NotFound:
            return render.page(request, "staff/lift_card.html", code=lift_code, values=found)
    return render.page(request, "staff/lift_card.html", code=lift_code, values=found)


@router.get("/fragments/lift-picks", dependencies=OPENS)
def lift_picks(
    request: Request,
    context: Context,
    scope: CurrentScope,
    place: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Which lifts stand at a place, while it is being typed."""
    text = place.strip()
    ids = finding.best_lifts(context, scope, text, limit=MOST_PICKS)
    lifts = context.database.read(partial(registry_search.lifts, ids=ids))
    return render.page(request, "staff/lift_picks.html", lifts=lifts)


@router.post("/incidents/new", dependencies=[*OPENS, Depends(verified_csrf)])
async def take_call(
    request: Request, context: Context, scope: CurrentScope, actor: CurrentActor
) -> Response:
    """Open an incident; what is wrong is told beside its field and what was typed is kept."""
    typed = await pages_incident.typed_in(request)
    key = typed.pop("key", "") or None
    try:
        told = pages_incident.told_by(IntakeIn, typed)
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
        named = f"{problem.reason}.{problem.field}"  # what the field may hold, where it is told
        group = "bad_entry" if words.known("bad_entry", named) else "reason"
        detail = words(group, named if group == "bad_entry" else _known(words, problem.reason))
        wrong = {problem.field or "": detail}
        return render.page(
            request,
            "staff/intake.html",
            status=problem.status,
            key=new_secret(),  # nothing was kept under the old one, or something else was
            typed=typed,
            wrong=wrong,
            districts=await render.in_thread(partial(_districts, context, scope)),
        )
    return RedirectResponse(f"/incidents/{opened.incident_id}", SEE_OTHER)


def _known(words: labels.Labels, reason: str) -> str:
    """The reason where there are words for it; nobody is shown ours."""
    return reason if words.known("reason", reason) else "bad_field"
