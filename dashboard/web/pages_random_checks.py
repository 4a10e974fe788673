"""Random checks: draw visits, look at them, keep what was found."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from core.errors import Conflict, InvalidMessage
from dashboard import accounts, sight
from dashboard.access import Action
from dashboard.bounds import day_of, whole_number
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
from dashboard.web import labels, lists, places, render, spreadsheet, words
from dashboard.web.lists import Column, Kind, Source
from dashboard.web.pages_incident import typed_in
from dashboard.web.spreadsheet import Cell
from devices.days import local_day
from devices.maintenance import queries, random_commands
from devices.maintenance.random_commands import MOST, CheckResult, Draw

BACK = timedelta(days=30)
DRAWN = 10
DRAWS = Kind(
    path="/maintenance/random-checks",
    rows="staff/random_checks_rows.html",
    page="staff/random_checks.html",
    filters={},
    orders=(),
    columns=(
        Column(msgid("Drawn")),
        Column(msgid("Drawn by")),
        Column(msgid("Area")),
        Column(msgid("Visits done from")),
        Column(msgid("Until")),
        Column(msgid("Visits drawn")),
        Column(msgid("Looked at")),
        Column(msgid("Not in order")),
    ),
    order="",
)
WATCHES = [Depends(require(Action.WATCH_MAINTENANCE))]
CHANGES = [*WATCHES, Depends(verified_csrf)]
ONE = "staff/random_check.html"
router = APIRouter(include_in_schema=False)


def _source(scope: Scope) -> Source[str, Draw]:
    def keys(connection: Connection, limit: int, offset: int) -> Sequence[str]:
        return random_commands.draw_ids(connection, scope.area, limit=limit, offset=offset)[0]

    return Source(
        keys, lambda c: random_commands.draw_ids(c, scope.area, limit=1)[1], random_commands.draws
    )


def _listed(request: Request, context: AppContext, scope: Scope, told: str = "") -> Response:
    today = local_day(context.clock.now(), context.zone)
    more = {
        "told": told,
        "since": today - BACK,
        "until": today,
        "count": DRAWN,
        "most": MOST,
        "people": context.database.read(accounts.display_names),
    }
    return lists.shown(request, lists.asked(request, DRAWS), _source(scope), more)


@router.get("/maintenance/random-checks", dependencies=WATCHES)
def listed(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Draws, the newest first."""
    return _listed(request, context, scope)


@router.get("/maintenance/random-checks.csv", dependencies=WATCHES)
def file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same as a file."""
    people = context.database.read(accounts.display_names)
    name = places.namer(context.database, render.locale_of(request))

    def cells(row: Draw) -> Sequence[Cell]:
        return [
            words.instant(row.at, context.zone),
            people.get(row.by, row.by),
            name(row.within) or render.translate(request, "Whole province"),
            row.since.isoformat(),
            row.until.isoformat(),
            f"{row.drawn} / {row.among}",
            row.looked_at,
            row.not_in_order,
        ]

    return lists.sent(request, lists.asked(request, DRAWS), "random-checks", _source(scope), cells)


@router.post("/maintenance/random-checks", dependencies=CHANGES)
async def draw(
    request: Request, context: Context, scope: CurrentScope, actor: CurrentActor
) -> Response:
    """Draw."""
    typed = await typed_in(request)

    def write(connection: Connection) -> str:
        since, until = day_of(typed.get("since", "")), day_of(typed.get("until", ""))
        if since is None or until is None:
            raise InvalidMessage("missing", "name the first and the last day", field="since")
        count = whole_number(typed.get("count", "")) or 0
        where, now = sight.maintained(scope), context.clock.now()
        return random_commands.draw(connection, where, since, until, count, now, actor)

    try:
        fresh = await render.in_thread(lambda: context.database.write(write))
    except InvalidMessage as error:
        problem = problem_of(error)
        answer = await render.in_thread(lambda: _listed(request, context, scope, problem.reason))
        answer.status_code = problem.status
        return answer
    return RedirectResponse(f"/maintenance/random-checks/{fresh}", SEE_OTHER)


def _one(context: AppContext, scope: Scope, check_id: str) -> dict[str, object]:
    def find(connection: Connection) -> dict[str, object]:
        found = random_commands.draw_of(connection, scope.area, check_id)
        drawn = random_commands.checked(connection, check_id)
        rows = queries.visit_rows(connection, [each.visit_id for each in drawn])
        return {
            "draw": found,
            "drawn": list(zip(drawn, rows, strict=True)),
            "people": accounts.display_names(connection),
            "results": list(CheckResult),
        }

    return context.database.read(find)


@router.get("/maintenance/random-checks/{check_id}", dependencies=WATCHES)
def one(request: Request, check_id: str, context: Context, scope: CurrentScope) -> Response:
    """A draw with its visits, in its order."""
    return render.page(request, ONE, values=_one(context, scope, check_id), told="")


@router.get("/maintenance/random-checks/{check_id}/visits.csv", dependencies=WATCHES)
def visits_file(request: Request, check_id: str, context: Context, scope: CurrentScope) -> Response:
    """Its visits as a file."""

    def find(connection: Connection) -> list[Sequence[Cell]]:
        random_commands.draw_of(connection, scope.area, check_id)
        drawn = random_commands.checked(connection, check_id)
        rows = queries.visit_rows(connection, [each.visit_id for each in drawn])
        return [
            [
                each.place,
                row.lift.rescue_code,
                f"{row.lift.address} {row.lift.building}".strip(),
                row.firm,
                "" if row.visit.done_on is None else row.visit.done_on.isoformat(),
                named("check_result", each.result) if each.result else "",
                each.note,
                people.get(each.by, each.by),
                "" if each.at is None else words.instant(each.at, context.zone),
            ]
            for each, row in zip(drawn, rows, strict=True)
        ]

    named = labels.of(render.locale_of(request))
    people = context.database.read(accounts.display_names)
    t = partial(render.translate, request)
    header = [t("Place in the draw"), t("Code"), t("Address"), t("Maintenance firm")]
    header += [t("Done on"), t("Result"), t("Note"), t("Checked by"), t("When")]
    at = context.clock.now().astimezone(context.zone)
    return spreadsheet.download("random-check", at, header, context.database.read(find))


@router.post("/maintenance/random-checks/{check_id}/{visit_id}", dependencies=CHANGES)
async def result(
    request: Request,
    check_id: str,
    visit_id: str,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> Response:
    """What looking at one showed."""
    typed = await typed_in(request)

    def write(connection: Connection) -> None:
        random_commands.draw_of(connection, scope.area, check_id)
        if typed.get("result", "") not in set(CheckResult):
            raise InvalidMessage("missing", "choose a result", field="result")
        found, note = CheckResult(typed["result"]), typed.get("note", "")[:500]
        now = context.clock.now()
        random_commands.keep_result(connection, check_id, visit_id, found, note, now, actor)

    try:
        await render.in_thread(lambda: context.database.write(write))
    except (Conflict, InvalidMessage) as error:
        problem = problem_of(error)
        values = await render.in_thread(lambda: _one(context, scope, check_id))
        return render.page(request, ONE, status=problem.status, values=values, told=problem.reason)
    return RedirectResponse(f"/maintenance/random-checks/{check_id}", SEE_OTHER)
