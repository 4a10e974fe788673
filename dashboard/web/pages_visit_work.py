"""A visit on a technician's phone: every item answered by hand, handed in when it is whole."""

import hmac
from pathlib import Path

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import FileResponse, Response

from core.errors import Conflict, NotFound
from dashboard import maintaining, sight
from dashboard.access import Action
from dashboard.accounts import Account
from dashboard.deps import AppContext, Context, CurrentAccount, CurrentScope, require
from dashboard.web import label_objections, render
from devices import register_queries
from devices.days import local_day
from devices.maintenance import content, expecting, planning, store
from devices.maintenance.cycle import Done
from devices.maintenance.visit import RUNNING, VISIT, VisitEvent

OWNER = "X-Page-Owner"  # whose page it is, without saying who: a worker keeps it for nobody else
WORKER = Path(__file__).parents[1] / "static" / "js" / "visit-worker.js"
router = APIRouter(include_in_schema=False)


def owned(answer: Response, context: AppContext, account: Account) -> Response:
    """A page that a phone may keep while this account is signed in there."""
    told = f"page owner {account.id}".encode()
    answer.headers[OWNER] = hmac.new(context.link_secret, told, "sha256").hexdigest()[:32]
    return answer


@router.get("/maintenance/visits/worker.js")
def worker() -> Response:
    """The script that keeps pages of visits; its address is all that it reaches."""
    return FileResponse(WORKER, media_type="text/javascript; charset=utf-8")


@router.get(
    "/maintenance/visits/{visit_id}/work", dependencies=[Depends(require(Action.HAND_IN_VISITS))]
)
def work(
    request: Request,
    visit_id: str,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
) -> Response:
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
            "period": row.visit.period,
            "called_for_by": row.visit.called_for_by,
            "amends": "",
            "before": {},
        }

    page = render.page(request, "staff/visit_work.html", values=context.database.read(find))
    return owned(page, context, account)


@router.get(
    "/maintenance/visits/{visit_id}/amend", dependencies=[Depends(require(Action.HAND_IN_VISITS))]
)
def amend(
    request: Request,
    visit_id: str,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
) -> Response:
    """The record of a visit, to be corrected by a new one; raises Conflict where there is none."""

    def find(connection: Connection) -> dict[str, object]:
        row = sight.visit(connection, scope=scope, visit_id=visit_id)
        visit = row.visit
        if scope.firm_id is not None and visit.firm_id != scope.firm_id:
            raise NotFound("visit", visit_id)
        if visit.record_id is None or VisitEvent.AMEND not in VISIT.table[visit.state]:
            raise Conflict("wrong_state", "this visit has no record that can be corrected")
        old, _ = store.load_record(connection, visit.record_id)
        plan = store.plan_or_none(connection, row.lift.id)
        items = maintaining.list_of(context.maintenance, row.lift.kind)
        told = old.content.get("handed_in")
        if plan is None or items is None or not isinstance(told, dict):
            raise Conflict("no_list", "this record was not handed in item by item")
        before = content.corrected(old.content)
        done_on = local_day(before.finished_at, context.zone)
        done = planning.counted(connection, row.lift.id, sandbox=visit.sandbox)
        workers = register_queries.workers(connection, visit.firm_id)
        return {
            "visit": visit,
            "lift": row.lift,
            "list": items,
            "items": items.cumulated(before.period),
            "workers": [w for w in workers if w.may_work(done_on) or w.code in before.workers],
            "next_on": planning.after_it(plan, done, Done(before.period, done_on)).on,
            "reasons": label_objections.WORDS["objection"],
            "period": before.period,
            "called_for_by": before.called_for_by,
            "amends": old.id,
            "before": content.handed_in(before),
        }

    page = render.page(request, "staff/visit_work.html", values=context.database.read(find))
    return owned(page, context, account)
