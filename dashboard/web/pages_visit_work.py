"""A visit on a technician's phone: every item answered by hand, handed in when it is whole."""

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from core.errors import Conflict, NotFound
from dashboard import maintaining, sight
from dashboard.access import Action
from dashboard.deps import Context, CurrentScope, require
from dashboard.web import label_objections, render
from devices import register_queries
from devices.days import local_day
from devices.maintenance import expecting, planning, store
from devices.maintenance.cycle import Done
from devices.maintenance.visit import RUNNING

router = APIRouter(include_in_schema=False)


@router.get(
    "/maintenance/visits/{visit_id}/work", dependencies=[Depends(require(Action.HAND_IN_VISITS))]
)
def work(request: Request, visit_id: str, context: Context, scope: CurrentScope) -> Response:
    """The items of a visit that has not been handed in; raises Conflict for any other."""
    today = local_day(context.clock.now(), context.zone)

    def find(connection: Connection) -> dict[str, object]:
        row = sight.visit(connection, scope=scope, visit_id=visit_id)
        if scope.firm_id is not None and row.visit.firm_id != scope.firm_id:
            raise NotFound("visit", visit_id)
        if row.visit.state not in RUNNING:
            raise Conflict("wrong_state", "this visit was handed in before")
        plan = store.plan_or_none(connection, row.lift.id)
        items = maintaining.list_of(context.maintenance, row.lift.kind)
        if plan is None or items is None:
            raise Conflict("no_list", "the manufacturer's items of this lift are not entered")
        trial = expecting.is_trial(connection, row.visit.firm_id)
        done = planning.counted(connection, row.lift.id, sandbox=trial)
        workers = register_queries.workers(connection, row.visit.firm_id)
        return {
            "visit": row.visit,
            "lift": row.lift,
            "list": items,
            "items": items.cumulated(row.visit.period),
            "workers": [each for each in workers if each.may_work(today)],
            "next_on": planning.after_it(plan, done, Done(row.visit.period, today)).on,
            "reasons": label_objections.WORDS["objection"],
        }

    return render.page(request, "staff/visit_work.html", values=context.database.read(find))
