"""The roll of test calls: lifts that are not proven able to call for help, as a page and a file."""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dashboard import finding
from dashboard.access import Action
from dashboard.deps import Context, CurrentScope, require
from dashboard.i18n import msgid
from dashboard.web import labels, list_lifts, lists, render, words
from dashboard.web.lists import Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell
from devices import call_roll
from devices.call_roll import RollRow
from devices.proving import EVERY, Ability

ROLL = Kind(
    path="/test-calls",
    rows="staff/test_calls_rows.html",
    page="staff/test_calls.html",
    filters={"ability": [*Ability], "area": None, "firm": None},
    orders=call_roll.ORDERS,
    columns=(
        Column(msgid("Code"), "code"),
        Column(msgid("Address"), "address"),
        Column(msgid("Area")),
        Column(msgid("Maintenance firm")),
        Column(msgid("Able to call")),
        Column(msgid("Last test call")),
        Column(msgid("Last good test call"), "proven"),
        Column(msgid("Battery")),
    ),
    order="proven",
)
SEES = [Depends(require(Action.SEE_LIFTS))]
router = APIRouter(include_in_schema=False)


@router.get("/test-calls", dependencies=SEES)
def listed(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Lifts not proven able to call, those never proven first."""
    told = lists.asked(request, ROLL)
    ids, total, figures = finding.roll(
        context,
        scope,
        told.values,
        order=told.order,
        descending=told.descending,
        limit=lists.PAGE,
        offset=told.offset,
    )
    now = context.clock.now()
    found = context.database.read(partial(call_roll.rows, lift_ids=ids, now=now))
    choices = context.database.read(partial(list_lifts.choices_of, scope=scope))
    more = {
        "firms": choices.firms,
        "areas": lists.choices(choices.areas),
        "figures": figures,
        "hours": int(EVERY.total_seconds()) // 3600,
    }
    return lists.page(request, told, Part(found, total, told.offset), more)


@router.get("/test-calls.csv", dependencies=SEES)
def file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same lifts as a file."""
    told = lists.asked(request, ROLL)
    ids, total, _ = finding.roll(
        context,
        scope,
        told.values,
        order=told.order,
        descending=told.descending,
        limit=MOST_ROWS,
    )
    named, now = labels.of(render.locale_of(request)), context.clock.now()

    def fetch(keys: Sequence[int]) -> list[RollRow]:
        return context.database.read(partial(call_roll.rows, lift_ids=keys, now=now))

    def cells(row: RollRow) -> Sequence[Cell]:
        last = row.tested
        good = last and last.passed_at
        return [
            row.lift.rescue_code,
            f"{row.lift.address} {row.lift.building}".strip(),
            row.lift.district or row.lift.area,
            row.firm,
            named("ability", row.ability),
            words.instant(last.at, context.zone) if last else "",
            words.instant(good, context.zone) if good else "",
            "" if last is None or last.battery_pct is None else f"{last.battery_pct}%",
        ]

    return lists.export(request, told, "test-calls", ids, total, fetch, cells)
