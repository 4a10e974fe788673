"""What could not be read or admitted, with the reason, as a page and as a file."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from pydantic import StringConstraints
from starlette.responses import RedirectResponse, Response

from core import journal
from dashboard.access import Action
from dashboard.deps import Context, CurrentActor, CurrentScope, require, verified_csrf
from dashboard.i18n import msgid
from dashboard.problems import SEE_OTHER, safe_next
from dashboard.scope import Scope
from dashboard.web import lists, words
from dashboard.web.lists import Asked, Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell
from ingest import replay
from ingest.quarantine import ORDERS, Kept, QuarantineFilter
from ingest.replay import Verb

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
        Column(msgid("Replay")),
        Column(msgid("Content")),
        Column(msgid("Id")),
    ),
    order="received",
    descending=True,
)
OUTCOMES = {
    "stored": msgid("In history"),
    "duplicate": msgid("Known already"),
    "refused": msgid("Refused again"),
    "partly": msgid("Partly refused"),
    "shed": msgid("No room in history"),
}
HINDERED = {
    "cut_off": msgid("What is kept is only its beginning: the sender must send it again."),
    "replayed_already": msgid("It was replayed before."),
    "not_the_senders": msgid("Its account may not speak for that gateway: its owner must send it."),
    "not_by_this_door": msgid("What is no telemetry is not taken by HTTP."),
    "taken_already": msgid("It was taken, but for what could not be mapped."),
}
_NAME = r"^([a-z][a-z0-9-]{0,15}:)?\d{4}-\d\d-\d\d/\d{1,18}$"  # of a shard beside the first
Name = Annotated[str, StringConstraints(pattern=_NAME)]
MENDS = [Depends(require(Action.MEND_QUARANTINE)), Depends(verified_csrf)]
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
    more = {
        "counts": counts,
        "content": content,
        "crowded_out": context.quarantine.crowded_out(),
        "pending": context.quarantine.pending(),
        "hindrance": replay.hindrance,
        "hindered": HINDERED,
        "outcomes": OUTCOMES,
    }
    return lists.page(request, told, part, more)


@router.post("/quarantine/asked", dependencies=MENDS)
def ask(
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
    verb: Annotated[Verb, Form()],
    kept: Annotated[list[Name], Form(min_length=1, max_length=lists.PAGE)],
    back: Annotated[str, Form(max_length=1000)] = "/quarantine",
) -> Response:
    """Ask telemetry to send kept objects through again, or to forget them; journalled first."""
    now = context.clock.now()
    reader = context.quarantine
    found = [each for each in reader.fetch(kept) if _within(each, scope)]
    names = [each.id for each in found if verb is Verb.DROP or not replay.hindrance(each)]
    if names:
        entry = replay.entry(verb, names, actor, now)
        context.database.write(partial(journal.append, entry=entry))
        reader.ask(verb, names, actor.id, now)
    return RedirectResponse(safe_next(back), SEE_OTHER)


def _within(kept: Kept, scope: Scope) -> bool:
    """Whether the account looks after the city that the topic names."""
    return not scope.area or f"/v1/{scope.area}/" in kept.topic


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
            f"{kept.answer.outcome} {kept.answer.reason}".strip() if kept.answer else "",
            content(kept),
            kept.id,
        ]

    return lists.export(request, told, "quarantine", keys, total, context.quarantine.fetch, cells)


def content(kept: Kept) -> str:
    """The beginning of what came, as text."""
    return kept.raw[:SHOWN].decode("utf-8", "replace")
