"""Duty rosters: who is on duty now, everywhere; and one roster week by week, with its forms."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from core.errors import Conflict, InvalidMessage, NotFound
from core.journal import Subject
from dashboard import disclosures, rostering, sight
from dashboard.access import Action
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
from dashboard.rostering import (
    AnyIn,
    EndRotaIn,
    LeaveIn,
    RotaIn,
    SwapIn,
    TermsIn,
    WithdrawIn,
)
from dashboard.scope import Scope
from dashboard.web import labels, lists, render
from dashboard.web.lists import Column, Kind, Part
from dashboard.web.pages_incident import told_by, typed_in
from dashboard.web.spreadsheet import MOST_ROWS, Cell
from devices.days import ONE_DAY, day_begins, days_from, local_day
from devices.roster import Gap, Worked, gaps, worked
from devices.rosters import queries
from devices.rosters.commands import ROSTER
from devices.rosters.model import KeptRoster, Owner, OwnerKind
from devices.rosters.queries import Standing

WEEK = timedelta(days=7)
FARTHEST = timedelta(days=3650)
ROSTERS = Kind(
    path="/rosters",
    rows="staff/rosters_rows.html",
    page="staff/rosters.html",
    filters={"kind": [*OwnerKind]},
    orders=("code",),
    columns=(
        Column(msgid("Code"), "code"),
        Column(msgid("Name")),
        Column(msgid("On duty now")),
        Column(msgid("Next 24 hours")),
        Column(msgid("Telephone")),
    ),
    order="code",
)
FORMS: Mapping[str, type[AnyIn]] = {
    "terms": TermsIn,
    "rota": RotaIn,
    "end-rota": EndRotaIn,
    "swap": SwapIn,
    "leave": LeaveIn,
    "withdraw": WithdrawIn,
}
SEES = [Depends(require(Action.SEE_ROSTERS))]
router = APIRouter(include_in_schema=False)


def _kind_for(asked: str, scope: Scope) -> OwnerKind:
    """What was asked for; else what the account has itself."""
    if asked:
        return OwnerKind(asked)
    return OwnerKind.STATION if scope.firm_id is None else OwnerKind.TEAM


@router.get("/rosters", dependencies=SEES)
def listed(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Stations, firms or teams, and who is on duty there."""
    told = lists.asked(request, ROSTERS)
    kind, seen = _kind_for(told.get("kind"), scope), sight.rosters(scope)

    def find(connection: Connection) -> Part:
        whose = queries.owners(
            connection, kind, seen, text=told.text, limit=lists.PAGE, offset=told.offset
        )
        rows = queries.standing(connection, whose, context.clock.now(), context.zone)
        total = queries.owner_count(connection, kind, seen, text=told.text)
        return Part(rows, total, told.offset)

    part = context.database.read(find)
    kinds = [
        each
        for each in OwnerKind
        if (scope.firm_id is None or each is not OwnerKind.STATION)
        and (scope.station_id is None or each is OwnerKind.STATION)
    ]
    return lists.page(request, told, part, {"kind": kind, "kinds": kinds})


@router.get("/rosters.csv", dependencies=SEES)
def file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same as a file."""
    told = lists.asked(request, ROSTERS)
    kind, seen = _kind_for(told.get("kind"), scope), sight.rosters(scope)
    whose, total = context.database.read(
        lambda c: (
            queries.owners(c, kind, seen, text=told.text, limit=MOST_ROWS),
            queries.owner_count(c, kind, seen, text=told.text),
        )
    )
    named = labels.of(render.locale_of(request))

    def fetch(keys: Sequence[Owner]) -> list[Standing]:
        return context.database.read(
            lambda c: queries.standing(c, keys, context.clock.now(), context.zone)
        )

    def cells(row: Standing) -> Sequence[Cell]:
        kept = row.kept
        there = "" if kept is None else ", ".join(kept.named(e.person) for e in row.on_duty)
        gap = "" if row.gap is None else _local(row.gap.begins_at, context)
        return [
            row.owner.code,
            f"{row.owner.within} {row.owner.name}".strip(),
            there if row.is_kept else named("roster", "not_kept"),
            gap,
            row.owner.phone,
        ]

    return lists.export(request, told, "rosters", whose, total, fetch, cells)


@router.get("/rosters/{kind}/{code}", dependencies=SEES)
def one(
    request: Request, kind: OwnerKind, code: str, context: Context, scope: CurrentScope
) -> Response:
    """One roster, the week that is asked for or this one."""
    shown = _shown(context, scope, kind, code, request.query_params.get("first", ""))
    return render.page(request, "staff/roster.html", values=shown, told="", revealed=False)


@router.post(
    "/rosters/{kind}/{code}/phones",
    dependencies=[*SEES, Depends(require(Action.REVEAL_PHONE)), Depends(verified_csrf)],
)
def phones(
    request: Request,
    kind: OwnerKind,
    code: str,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> Response:
    """The same page with people's whole numbers; journalled."""
    shown = _shown(context, scope, kind, code, "")
    subject = Subject(ROSTER, f"{kind}/{code}")
    context.database.write(lambda c: disclosures.tell(c, subject, context.clock.now(), actor))
    return render.page(request, "staff/roster.html", values=shown, told="", revealed=True)


