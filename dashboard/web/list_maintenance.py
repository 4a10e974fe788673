"""What is due: the list of plans, as a page and as a file."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from dashboard import sight
from dashboard.access import Action
from dashboard.deps import AppContext, Context, CurrentScope, require
from dashboard.i18n import msgid
from dashboard.scope import Scope
from dashboard.web import labels, lists, render
from dashboard.web.lists import Asked, Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell
from devices import queries as registry
from devices import search
from devices.days import local_day
from devices.maintenance import queries
from devices.maintenance.queries import PlanFilter, PlanRow

SOON = timedelta(days=2)
REMINDED = timedelta(days=14)
AHEAD = timedelta(days=7)
MOST_MARKS = 20
PLANS = Kind(
    path="/maintenance",
    rows="staff/maintenance_rows.html",
    page="staff/maintenance.html",
    filters={
        "state": ["overdue", "soon", "all"],
        "firm": None,
        "district": None,
        "street": None,
    },
    orders=tuple(queries.ORDERS),
    columns=(
        Column(msgid("Code"), "code"),
        Column(msgid("Address"), "address"),
        Column(msgid("Maintenance firm")),
        Column(msgid("Visit due")),
        Column(msgid("Due day"), "due"),
        Column(msgid("Days left")),
        Column(msgid("Planned day"), "planned"),
        Column(msgid("Last visit")),
        Column(msgid("State")),
    ),
    order="due",
)
SEES = [Depends(require(Action.SEE_MAINTENANCE))]
router = APIRouter(include_in_schema=False)


def wanted(told: Asked, context: AppContext, scope: Scope, firms: dict[str, int]) -> PlanFilter:
    """The filter of the list as it was asked for, within what the account may see."""
    today = local_day(context.clock.now(), context.zone)
    code = told.get("firm")
    return PlanFilter(
        sight=sight.maintained(scope),
        today=today,
        state=told.get("state") or "all",
        until=today + SOON,
        text=told.text,
        district=told.get("district"),
        street=told.get("street"),
        firm_id=firms.get(code, 0) if code else None,
        with_trials=scope.firm_id is not None,
    )


def told_to(scope: Scope) -> tuple[str, ...]:
    """The rungs that an account hears of: each place those that have come up to it."""
    if scope.firm_id is not None:
        return ("firm", "use_unit", "district", "city")
    if scope.use_unit_id is not None:
        return ("use_unit", "district", "city")
    return ("city",) if not scope.area or scope.area.endswith("00") else ("district", "city")


@router.get("/maintenance", dependencies=SEES)
def listed(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Plans, the most urgent first."""
    told = lists.asked(request, PLANS)
    firms = context.database.read(registry.firms)
    of = wanted(told, context, scope, {each.code: each.id for each in firms})

    def find(connection: Connection) -> Part:
        ids = queries.plan_ids(
            connection,
            of,
            told.order,
            descending=told.descending,
            limit=lists.PAGE,
            offset=told.offset,
        )
        rows = queries.plan_rows(connection, ids)
        return Part(rows, queries.plan_count(connection, of), told.offset)

    part = context.database.read(find)
    here = context.database.read(lambda c: search.firms_within(c, sight.lift_area(c, scope)))
    since = context.clock.now() - REMINDED
    marks = context.database.read(
        lambda c: queries.reminders(c, sight.maintained(scope), told_to(scope), since, MOST_MARKS)
    )
    loads = context.database.read(
        lambda c: (
            queries.team_loads(c, scope.firm_id, of.today, of.today + AHEAD)
            if scope.firm_id is not None
            else []
        )
    )
    more = {
        "marks": marks,
        "loads": loads,
        "today": of.today,
        "firms": [] if scope.narrow else [(e.code, e.name) for e in firms if e.id in here],
    }
    return lists.page(request, told, part, more)


@router.get("/maintenance.csv", dependencies=SEES)
def file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same plans as a file."""
    told = lists.asked(request, PLANS)
    firms = {e.code: e.id for e in context.database.read(registry.firms)}
    of = wanted(told, context, scope, firms)
    ids, total = context.database.read(
        lambda c: (
            queries.plan_ids(c, of, told.order, descending=told.descending, limit=MOST_ROWS),
            queries.plan_count(c, of),
        )
    )
    named = labels.of(render.locale_of(request))

    def fetch(keys: Sequence[int]) -> list[PlanRow]:
        return context.database.read(partial(queries.plan_rows, lift_ids=keys))

    def cells(row: PlanRow) -> Sequence[Cell]:
        p = row.plan
        return [
            row.lift.rescue_code,
            f"{row.lift.address} {row.lift.building}".strip(),
            row.firm,
            named("period", p.period),
            "" if p.due_on is None else p.due_on.isoformat(),
            p.days_left(of.today),
            ""
            if row.visit is None or not row.visit.planned_on
            else row.visit.planned_on.isoformat(),
            "" if p.last_on is None else p.last_on.isoformat(),
            named("service", p.service),
        ]

    return lists.export(request, told, "maintenance", ids, total, fetch, cells)
