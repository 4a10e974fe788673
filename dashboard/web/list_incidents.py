"""The list of incidents, running and closed: what the board shows, and the same as a file."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from alerts import search
from alerts.ladder import Kind as IncidentKind
from alerts.search import IncidentFilter
from alerts.views import IncidentRow
from dashboard.access import Action
from dashboard.deps import AppContext, Context, CurrentScope, require
from dashboard.i18n import msgid
from dashboard.scope import Scope
from dashboard.web import labels, lists, render, words
from dashboard.web.lists import Asked, Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell

RECENT = timedelta(hours=2)
LEVELS = ("1", "2", "3")
STANDING = ("running", "closed", "all")  # unless told: what runs, and what has only just closed
INCIDENTS = Kind(
    path="/",
    rows="staff/board_rows.html",
    page="staff/board.html",
    filters={
        "state": STANDING,
        "kind": [*IncidentKind],
        "level": LEVELS,
        "area": None,
        "from": None,
        "to": None,
    },
    orders=tuple(search.ORDERS),
    columns=(
        Column(msgid("Incident")),
        Column(msgid("Lift code"), "code"),
        Column(msgid("Address")),
        Column(msgid("Opened"), "opened"),
        Column(msgid("Source")),
        Column(msgid("Kind")),
        Column(msgid("People")),
        Column(msgid("State"), "state"),
        Column(msgid("Level"), "level"),
        Column(msgid("Who was asked")),
        Column(msgid("Next deadline"), "due"),
        Column(msgid("Arrived")),
        Column(msgid("Freed at")),
        Column(msgid("Closed")),
    ),
    order="help",
    descending=True,
)
router = APIRouter(include_in_schema=False)


def wanted(context: AppContext, scope: Scope, told: Asked) -> IncidentFilter:
    """The filter of a list as it was asked for, confined to what the account may see."""
    state = told.get("state")
    dates = told.get("from") or told.get("to")
    return IncidentFilter(
        text=told.text,
        confines=scope.confines,
        running=None if state == "all" or (dates and not state) else state != "closed",
        closed_since=None if state else context.clock.now() - RECENT,
        kind=told.get("kind"),
        level=int(told.get("level")) if told.get("level") else None,
        area=told.get("area"),
        opened_from=_midnight(context, told.get("from")),
        opened_before=_midnight(context, told.get("to"), after=timedelta(days=1)),
    )


def _midnight(context: AppContext, day: str, *, after: timedelta = timedelta()) -> datetime | None:
    """When the local day `day` begins (or another one some days after); None if there is none."""
    try:
        begins = datetime.combine(date.fromisoformat(day) + after, time(), context.zone)
        return begins.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def part(connection: Connection, context: AppContext, scope: Scope, told: Asked) -> Part:
    """What a page of the list shows."""
    of = wanted(context, scope, told)
    ids = search.incident_ids(
        connection,
        of,
        told.order,
        descending=told.descending,
        limit=lists.PAGE,
        offset=told.offset,
    )
    rows = search.incident_rows(connection, ids)
    return Part(rows, search.incident_count(connection, of), told.offset)


@router.get("/incidents.csv", dependencies=[Depends(require(Action.SEE_INCIDENTS))])
def incidents_file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same incidents as a file."""
    told = lists.asked(request, INCIDENTS)
    of = wanted(context, scope, told)
    ids, total = context.database.read(
        lambda c: (
            search.incident_ids(c, of, told.order, descending=told.descending, limit=MOST_ROWS),
            search.incident_count(c, of),
        )
    )
    named = labels.of(render.locale_of(request))

    def fetch(keys: Sequence[str]) -> list[IncidentRow]:
        return context.database.read(partial(search.incident_rows, ids=keys))

    def cells(row: IncidentRow) -> Sequence[Cell]:
        i = row.incident
        at = partial(words.instant, zone=context.zone)
        due = row.next
        return [
            i.id,
            i.lift_code,
            i.place,
            at(i.opened_at),
            named("source", i.source),
            named("kind", i.kind),
            i.people,
            named("state", i.state),
            i.level or None,
            " / ".join(each.target_name for each in row.assignments),
            "" if due is None else f"{named('rung', due.rung)} {at(due.due_at)}",
            *("" if each is None else at(each) for each in (i.on_scene_at, i.freed_at)),
            "" if i.closed_at is None else at(i.closed_at),
        ]

    return lists.export(request, told, "incidents", ids, total, fetch, cells)
