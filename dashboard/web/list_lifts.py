"""The list of lifts, as a page and as a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from dashboard import finding, sight
from dashboard.access import Action
from dashboard.deps import Context, CurrentScope, require
from dashboard.i18n import msgid
from dashboard.scope import Scope
from dashboard.web import labels, lists, places, render, words
from dashboard.web.lists import Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell
from devices import queries, search, tables
from devices.model import Lift, LiftKind, PlaceType
from devices.presence import Presence
from ingest.latest import LatestState

LIFTS = Kind(
    path="/lifts",
    rows="staff/lifts_rows.html",
    page="staff/lifts.html",
    filters={
        "area": None,
        "firm": None,
        "kind": [*LiftKind],
        "place": [*PlaceType],
        "presence": [*Presence],
    },
    orders=(*search.LIFT_ORDERS, finding.HEARD),
    columns=(
        Column(msgid("Code"), "code"),
        Column(msgid("Address"), "address"),
        Column(msgid("Area"), "area"),
        Column(msgid("Kind"), "kind"),
        Column(msgid("Maintenance firm")),
        Column(msgid("State")),
        Column(msgid("Floor")),
        Column(msgid("Last heard"), finding.HEARD),
    ),
    order="code",
)
SEES = [Depends(require(Action.SEE_LIFTS))]
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class LiftRow:
    """A lift as the list shows it."""

    lift: Lift
    firm: str
    state: LatestState | None
    presence: Presence


def rows(context: Context, firms: Mapping[int, str], ids: Sequence[int]) -> list[LiftRow]:
    """The lifts of those ids with what they last said."""
    found = context.database.read(partial(search.lifts, ids=ids))
    latest = context.latest.lifts([each.rescue_code for each in found])
    seen = finding.presences(context)

    def row(lift: Lift) -> LiftRow:
        state = latest.get(lift.rescue_code)
        heard = None if state is None else state.received_at
        firm = firms.get(lift.firm_id or 0, "")
        return LiftRow(lift, firm, state, seen(lift.rescue_code, heard))

    return [row(each) for each in found]


@router.get("/lifts", dependencies=SEES)
def lifts(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Lifts with when each was last heard."""
    told = lists.asked(request, LIFTS)
    ids, total = finding.lifts(
        context,
        scope,
        told.values,
        order=told.order,
        descending=told.descending,
        limit=lists.PAGE,
        offset=told.offset,
    )
    choices = context.database.read(partial(choices_of, scope=scope))
    part = Part(rows(context, choices.names, ids), total, told.offset)
    return lists.page(request, told, part, {"firms": choices.firms, "areas": choices.areas})


@router.get("/lifts.csv", dependencies=SEES)
def lifts_file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same lifts as a file."""
    told = lists.asked(request, LIFTS)
    ids, total = finding.lifts(
        context,
        scope,
        told.values,
        order=told.order,
        descending=told.descending,
        limit=MOST_ROWS,
    )
    names = context.database.read(partial(choices_of, scope=scope)).names
    named = labels.of(render.locale_of(request))
    place = places.namer(context.database, render.locale_of(request))

    def cells(row: LiftRow) -> Sequence[Cell]:
        heard = None if row.state is None else row.state.received_at
        floor = None if row.state is None else row.state.fields.get("floor")
        return [
            row.lift.rescue_code,
            f"{row.lift.address} {row.lift.building}".strip(),
            place(row.lift.district or row.lift.area),
            named.name("lift_kind", row.lift.kind),
            row.firm,
            named("presence", row.presence),
            floor,
            "" if heard is None else words.instant(heard, context.zone),
        ]

    return lists.export(request, told, "lifts", ids, total, partial(rows, context, names), cells)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer: firms by code, areas, and every firm's name by our id."""

    firms: list[tuple[str, str]]
    areas: list[str]
    names: dict[int, str]


def choices_of(connection: Connection, scope: Scope) -> Choices:
    """What the filters of a list of lifts offer to an account."""
    firms = queries.firms(connection)
    area = sight.lift_area(connection, scope)
    here = search.firms_within(connection, area)
    return Choices(
        []
        if scope.narrow and scope.station_id is None
        else [(each.code, each.name) for each in firms if not area or each.id in here],
        search.areas(connection, tables.lift, area),
        {each.id: each.name for each in firms},
    )
