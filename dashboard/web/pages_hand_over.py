"""Handing a firm's lifts to another firm: asked for, looked at, confirmed, told."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from core.errors import Conflict, InvalidMessage, NotFound
from dashboard import sight
from dashboard.access import Action
from dashboard.bounds import day_of, whole_number
from dashboard.deps import AppContext, Context, CurrentActor, CurrentScope, require, verified_csrf
from dashboard.problems import CONFLICT, OK, problem_of
from dashboard.scope import Scope
from dashboard.web import render
from dashboard.web.pages_incident import typed_in
from devices import handing_over
from devices import queries as registry
from devices.days import local_day
from devices.handing_over import MOST, Outlook, Wish

SHOWN = 50  # lifts that the preview names one by one
MAY = [Depends(require(Action.MANAGE_CONTRACTS))]
PAGE = "staff/hand_over.html"
router = APIRouter(include_in_schema=False)


@router.get("/maintenance/hand-over", dependencies=MAY)
def form(request: Request, context: Context) -> Response:
    """What is asked for."""
    return render.page(request, PAGE, values=_values(context, {}))


def _values(context: AppContext, typed: dict[str, str]) -> dict[str, object]:
    firms = context.database.read(registry.firms)
    districts = context.database.read(registry.districts)
    return {
        "firms": firms,
        "places": sorted({*districts.values(), *districts} - {""}),
        "names": {each.code: each.name for each in firms},
        "typed": typed,
        "outlook": None,
        "done": None,
        "told": "",
        "shown": SHOWN,
        "most": MOST,
    }


def _wish(context: AppContext, typed: dict[str, str]) -> Wish:
    firms = {each.code: each.id for each in context.database.read(registry.firms)}
    before, after = firms.get(typed.get("from", "")), firms.get(typed.get("to", ""))
    on = day_of(typed.get("on", ""))
    if before is None or after is None or on is None:
        raise InvalidMessage("missing", "name both firms and the day", field="from")
    return Wish(
        from_firm=before,
        to_firm=after,
        on=on,
        number=typed.get("number", "")[:64],
        within=typed.get("within", "")[:6],
    )


@router.post("/maintenance/hand-over/preview", dependencies=[*MAY, Depends(verified_csrf)])
async def preview(request: Request, context: Context, scope: CurrentScope) -> Response:
    """What would change; nothing does yet."""
    typed = await typed_in(request)
    return await render.in_thread(lambda: _looked_at(request, context, scope, typed))


def _looked_at(
    request: Request, context: AppContext, scope: Scope, typed: dict[str, str], told: str = ""
) -> Response:
    values = _values(context, typed)
    today = local_day(context.clock.now(), context.zone)
    try:
        wish = _wish(context, typed)
        found: Outlook = context.database.read(
            lambda c: handing_over.outlook(c, sight.maintained(scope), wish, today)
        )
    except (InvalidMessage, NotFound) as error:
        problem = problem_of(error)
        values |= {"told": problem.reason}
        return render.page(request, PAGE, status=problem.status, values=values)
    status = CONFLICT if told else OK
    return render.page(
        request, PAGE, status=status, values={**values, "outlook": found, "told": told}
    )


@router.post("/maintenance/hand-over", dependencies=[*MAY, Depends(verified_csrf)])
async def confirm(
    request: Request, context: Context, scope: CurrentScope, actor: CurrentActor
) -> Response:
    """Do what was looked at; where it would be something else by now, it is looked at again."""
    typed = await typed_in(request)
    now = context.clock.now()

    def work() -> Response:
        try:
            done = handing_over.carry_out(
                context.database,
                sight.maintained(scope),
                _wish(context, typed),
                local_day(now, context.zone),
                now,
                actor,
                agreed=whole_number(typed.get("agreed", "")) or 0,
            )
        except (Conflict, InvalidMessage) as error:
            return _looked_at(request, context, scope, typed, problem_of(error).reason)
        return render.page(request, PAGE, values={**_values(context, typed), "done": done})

    return await render.in_thread(work)
