"""Emergency drills: which use units are due, and a drill recorded."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from core.errors import InvalidMessage, NotFound
from dashboard import sight
from dashboard.access import Action
from dashboard.bounds import day_of, whole_number
from dashboard.deps import (
    AppContext,
    Context,
    CurrentActor,
    CurrentScope,
    require,
    verified_csrf,
)
from dashboard.i18n import msgid
from dashboard.problems import SEE_OTHER, problem_of
from dashboard.scope import Scope
from dashboard.web import labels, lists, render
from dashboard.web.lists import Asked, Column, Kind, Source
from dashboard.web.pages_incident import typed_in
from dashboard.web.spreadsheet import Cell
from devices.days import local_day
from devices.maintenance import drills
from devices.maintenance.drills import DrillFilter, DrillRow, DrillState

MOST_PEOPLE = 9999
DRILLS = Kind(
    path="/maintenance/drills",
    rows="staff/drills_rows.html",
    page="staff/maintenance_list.html",
    filters={"state": [*DrillState]},
    orders=(),
    columns=(
        Column(msgid("Use unit")),
        Column(msgid("Lifts")),
        Column(msgid("Last drill")),
        Column(msgid("Due by")),
        Column(msgid("State")),
        Column(msgid("What was practised")),
        Column(msgid("What was found")),
    ),
    order="",
)
SEES = [Depends(require(Action.SEE_MAINTENANCE))]
router = APIRouter(include_in_schema=False)


def _wanted(told: Asked, context: AppContext, scope: Scope) -> DrillFilter:
    state = told.get("state")
    return DrillFilter(
        sight=sight.maintained(scope),
        today=local_day(context.clock.now(), context.zone),
        state=DrillState(state) if state else None,
        text=told.text,
    )


def _source(wanted: DrillFilter) -> Source[int, DrillRow]:
    return Source(
        lambda c, limit, offset: drills.unit_ids(c, wanted, limit=limit, offset=offset),
        lambda c: drills.unit_count(c, wanted),
        lambda c, ids: drills.rows(c, wanted, ids),
    )


@router.get("/maintenance/drills", dependencies=SEES)
def listed(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Use units, those longest without a drill first."""
    told = lists.asked(request, DRILLS)
    wanted = _wanted(told, context, scope)
    named = labels.of(render.locale_of(request))
    states = [(each, named("drill_state", each)) for each in DrillState]
    more = {
        "title": msgid("Emergency drills"),
        "searched": msgid("Code or name of the use unit"),
        "picks": [("state", msgid("State"), states)],
        "intro": msgid("Every use unit holds a drill at least every half year."),
        "today": wanted.today,
    }
    return lists.shown(request, told, _source(wanted), more)


@router.get("/maintenance/drills.csv", dependencies=SEES)
def file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same as a file."""
    told = lists.asked(request, DRILLS)
    wanted = _wanted(told, context, scope)
    named = labels.of(render.locale_of(request))

    def cells(row: DrillRow) -> Sequence[Cell]:
        return [
            row.unit,
            row.lifts,
            "" if row.last_on is None else row.last_on.isoformat(),
            row.due_on.isoformat(),
            named("drill_state", row.state(wanted.today)),
            row.course,
            row.found,
        ]

    return lists.sent(request, told, "drills", _source(wanted), cells)


def _unit(connection: Connection, context: AppContext, scope: Scope, unit_id: str) -> DrillRow:
    """A use unit with lifts that the account may see; raises NotFound."""
    today = local_day(context.clock.now(), context.zone)
    wanted = DrillFilter(sight=sight.maintained(scope), today=today)
    found = drills.rows(connection, wanted, [whole_number(unit_id) or 0])
    if not found:
        raise NotFound("use unit", unit_id)
    return found[0]


@router.get("/maintenance/drills/{unit_id}", dependencies=SEES)
def one(
    request: Request,
    unit_id: str,
    context: Context,
    scope: CurrentScope,
) -> Response:
    """One use unit's drills, and a form for another."""
    values = _shown(context, scope, unit_id)
    return render.page(request, "staff/drill.html", values=values, told="", typed={})


def _shown(context: AppContext, scope: Scope, unit_id: str) -> dict[str, object]:
    return {
        "row": context.database.read(lambda c: _unit(c, context, scope, unit_id)),
        "held": context.database.read(lambda c: drills.held(c, whole_number(unit_id) or 0)),
        "today": local_day(context.clock.now(), context.zone),
    }


@router.post(
    "/maintenance/drills/{unit_id}",
    dependencies=[Depends(require(Action.RECORD_DRILLS)), Depends(verified_csrf)],
)
async def record(
    request: Request,
    unit_id: str,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> Response:
    """A drill that was held."""
    typed = await typed_in(request)

    def write(connection: Connection) -> None:
        unit = _unit(connection, context, scope, unit_id)
        on = day_of(typed.get("on", ""))
        people = whole_number(typed.get("people", ""), MOST_PEOPLE)
        if on is None or people is None:
            raise InvalidMessage("missing", "give the day and the number of people", field="on")
        lift = typed.get("lift", "")
        drills.record_drill(
            connection,
            unit.unit_id,
            on,
            people,
            typed.get("course", "")[:500],
            context.clock.now(),
            actor,
            context.zone,
            lift_code=sight.lift(connection, scope=scope, code=lift).rescue_code if lift else "",
            found=typed.get("found", "")[:500],
        )

    try:
        await render.in_thread(lambda: context.database.write(write))
    except InvalidMessage as error:
        problem = problem_of(error)
        values = await render.in_thread(lambda: _shown(context, scope, unit_id))
        return render.page(
            request,
            "staff/drill.html",
            status=problem.status,
            values=values,
            told=problem.reason,
            typed=typed,
        )
    return RedirectResponse(f"/maintenance/drills/{unit_id}", SEE_OTHER)
