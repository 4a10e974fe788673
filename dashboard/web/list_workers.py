"""Workers of firms and their certificates, as a page and as a file."""

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
from devices import worker_queries
from devices.days import local_day
from devices.worker_queries import CertificateState, WorkerFilter, WorkerRow

SOON = timedelta(days=60)
WORKERS = Kind(
    path="/maintenance/workers",
    rows="staff/workers_rows.html",
    page="staff/maintenance_list.html",
    filters={"state": [*CertificateState]},
    orders=tuple(worker_queries.ORDERS),
    columns=(
        Column(msgid("Number")),
        Column(msgid("Name"), "name"),
        Column(msgid("Maintenance firm"), "firm"),
        Column(msgid("Team")),
        Column(msgid("Certificate")),
        Column(msgid("Valid until"), "until"),
        Column(msgid("State")),
    ),
    order="until",
)
SEES = [Depends(require(Action.SEE_MAINTENANCE))]
router = APIRouter(include_in_schema=False)


def _wanted(told: Asked, context: AppContext, scope: Scope) -> WorkerFilter:
    today = local_day(context.clock.now(), context.zone)
    state = told.get("state")
    return WorkerFilter(
        sight=sight.maintained(scope),
        today=today,
        soon=today + SOON,
        state=CertificateState(state) if state else None,
        text=told.text,
    )


def _source(told: Asked, wanted: WorkerFilter) -> Source[int, WorkerRow]:
    return Source(
        lambda c, limit, offset: worker_queries.worker_ids(
            c, wanted, told.order, descending=told.descending, limit=limit, offset=offset
        ),
        lambda c: worker_queries.worker_count(c, wanted),
        worker_queries.worker_rows,
    )


@router.get("/maintenance/workers", dependencies=SEES)
def listed(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Workers, those without a valid certificate first."""
    told = lists.asked(request, WORKERS)
    wanted = _wanted(told, context, scope)
    named = labels.of(render.locale_of(request))
    states = [(each, named("certificate", each)) for each in CertificateState]
    more = {
        "title": msgid("Workers and certificates"),
        "searched": msgid("Number, name or certificate"),
        "picks": [("state", msgid("Certificate"), states)],
        "intro": msgid("Who has no valid certificate cannot be named in a visit."),
        "today": wanted.today,
        "soon": wanted.soon,
    }
    return lists.shown(request, told, _source(told, wanted), more)


@router.get("/maintenance/workers.csv", dependencies=SEES)
def file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same as a file."""
    told = lists.asked(request, WORKERS)
    wanted = _wanted(told, context, scope)
    named = labels.of(render.locale_of(request))

    def cells(row: WorkerRow) -> Sequence[Cell]:
        w = row.worker
        return [
            w.code,
            w.name,
            row.firm,
            row.team,
            w.certificate_number,
            "" if w.certificate_until is None else w.certificate_until.isoformat(),
            named("certificate", row.state(wanted.today, wanted.soon)),
        ]

    return lists.sent(request, told, "workers", _source(told, wanted), cells)
