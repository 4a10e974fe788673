"""The use unit's own pages: check-lists of the day, the week and the month; stopping lifts."""

from datetime import timedelta
from functools import partial

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from core.errors import Conflict, Forbidden, InvalidMessage
from dashboard import sight
from dashboard.access import Action, may
from dashboard.deps import (
    Context,
    CurrentAccount,
    CurrentActor,
    CurrentScope,
    require,
    verified_csrf,
)
from dashboard.problems import SEE_OTHER, problem_of
from dashboard.web import render
from dashboard.web.pages_incident import typed_in
from devices import queries as registry
from devices import search
from devices.days import local_day
from devices.maintenance import store, unit_commands
from devices.maintenance.stopping import ServiceEvent
from devices.maintenance.use_unit_duties import UnitDuty
from devices.model import Lift

MOST_LIFTS = 200
OF_AUTHORITY = frozenset({ServiceEvent.SEAL, ServiceEvent.RELEASE})
KEEPS = [Depends(require(Action.KEEP_DUTIES))]
router = APIRouter(include_in_schema=False)


@router.get("/maintenance/duties", dependencies=KEEPS)
def duties(request: Request, context: Context, scope: CurrentScope) -> Response:
    """What is wanted today, and what was missed."""
    return render.page(request, "staff/duties.html", values=_shown(context, scope), told="")


def _shown(context: Context, scope: CurrentScope) -> dict[str, object]:
    unit_id = scope.use_unit_id
    today = local_day(context.clock.now(), context.zone)

    def find(connection: Connection) -> dict[str, object]:
        if unit_id is None:
            return {"unit": None, "of_unit": (), "lifts": [], "today": today}
        ids = search.lift_ids_of_unit(connection, unit_id, MOST_LIFTS)
        rows = []
        first = today
        for lift in search.lifts(connection, ids):
            plan = store.plan_or_none(connection, lift.id)
            since = today if plan is None else max(plan.counts_from, today - _BACK)
            first = min(first, since)
            states = unit_commands.duty_states(
                connection, unit_id, lift, today, since, context.zone
            )
            rows.append((lift, plan, states[0]))
        return {
            "unit": registry.use_unit_by_id(connection, unit_id),
            "of_unit": unit_commands.duty_states(
                connection, unit_id, None, today, first, context.zone
            ),
            "lifts": rows,
            "today": today,
        }

    return {**context.database.read(find), "lists": context.maintenance.check_lists}


@router.post("/maintenance/duties", dependencies=[*KEEPS, Depends(verified_csrf)])
async def keep(
    request: Request, context: Context, scope: CurrentScope, actor: CurrentActor
) -> Response:
    """A check-list that was filled."""
    typed = await typed_in(request)
    if typed.get("duty", "") not in set(UnitDuty):
        raise InvalidMessage("bad_field", "name the duty", field="duty")
    unit_id = scope.use_unit_id
    if unit_id is None:
        raise Forbidden("only an account of a use unit keeps its check-lists")
    answers = {n.removeprefix("point-"): v for n, v in typed.items() if n.startswith("point-")}

    def write(connection: Connection) -> None:
        code = typed.get("lift", "")
        lift = sight.lift(connection, scope=scope, code=code) if code else None
        unit_commands.keep_entry(
            connection,
            unit_id,
            lift,
            UnitDuty(typed["duty"]),
            answers,
            context.clock.now(),
            actor,
            context.maintenance,
            note=typed.get("note", "")[:500],
        )

    try:
        await render.in_thread(partial(context.database.write, write))
    except (Conflict, InvalidMessage) as error:
        values = await render.in_thread(partial(_shown, context, scope))
        problem = problem_of(error)
        return render.page(
            request, "staff/duties.html", status=problem.status, values=values, told=problem.reason
        )
    return RedirectResponse("/maintenance/duties", SEE_OTHER)


@router.post(
    "/maintenance/lifts/{code}/service",
    dependencies=[Depends(require(Action.SEE_MAINTENANCE)), Depends(verified_csrf)],
)
async def service(
    request: Request,
    code: str,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
    actor: CurrentActor,
) -> Response:
    """Stop a lift, start it again, lay it up (the use unit); seal and release it (an authority)."""
    typed = await typed_in(request)
    try:
        event = ServiceEvent(typed.get("event", ""))
    except ValueError as error:
        raise InvalidMessage("bad_field", "name what to do", field="event") from error
    needed = Action.WATCH_MAINTENANCE if event in OF_AUTHORITY else Action.KEEP_DUTIES
    if not may(account.role, needed):
        raise Forbidden(f"the role {account.role} may not {event.replace('_', ' ')} a lift")

    def write(connection: Connection) -> Lift:
        lift = sight.lift(connection, scope=scope, code=code)
        reason, now = typed.get("reason", "")[:500], context.clock.now()
        unit_commands.move_service(connection, lift, event, reason, now, actor, context.maintenance)
        return lift

    lift = await render.in_thread(partial(context.database.write, write))
    return RedirectResponse(f"/maintenance/lifts/{lift.rescue_code}", SEE_OTHER)


_BACK = timedelta(days=unit_commands.BACK)
