"""The list of kitchens, as a page and as a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from dashboard import finding
from dashboard.access import Action
from dashboard.deps import Context, CurrentScope, require
from dashboard.i18n import msgid
from dashboard.web import labels, lists, render
from dashboard.web.lists import Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell
from devices import queries, search, tables
from devices.model import Camera, Kitchen, KitchenKind
from video.stream import StreamState

KITCHENS = Kind(
    path="/kitchens",
    rows="staff/kitchens_rows.html",
    page="staff/kitchens.html",
    filters={
        "area": None,
        "kind": [*KitchenKind],
        "grade": None,
        "camera": [*StreamState, finding.NO_CAMERA],
    },
    orders=tuple(search.KITCHEN_ORDERS),
    columns=(
        Column(msgid("Code"), "code"),
        Column(msgid("Name"), "name"),
        Column(msgid("Address")),
        Column(msgid("Kind"), "kind"),
        Column(msgid("Grade"), "grade"),
        Column(msgid("Cameras")),
    ),
    order="code",
)
SEES = [Depends(require(Action.SEE_KITCHENS))]
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class KitchenRow:
    """A kitchen as the list shows it: every camera with its state."""

    kitchen: Kitchen
    cameras: list[tuple[Camera, str]]


def rows(context: Context, state: Callable[[str], str], ids: Sequence[int]) -> list[KitchenRow]:
    """The kitchens of those ids."""

    def find(connection: Connection) -> list[KitchenRow]:
        return [
            KitchenRow(
                each,
                [(c, state(c.id)) for c in queries.cameras_of(connection, each.id)],
            )
            for each in search.kitchens(connection, ids)
        ]

    return context.database.read(find)


@router.get("/kitchens", dependencies=SEES)
def kitchens(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Kitchens and how their cameras are."""
    told = lists.asked(request, KITCHENS)
    ids, total = finding.kitchens(
        context,
        scope,
        told.values,
        order=told.order,
        descending=told.descending,
        limit=lists.PAGE,
        offset=told.offset,
    )
    areas, grades = context.database.read(
        lambda c: (search.areas(c, tables.kitchen, scope.area), search.grades(c))
    )
    part = Part(rows(context, finding.camera_states(context), ids), total, told.offset)
    return lists.page(request, told, part, {"areas": areas, "grades": lists.choices(grades)})


@router.get("/kitchens.csv", dependencies=SEES)
def kitchens_file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same kitchens as a file."""
    told = lists.asked(request, KITCHENS)
    ids, total = finding.kitchens(
        context,
        scope,
        told.values,
        order=told.order,
        descending=told.descending,
        limit=MOST_ROWS,
    )
    named = labels.of(render.locale_of(request))

    def cells(row: KitchenRow) -> Sequence[Cell]:
        return [
            row.kitchen.code,
            row.kitchen.name,
            row.kitchen.address,
            named.name("kitchen_kind", row.kitchen.kind),
            row.kitchen.grade,
            " / ".join(f"{c.label} {named('camera', state)}" for c, state in row.cameras),
        ]

    fetch = partial(rows, context, finding.camera_states(context))
    return lists.export(request, told, "kitchens", ids, total, fetch, cells)
