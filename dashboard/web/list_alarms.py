"""The list of alarms, as a page and as a file, and the button that acknowledges one."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from alerts import alarms
from alerts.alarm import AlarmState
from alerts.alarms import AlarmFilter, AlarmRow
from alerts.commands import acknowledge_alarm
from core.errors import Conflict
from dashboard import accounts, sight
from dashboard.access import Action
from dashboard.deps import Context, CurrentActor, CurrentScope, require, verified_csrf
from dashboard.i18n import msgid
from dashboard.problems import SEE_OTHER
from dashboard.scope import Scope
from dashboard.web import labels, lists, render, words
from dashboard.web.lists import LONGEST, Asked, Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell
from devices.findings import Severity

ALL = "all"
ALARMS = Kind(
    path="/alarms",
    rows="staff/alarms_rows.html",
    page="staff/alarms.html",
    filters={
        "state": [*AlarmState, ALL],  # unless told: all that are not closed
        "subject": alarms.SUBJECTS,
        "severity": [*Severity],
    },
    orders=tuple(alarms.ORDERS),
    columns=(
        Column(msgid("Severity"), "severity"),
        Column(msgid("Alarm"), "code"),
        Column(msgid("Where"), "subject"),
        Column(msgid("Since"), "since"),
        Column(msgid("State"), "state"),
        Column(msgid("What to do")),
        Column(msgid("Ended")),
        Column(msgid("Acknowledged by")),
    ),
    order="severity",
)
SEES = [Depends(require(Action.SEE_ALARMS))]
router = APIRouter(include_in_schema=False)


def wanted(told: Asked, scope: Scope) -> AlarmFilter:
    """The filter of a list as it was asked for, confined to what the account may see."""
    state = told.get("state")
    return AlarmFilter(
        text=told.text,
        confines=scope.confines,
        states=() if state == ALL else (AlarmState(state),) if state else alarms.OPEN,
        subject_kind=told.get("subject"),
        severity=told.get("severity"),
        folded=state == ALL,
    )


@router.get("/alarms", dependencies=SEES)
def listed(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Alarms that are not closed, the gravest first unless asked otherwise."""
    return _listed(request, context, scope, bare=False)


@router.get("/fragments/alarms", dependencies=SEES)
def fragment(request: Request, context: Context, scope: CurrentScope) -> Response:
    """What changes on the list."""
    return _listed(request, context, scope, bare=True)


def _listed(request: Request, context: Context, scope: Scope, *, bare: bool) -> Response:
    told = lists.asked(request, ALARMS)
    of = wanted(told, scope)

    def find(connection: Connection) -> tuple[Part, dict[str, str]]:
        ids = alarms.alarm_ids(
            connection,
            of,
            told.order,
            descending=told.descending,
            limit=lists.PAGE,
            offset=told.offset,
        )
        rows = alarms.alarm_rows(connection, ids)
        part = Part(rows, alarms.alarm_count(connection, of), told.offset)
        return part, accounts.display_names(connection)

    part, people = context.database.read(find)
    return lists.page(request, told, part, {"people": people, "unseen": alarms.UNSEEN}, bare=bare)


@router.post(
    "/alarms/acknowledge",
    dependencies=[Depends(require(Action.ACKNOWLEDGE_ALARM)), Depends(verified_csrf)],
)
async def acknowledge(
    request: Request, context: Context, scope: CurrentScope, actor: CurrentActor
) -> Response:
    """Somebody has seen the alarm; that another one was quicker is as good."""
    form = await request.form()
    event_id, back = (str(form.get(name, "")) for name in ("event_id", "back"))

    def write(connection: Connection) -> None:
        sight.alarm(connection, scope=scope, event_id=event_id)
        acknowledge_alarm(connection, event_id, context.clock.now(), actor)

    with suppress(Conflict):
        await render.in_thread(partial(context.database.write, write))
    return RedirectResponse(f"/alarms?{back[:LONGEST]}" if back else "/alarms", SEE_OTHER)


@router.get("/alarms.csv", dependencies=SEES)
def file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same alarms as a file."""
    told = lists.asked(request, ALARMS)
    of = wanted(told, scope)
    ids, total, people = context.database.read(
        lambda c: (
            alarms.alarm_ids(c, of, told.order, descending=told.descending, limit=MOST_ROWS),
            alarms.alarm_count(c, of),
            accounts.display_names(c),
        )
    )
    named = labels.of(render.locale_of(request))

    def fetch(keys: Sequence[str]) -> list[AlarmRow]:
        return context.database.read(partial(alarms.alarm_rows, event_ids=keys))

    def cells(row: AlarmRow) -> Sequence[Cell]:
        a = row.alarm
        at = partial(words.instant, zone=context.zone)
        return [
            named.name("severity", a.severity),
            named.alarm(a.code),
            f"{named('alarm_subject', a.subject_kind)} {a.subject} {row.place}".strip(),
            at(a.since),
            named("alarm", a.state),
            named.alarm_remedy(a.code),
            "" if a.cleared_at is None else at(a.cleared_at),
            people.get(a.acknowledged_by, a.acknowledged_by),
        ]

    return lists.export(request, told, "alarms", ids, total, fetch, cells)
