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
from dashboard.web import labels, lists, render, words
from dashboard.web.label_audit import VALUES
from dashboard.web.labels import Labels
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


def did(named: Labels, verb: str) -> str:
    """What happened; of `lift.kept` the subject and what became of it."""
    first, _, rest = verb.rpartition(".")
    return (
        f"{named('subject_kind', first)}: {named('verb', rest)}" if first else named("verb", rest)
    )


def facts(named: Labels, row: AuditRow) -> list[tuple[str, str]]:
    """What an entry says beside who and what, in words where there are some."""
    return [
        (named("fact", name), named(VALUES[name], value) if name in VALUES else value)
        for name, value in row.facts
    ]


@router.get("/audit", dependencies=SEES)
def audit(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The journal, newest first; narrowed to one subject it is that subject's story."""
    told = lists.asked(request, AUDIT)
    wanted = _filter(context, scope, told)
    keys, total, kinds, people = context.database.read(
        lambda c: (
            auditing.ids(
                c, wanted, descending=told.descending, limit=lists.PAGE, offset=told.offset
            ),
            auditing.count(c, wanted),
            auditing.kinds(c) if scope.sees_all else ["incident"],
            accounts.display_names(c),
        )
    )
    rows = context.database.read(partial(auditing.rows, keys=keys))
    named = labels.of(render.locale_of(request))
    more = {
        "kinds": kinds,
        "people": people,
        "did": partial(did, named),
        "facts": partial(facts, named),
    }
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
    named = labels.of(render.locale_of(request))

    def fetch(part: Sequence[int]) -> list[AuditRow]:
        return context.database.read(partial(auditing.rows, keys=part))

    def cells(row: AuditRow) -> Sequence[Cell]:
        return [
            words.instant(row.at, context.zone),
            f"{named('actor', row.actor_kind)} {row.actor}",
            row.address,
            f"{named('subject_kind', row.kind)} {row.subject}",
            did(named, row.verb),
            row.reason,
            "; ".join(f"{name}: {value}" for name, value in facts(named, row)),
        ]

    return lists.export(request, told, "audit", keys, total, fetch, cells)
