"""Contracts between firms and lifts: the list, one of them, and its end."""

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from core.errors import Conflict, InvalidMessage
from dashboard import sight
from dashboard.access import Action
from dashboard.bounds import RowId, day_of
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
from devices import contract_queries, register_commands, search
from devices import queries as registry
from devices.contract_queries import ContractFilter, ContractRow, ContractState
from devices.days import local_day

SOON = timedelta(days=90)
CONTRACTS = Kind(
    path="/maintenance/contracts",
    rows="staff/contracts_rows.html",
    page="staff/maintenance_list.html",
    filters={"state": [*ContractState], "firm": None},
    orders=tuple(contract_queries.ORDERS),
    columns=(
        Column(msgid("Contract number"), "number"),
        Column(msgid("Code"), "code"),
        Column(msgid("Address")),
        Column(msgid("Maintenance firm")),
        Column(msgid("First day"), "starts"),
        Column(msgid("Last day"), "ends"),
        Column(msgid("State")),
    ),
    order="ends",
)
SEES = [Depends(require(Action.SEE_MAINTENANCE))]
router = APIRouter(include_in_schema=False)


def _wanted(told: Asked, context: AppContext, scope: Scope) -> ContractFilter:
    today = local_day(context.clock.now(), context.zone)
    firms = {each.code: each.id for each in context.database.read(registry.firms)}
    code, state = told.get("firm"), told.get("state")
    return ContractFilter(
        sight=sight.maintained(scope),
        today=today,
        soon=today + SOON,
        state=ContractState(state) if state else None,
        text=told.text,
        firm_id=firms.get(code, 0) if code else None,
    )


def _source(told: Asked, wanted: ContractFilter) -> Source[int, ContractRow]:
    return Source(
        lambda c, limit, offset: contract_queries.contract_ids(
            c, wanted, told.order, descending=told.descending, limit=limit, offset=offset
        ),
        lambda c: contract_queries.contract_count(c, wanted),
        contract_queries.contract_rows,
    )


@router.get("/maintenance/contracts", dependencies=SEES)
def listed(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Contracts, those that end first at the top."""
    told = lists.asked(request, CONTRACTS)
    wanted = _wanted(told, context, scope)
    named = labels.of(render.locale_of(request))
    here = context.database.read(lambda c: search.firms_within(c, sight.lift_area(c, scope)))
    firms = [] if scope.narrow else context.database.read(registry.firms)
    states = [(str(each), named("contract_state", each)) for each in ContractState]
    picks = [("state", msgid("State"), states)]
    if firms:
        offered = [(each.code, each.name) for each in firms if each.id in here]
        picks.append(("firm", msgid("Maintenance firm"), offered))
    more = {
        "title": msgid("Contracts"),
        "searched": msgid("Code, address or contract number"),
        "picks": picks,
        "intro": "",
        "today": wanted.today,
        "soon": wanted.soon,
    }
    return lists.shown(request, told, _source(told, wanted), more)


@router.get("/maintenance/contracts.csv", dependencies=SEES)
def file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same as a file."""
    told = lists.asked(request, CONTRACTS)
    wanted = _wanted(told, context, scope)
    named = labels.of(render.locale_of(request))

    def cells(row: ContractRow) -> Sequence[Cell]:
        ends = row.contract.ends_on
        return [
            row.contract.number,
            row.lift.rescue_code,
            f"{row.lift.address} {row.lift.building}".strip(),
            row.firm,
            row.contract.starts_on.isoformat(),
            "" if ends is None else ends.isoformat(),
            named("contract_state", row.state(wanted.today, wanted.soon)),
        ]

    return lists.sent(request, told, "contracts", _source(told, wanted), cells)


def _contract(context: AppContext, scope: Scope, contract_id: int) -> dict[str, object]:
    today = local_day(context.clock.now(), context.zone)
    row = context.database.read(
        lambda c: contract_queries.contract(c, sight.maintained(scope), contract_id)
    )
    return {"row": row, "today": today, "soon": today + SOON}


@router.get("/maintenance/contracts/{contract_id}", dependencies=SEES)
def one(request: Request, contract_id: RowId, context: Context, scope: CurrentScope) -> Response:
    """A contract, and its end."""
    values = _contract(context, scope, contract_id)
    return render.page(request, "staff/contract.html", values=values, told="")


@router.post(
    "/maintenance/contracts/{contract_id}/end",
    dependencies=[Depends(require(Action.MANAGE_CONTRACTS)), Depends(verified_csrf)],
)
async def end(
    request: Request,
    contract_id: RowId,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> Response:
    """Let it end."""
    typed = await typed_in(request)
    values = await render.in_thread(lambda: _contract(context, scope, contract_id))
    now = context.clock.now()

    def write(connection: Connection) -> None:
        last = day_of(typed.get("last", ""))
        if last is None:
            raise InvalidMessage("missing", "name the last day", field="last")
        register_commands.end_contract(
            connection,
            contract_id,
            last,
            typed.get("reason", "")[:500],
            now,
            actor,
            today=local_day(now, context.zone),
        )

    try:
        await render.in_thread(lambda: context.database.write(write))
    except (Conflict, InvalidMessage) as error:
        problem = problem_of(error)
        return render.page(
            request,
            "staff/contract.html",
            status=problem.status,
            values=values,
            told=problem.reason,
        )
    return RedirectResponse(f"/maintenance/contracts/{contract_id}", SEE_OTHER)
