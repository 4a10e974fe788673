"""What could not be read or admitted, with the reason, as a page and as a file."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dashboard.access import Action, Scope
from dashboard.deps import Context, CurrentScope, require
from dashboard.i18n import msgid
from dashboard.web import lists, words
from dashboard.web.lists import Asked, Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell
from ingest.quarantine import ORDERS, Kept, QuarantineFilter

SHOWN = 120  # bytes of the content
QUARANTINE = Kind(
    path="/quarantine",
    rows="staff/quarantine_rows.html",
    page="staff/quarantine.html",
    filters={"reason": None},
    orders=ORDERS,
    columns=(
        Column(msgid("Received"), "received"),
        Column(msgid("Topic"), "topic"),
        Column(msgid("Reason"), "reason"),
        Column(msgid("Field")),
        Column(msgid("Detail")),
        Column(msgid("Content")),
    ),
    order="received",
    descending=True,
)
SEES = [Depends(require(Action.SEE_QUARANTINE))]
router = APIRouter(include_in_schema=False)


def _filter(told: Asked, scope: Scope) -> QuarantineFilter:
    return QuarantineFilter(reason=told.get("reason"), area=scope.area, text=told.text)


@router.get("/quarantine", dependencies=SEES)
def quarantine(request: Request, context: Context, scope: CurrentScope) -> Response:
    """What could not be taken, newest first unless asked otherwise."""
    told = lists.asked(request, QUARANTINE)
    keys, total = context.quarantine.keys(
        _filter(told, scope),
        told.order,
        descending=told.descending,
        limit=lists.PAGE,
        offset=told.offset,
    )
    part = Part(context.quarantine.fetch(keys), total, told.offset)
    counts = context.quarantine.counts(scope.area)
    return lists.page(request, told, part, {"counts": counts, "content": content})


@router.get("/quarantine.csv", dependencies=SEES)
def quarantine_file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same as a file."""
    told = lists.asked(request, QUARANTINE)
    keys, total = context.quarantine.keys(
        _filter(told, scope), told.order, descending=told.descending, limit=MOST_ROWS
    )

    def cells(kept: Kept) -> Sequence[Cell]:
        return [
            words.instant(kept.received_at, context.zone),
            kept.topic,
            kept.reason,
            kept.field,
            kept.detail,
            content(kept),
        ]

    return lists.export(request, told, "quarantine", keys, total, context.quarantine.fetch, cells)


def content(kept: Kept) -> str:
    """The beginning of what came, as text."""
    return kept.raw[:SHOWN].decode("utf-8", "replace")