@router.post(
    "/rosters/{kind}/{code}/do/{verb}",
    dependencies=[Depends(require(Action.KEEP_ROSTERS)), Depends(verified_csrf)],
)
async def do(
    request: Request,
    kind: OwnerKind,
    code: str,
    verb: str,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> Response:
    """A form of the roster's page."""
    typed = await typed_in(request)
    first = typed.pop("week", "")
    if verb not in FORMS:
        raise NotFound("form", verb)
    sent: dict[str, object] = {**typed}
    if verb == "terms":
        sent["holidays"] = typed.get("holidays", "").split()
    if verb == "rota":
        sent["weekdays"] = "".join(d for d in "1234567" if sent.pop(f"weekday-{d}", ""))
    try:
        told = told_by(FORMS[verb], sent)
        await render.in_thread(partial(rostering.keep, context, scope, actor, kind, code, told))
    except (Conflict, InvalidMessage) as error:
        shown = await render.in_thread(partial(_shown, context, scope, kind, code, first))
        problem = problem_of(error)
        known = f"{problem.reason}.{problem.field}" if problem.field else problem.reason
        return render.page(
            request,
            "staff/roster.html",
            status=problem.status,
            values=shown,
            told=known,
            revealed=False,
        )
    return RedirectResponse(
        f"/rosters/{kind}/{code}{f'?first={first}' if first else ''}", SEE_OTHER
    )


def _shown(
    context: AppContext, scope: Scope, kind: OwnerKind, code: str, asked: str
) -> dict[str, object]:
    now, zone = context.clock.now(), context.zone
    today = local_day(now, zone)
    first = _monday(asked, today)
    last = first + WEEK - ONE_DAY

    def find(connection: Connection) -> dict[str, object]:
        whose = queries.owner(connection, kind, code, sight.rosters(scope))
        (standing,) = queries.standing(connection, [whose], now, zone)
        kept = queries.one(connection, whose, first - ONE_DAY, last)
        coming = queries.one(connection, whose, today - ONE_DAY, today + FARTHEST)
        return {
            "owner": whose,
            "standing": standing,
            "kept": kept,
            "coming": coming,
            "days": [] if kept is None else _days(kept, first, last, context),
            "first": first,
            "last": last,
            "today": today,
            "before": first - WEEK,
            "after": first + WEEK,
        }

    return context.database.read(find)


def _monday(asked: str, today: date) -> date:
    """The Monday of the week that is meant."""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = today
    day = min(max(day, today - FARTHEST), today + FARTHEST)
    return day - timedelta(days=day.weekday())


def _days(
    kept: KeptRoster, first: date, last: date, context: AppContext
) -> list[tuple[date, list[Worked], list[tuple[str, str, Gap]]]]:
    """Each day with the shifts that begin on it and the gaps that fall into it."""
    zone = context.zone
    shifts = worked(kept.rule, first, last, zone)
    days = []
    for day in days_from(first, last):
        begins, ends = day_begins(day, zone), day_begins(day + ONE_DAY, zone)
        found = gaps(kept.rule, begins, ends, zone)
        missing = kept.kept_since is not None and kept.kept_since <= day and kept.needed
        days.append(
            (
                day,
                [each for each in shifts if each.day == day],
                [(_local(g.begins_at, context), _until(g.ends_at, ends, context), g) for g in found]
                if missing
                else [],
            )
        )
    return days


def _local(at: datetime, context: AppContext) -> str:
    return f"{at.astimezone(context.zone):%H:%M}"


def _until(at: datetime, midnight: datetime, context: AppContext) -> str:
    return "24:00" if at == midnight else _local(at, context)
