"""Visits: those to come, those that wait for the use unit, those that are done."""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dashboard import sight
from dashboard.access import Action
from dashboard.deps import Context, CurrentScope, require
from dashboard.i18n import msgid
from dashboard.web import labels, lists, render, words
from dashboard.web.lists import Asked, Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell
from devices.maintenance import queries
from devices.maintenance.queries import VisitRow
from devices.maintenance.visit import RUNNING, VisitState

COMING = "coming"
VISITS = Kind(
    path="/maintenance/visits",
    rows="staff/visits_rows.html",
    page="staff/visits.html",
    filters={"state": [COMING, *VisitState]},
    orders=(),
    columns=(
        Column(msgid("Code")),
        Column(msgid("Address")),
        Column(msgid("Maintenance firm")),
        Column(msgid("Depth")),
        Column(msgid("State")),
        Column(msgid("Planned day")),
        Column(msgid("Due day")),
        Column(msgid("Handed in")),
        Column(msgid("Confirm by")),
    ),
    order="",
)
SEES = [Depends(require(Action.SEE_MAINTENANCE))]
router = APIRouter(include_in_schema=False)


def states(told: Asked) -> Sequence[VisitState]:
    """The states asked for; none: all."""
    match told.get("state"):
        case "":
            return ()
        case "coming":
            return tuple(RUNNING)
        case state:
            return (VisitState(state),)


@router.get("/maintenance/visits", dependencies=SEES)
def listed(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Visits, the newest first; those to come by their planned days."""
    told = lists.asked(request, VISITS)
    rows, total = context.database.read(
        lambda c: queries.visits(
            c,
            sight.maintained(scope),
            states=states(told),
            text=told.text,
            limit=lists.PAGE,
            offset=told.offset,
        )
    )
    return lists.page(request, told, Part(rows, total, told.offset), {})


@router.get("/maintenance/visits.csv", dependencies=SEES)
def file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same visits as a file."""
    told = lists.asked(request, VISITS)
    ids, total = context.database.read(
        lambda c: queries.visit_ids(
            c, sight.maintained(scope), states=states(told), text=told.text, limit=MOST_ROWS
        )
    )
    named = labels.of(render.locale_of(request))
    at = partial(words.instant, zone=context.zone)

    def fetch(keys: Sequence[str]) -> list[VisitRow]:
        return context.database.read(partial(queries.visit_rows, visit_ids=keys))

    def cells(row: VisitRow) -> Sequence[Cell]:
        v = row.visit
        return [
            row.lift.rescue_code,
            f"{row.lift.address} {row.lift.building}".strip(),
            row.firm,
            named("period", v.period),
            named("visit", v.state),
            "" if v.planned_on is None else v.planned_on.isoformat(),
            "" if v.due_on is None else v.due_on.isoformat(),
            "" if v.received_at is None else at(v.received_at),
            "" if v.confirm_by is None else at(v.confirm_by),
        ]

    return lists.export(request, told, "visits", ids, total, fetch, cells)
