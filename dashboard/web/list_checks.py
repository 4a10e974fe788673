"""Inspections and tests that fall due, as a page and as a file."""

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dashboard import sight
from dashboard.access import Action
from dashboard.deps import AppContext, Context, CurrentScope, require
from dashboard.i18n import msgid
from dashboard.scope import Scope
from dashboard.web import labels, lists, render
from dashboard.web.lists import Asked, Column, Kind, Source
from dashboard.web.spreadsheet import Cell
from devices.days import local_day
from devices.maintenance import checks_due
from devices.maintenance.checks_due import CheckFilter, CheckRow, CheckState

SOON = timedelta(days=60)
CHECKS = Kind(
    path="/maintenance/inspections",
    rows="staff/checks_rows.html",
    page="staff/maintenance_list.html",
    filters={"state": [*CheckState]},
    orders=tuple(checks_due.ORDERS),
    columns=(
        Column(msgid("Code"), "code"),
        Column(msgid("Address"), "address"),
        Column(msgid("Maintenance firm")),
        Column(msgid("Next check")),
        Column(msgid("Due by"), "due"),
        Column(msgid("Days left")),
        Column(msgid("Last check")),
        Column(msgid("State")),
    ),
    order="due",
)
SEES = [Depends(require(Action.SEE_MAINTENANCE))]
router = APIRouter(include_in_schema=False)


def _wanted(told: Asked, context: AppContext, scope: Scope) -> CheckFilter:
    today = local_day(context.clock.now(), context.zone)
    state = told.get("state")
    return CheckFilter(
        sight=sight.maintained(scope),
        today=today,
        soon=today + SOON,
        state=CheckState(state) if state else None,
        text=told.text,
    )


def _source(told: Asked, wanted: CheckFilter) -> Source[int, CheckRow]:
    return Source(
        lambda c, limit, offset: checks_due.check_ids(
            c, wanted, told.order, descending=told.descending, limit=limit, offset=offset
        ),
        lambda c: checks_due.check_count(c, wanted),
        checks_due.check_rows,
    )


@router.get("/maintenance/inspections", dependencies=SEES)
def listed(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Lifts by the day of their next inspection or test, overdue ones first."""
    told = lists.asked(request, CHECKS)
    wanted = _wanted(told, context, scope)
    named = labels.of(render.locale_of(request))
    states = [(each, named("check_state", each)) for each in CheckState]
    more = {
        "title": msgid("Inspections due"),
        "searched": msgid("Code, address or building"),
        "picks": [("state", msgid("State"), states)],
        "intro": msgid("Reports of inspections are imported into the register; the days follow."),
        "today": wanted.today,
        "soon": wanted.soon,
    }
    return lists.shown(request, told, _source(told, wanted), more)


@router.get("/maintenance/inspections.csv", dependencies=SEES)
def file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same as a file."""
    told = lists.asked(request, CHECKS)
    wanted = _wanted(told, context, scope)
    named = labels.of(render.locale_of(request))

    def cells(row: CheckRow) -> Sequence[Cell]:
        lift, last = row.row.lift, row.last
        return [
            lift.rescue_code,
            f"{lift.address} {lift.building}".strip(),
            row.row.firm,
            named("check", row.row.plan.check_kind) if row.due_on else "",
            "" if row.due_on is None else row.due_on.isoformat(),
            row.days_left(wanted.today),
            ""
            if last is None
            else f"{last.done_on} {named('inspection_kind', last.kind)}"
            f" {named('inspection_result', last.result)}",
            named("check_state", row.state(wanted.today, wanted.soon)),
        ]

    return lists.sent(request, told, "inspections", _source(told, wanted), cells)
