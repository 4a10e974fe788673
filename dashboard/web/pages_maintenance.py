"""Maintenance for staff: one visit with its record, and one lift's maintenance."""

from collections.abc import Callable
from functools import partial

import segno
from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from core.errors import Conflict, InvalidMessage
from core.journal import Actor
from dashboard import accounts, maintaining, sight
from dashboard.access import Action, may
from dashboard.api import maintenance as api
from dashboard.api.maintenance_schemas import MoveIn, RescheduleIn
from dashboard.deps import (
    AppContext,
    Context,
    CurrentAccount,
    CurrentActor,
    CurrentScope,
    require,
    verified_csrf,
)
from dashboard.problems import SEE_OTHER, problem_of
from dashboard.scope import Scope
from dashboard.web import (
    list_checks,
    list_contracts,
    list_maintenance,
    list_visits,
    list_workers,
    pages_drills,
    pages_duties,
    pages_hand_over,
    pages_random_checks,
    pages_visit_work,
    pages_watching,
    render,
)
from dashboard.web.pages_incident import M, told_by, typed_in
from devices import queries as registry
from devices import register_queries
from devices.days import local_day
from devices.maintenance import queries, store

MOST_VISITS = 50

SEES = [Depends(require(Action.SEE_MAINTENANCE))]
router = APIRouter(include_in_schema=False)
for part in (
    list_visits,
    list_maintenance,
    list_contracts,
    list_workers,
    list_checks,
    pages_hand_over,
    pages_drills,
    pages_random_checks,
    pages_watching,
    pages_duties,
    pages_visit_work,
):
    router.include_router(part.router)


@router.get("/maintenance/visits/{visit_id}", dependencies=SEES)
def visit(
    request: Request,
    visit_id: str,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
) -> Response:
    """A visit: what was handed in, what stands against it, and the steps that may be taken."""
    page = render.page(request, "staff/visit.html", values=shown(context, scope, visit_id))
    return pages_visit_work.owned(page, context, account)


def shown(context: Context, scope: CurrentScope, visit_id: str) -> dict[str, object]:
    """What the page of a visit stands on; raises NotFound."""

    def find(connection: Connection) -> dict[str, object]:
        row = sight.visit(connection, scope=scope, visit_id=visit_id)
        record = None
        if row.visit.record_id is not None:
            record, _ = store.load_record(connection, row.visit.record_id)
        workers = register_queries.workers(connection, row.visit.firm_id)
        teams = register_queries.teams(connection, row.visit.firm_id)
        days = [day for day in (row.visit.due_on, row.visit.planned_on) if day]
        return {
            "row": row,
            "own": scope.firm_id in {None, row.visit.firm_id},
            "teams": teams,
            "team": next((t.name for t in teams if t.id == row.visit.team_id), ""),
            "latest": max(days, default=None),
            "today": local_day(context.clock.now(), context.zone),
            "typed": {},
            "visit": row.visit,
            "lift": row.lift,
            "record": record,
            "workers": {each.code: each.name for each in workers},
            "items": maintaining.list_of(context.maintenance, row.lift.kind),
            "people": accounts.display_names(connection),
            "told": "",
        }

    return context.database.read(find)


def _button(
    verb: str,
    decide: Callable[[str, M, AppContext, Scope, Actor], object],
    action: Action,
    form: type[M],
) -> None:
    """The address of a button of the visit's page."""

    async def pressed(
        request: Request,
        visit_id: str,
        context: Context,
        scope: CurrentScope,
        actor: CurrentActor,
    ) -> Response:
        typed = await typed_in(request)
        try:
            await render.in_thread(
                lambda: decide(visit_id, told_by(form, typed), context, scope, actor)
            )
        except (Conflict, InvalidMessage) as error:
            values = await render.in_thread(lambda: shown(context, scope, visit_id))
            problem = problem_of(error)
            told = {**values, "told": problem.reason, "typed": typed}
            return render.page(request, "staff/visit.html", status=problem.status, values=told)
        return RedirectResponse(f"/maintenance/visits/{visit_id}", SEE_OTHER)

    router.add_api_route(
        f"/maintenance/visits/{{visit_id}}/{verb}",
        pressed,
        methods=["POST"],
        dependencies=[Depends(require(action)), Depends(verified_csrf)],
    )


_button(
    "confirm", lambda v, told, c, s, a: api.confirm(v, c, s, a, told), Action.CONFIRM_VISITS, MoveIn
)
_button("dispute", api.dispute, Action.CONFIRM_VISITS, MoveIn)
_button("withdraw", api.withdraw, Action.CONFIRM_VISITS, MoveIn)
_button("reject", api.reject, Action.WATCH_MAINTENANCE, MoveIn)
_button("reschedule", api.reschedule, Action.PLAN_VISITS, RescheduleIn)


@router.get("/maintenance/lifts/{code}", dependencies=SEES)
def lift(
    request: Request, code: str, context: Context, scope: CurrentScope, account: CurrentAccount
) -> Response:
    """One lift's maintenance: its plan, its visits and its records."""
    found = context.database.read(partial(sight.served, scope=scope, code=code))

    def find(connection: Connection) -> dict[str, object]:
        rows, total = queries.visits(
            connection, sight.maintained(scope), lift_id=found.id, limit=MOST_VISITS
        )
        return {
            "lift": found,
            "plan": store.plan_or_none(connection, found.id),
            "firm": registry.firm_by_id(connection, found.firm_id) if found.firm_id else None,
            "visits": rows,
            "visits_in_all": total,
            "records": sight.records(connection, scope=scope, code=code),
            "people": accounts.display_names(connection),
        }

    values = context.database.read(find)
    today = local_day(context.clock.now(), context.zone)
    # Whoever prints the plate knows it: the supervisor does, the firms do not.
    shown_to = may(account.role, Action.WATCH_MAINTENANCE)
    plate = maintaining.plate(context, found) if shown_to else ""
    return render.page(
        request,
        "staff/lift_maintenance.html",
        values=values,
        today=today,
        check_in_code=plate,
        plate_svg=segno.make_qr(plate, error="m").svg_inline(scale=4, border=2) if plate else "",
    )
