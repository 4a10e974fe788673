"""/maintenance/due, lifts and item lists: what is to be done."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from core.errors import NotFound
from dashboard import sight
from dashboard.access import Action
from dashboard.api.maintenance_schemas import ItemOut, PlanOut
from dashboard.api.schemas import Listed
from dashboard.bounds import Offset
from dashboard.deps import Context, CurrentScope, require
from dashboard.maintaining import list_name
from devices.days import local_day
from devices.maintenance import queries
from devices.maintenance.queries import PlanFilter

router = APIRouter(prefix="/maintenance", tags=["maintenance"])
SEES = [Depends(require(Action.SEE_MAINTENANCE))]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.get("/due", dependencies=SEES)
def due(
    context: Context,
    scope: CurrentScope,
    state: Literal["due", "overdue", "soon", "all"] = "due",
    within_days: Annotated[int, Query(ge=0, le=400)] = 2,
    limit: Limit = 500,
    offset: Offset = 0,
) -> Listed[PlanOut]:
    """What is due within so many days or overdue, the most urgent first."""
    today = local_day(context.clock.now(), context.zone)
    wanted = PlanFilter(
        sight=sight.maintained(scope),
        today=today,
        state=state,
        until=today + timedelta(days=within_days),
    )

    def find(connection: Connection) -> Listed[PlanOut]:
        ids = queries.plan_ids(connection, wanted, limit=limit, offset=offset)
        rows = queries.plan_rows(connection, ids)
        rules = context.maintenance
        told = [PlanOut.of(row, today, list_name(rules, row.lift.kind)) for row in rows]
        return Listed(items=told, total=queries.plan_count(connection, wanted))

    return context.database.read(find)


@router.get("/lifts/{code}", dependencies=SEES)
def plan(code: str, context: Context, scope: CurrentScope) -> PlanOut:
    """What one lift is due for."""

    def find(connection: Connection) -> PlanOut:
        lift = sight.lift(connection, scope=scope, code=code)
        rows = queries.plan_rows(connection, [lift.id])
        if not rows:
            raise NotFound("plan", code)
        today = local_day(context.clock.now(), context.zone)
        return PlanOut.of(rows[0], today, list_name(context.maintenance, lift.kind))

    return context.database.read(find)


@router.get("/items/{list_name}", dependencies=SEES)
def item_list(list_name: str, context: Context) -> list[ItemOut]:
    """The items of a list such as `A@1`; a visit answers those of its depth and the shallower."""
    for each in context.maintenance.lists:
        if each.name == list_name:
            return [
                ItemOut(
                    code=i.code,
                    period=i.period,
                    zh=i.wording.zh,
                    en=i.wording.en,
                    key=i.key,
                    note_zh=i.note.zh if i.note else "",
                    note_en=i.note.en if i.note else "",
                )
                for i in each.items
            ]
    raise NotFound("item list", list_name)
