"""The journal, as a page and as a file: who did what, from where, why."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dashboard import accounts, auditing
from dashboard.access import Action
from dashboard.auditing import AuditFilter, AuditRow
from dashboard.deps import AppContext, Context, CurrentScope, require
from dashboard.i18n import msgid
from dashboard.scope import Scope
from dashboard.web import labels, lists, places, render, words
from dashboard.web.audit_words import AuditWords
from dashboard.web.lists import Asked, Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell

AUDIT = Kind(
    path="/audit",
    rows="staff/audit_rows.html",
    page="staff/audit.html",
    filters={"kind": None, "actor": None, "verb": None, "from": None, "to": None},
    orders=("at",),
    columns=(
        Column(msgid("When"), "at"),
        Column(msgid("Who")),
        Column(msgid("From")),
        Column(msgid("About")),
        Column(msgid("What")),
        Column(msgid("Why")),
        Column(msgid("Detail")),
    ),
    order="at",
    descending=True,
)
SEES = [Depends(require(Action.SEE_AUDIT))]
router = APIRouter(include_in_schema=False)


def _filter(context: AppContext, scope: Scope, told: Asked) -> AuditFilter:
    return AuditFilter(
        scope=scope,
        text=told.text,
        kind=told.get("kind"),
        actor=told.get("actor"),
        verb=told.get("verb"),
        since=_midnight(context, told.get("from")),
        before=_midnight(context, told.get("to"), after=timedelta(days=1)),
    )


def _midnight(context: AppContext, day: str, *, after: timedelta = timedelta()) -> datetime | None:
    try:
        begins = datetime.combine(date.fromisoformat(day) + after, time(), context.zone)
        return begins.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _words(request: Request, context: AppContext, rows: Sequence[AuditRow]) -> AuditWords:
    """The words for these entries."""
    locale = render.locale_of(request)
    people, things = context.database.read(
        lambda c: (accounts.display_names(c), auditing.names(c, rows))
    )
    place = places.namer(context.database, locale)
    return AuditWords(labels.of(locale), place, context.zone, people, things)


@router.get("/audit", dependencies=SEES)
def audit(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The journal, newest first; narrowed to one subject it is that subject's story."""
    told = lists.asked(request, AUDIT)
    wanted = _filter(context, scope, told)
    keys, total, kinds = context.database.read(
        lambda c: (
            auditing.ids(
                c, wanted, descending=told.descending, limit=lists.PAGE, offset=told.offset
            ),
            auditing.count(c, wanted),
            auditing.kinds(c) if scope.sees_all else ["incident"],
        )
    )
    rows = context.database.read(partial(auditing.rows, keys=keys))
    more = {"kinds": kinds, "words": _words(request, context, rows)}
    return lists.page(request, told, Part(rows, total, told.offset), more)


@router.get("/audit.csv", dependencies=SEES)
def audit_file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same as a file."""
    told = lists.asked(request, AUDIT)
    wanted = _filter(context, scope, told)
    keys, total = context.database.read(
        lambda c: (
            auditing.ids(c, wanted, descending=told.descending, limit=MOST_ROWS),
            auditing.count(c, wanted),
        )
    )

    def fetch(part: Sequence[int]) -> list[tuple[AuditRow, AuditWords]]:
        found = context.database.read(partial(auditing.rows, keys=part))
        told = _words(request, context, found)
        return [(row, told) for row in found]

    def cells(each: tuple[AuditRow, AuditWords]) -> Sequence[Cell]:
        row, told = each
        return [
            words.instant(row.at, context.zone),
            told.who(row) if row.actor_kind != "account" else f"{told.who(row)} ({row.actor})",
            row.address,
            told.about(row),
            told.did(row.verb),
            row.reason,
            "; ".join(f"{name}: {value}" for name, value in told.facts(row)),
        ]

    return lists.export(request, told, "audit", keys, total, fetch, cells)
