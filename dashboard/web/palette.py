"""The command palette: every page, any lift, every running incident, by a few letters."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from alerts.search import IncidentFilter, incident_ids, incident_rows
from alerts.views import IncidentRow
from dashboard import finding
from dashboard.access import Action, may
from dashboard.deps import Context, CurrentAccount, CurrentScope
from dashboard.i18n import msgid
from dashboard.web import render
from devices import search

MOST = 6  # of each kind
PAGES = (
    ("/", msgid("Incidents"), Action.SEE_INCIDENTS),
    ("/incidents/new", msgid("New call"), Action.OPEN_INCIDENT),
    ("/alarms", msgid("Alarms"), Action.SEE_ALARMS),
    ("/lifts", msgid("Lifts"), Action.SEE_LIFTS),
    ("/kitchens", msgid("Kitchens"), Action.SEE_KITCHENS),
    ("/quarantine", msgid("Quarantine"), Action.SEE_QUARANTINE),
    ("/health", msgid("Health"), Action.SEE_HEALTH),
    ("/audit", msgid("Audit"), Action.SEE_AUDIT),
    ("/accounts", msgid("Accounts"), Action.MANAGE_ACCOUNTS),
    ("/imports", msgid("Imports"), Action.IMPORT_FILES),
    ("/account", msgid("My account"), None),
    ("/?state=all", msgid("All incidents"), Action.SEE_INCIDENTS),
    ("/lifts?presence=offline", msgid("Lifts offline"), Action.SEE_LIFTS),
    ("/test-calls", msgid("Lifts not proven able to call"), Action.SEE_LIFTS),
    ("/password", msgid("Change password"), None),
)

router = APIRouter(include_in_schema=False)


@router.get("/fragments/palette")
def palette(
    request: Request,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
    q: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """What `q` may mean to this account; everything is asked for with its own rights."""
    text = q.strip()
    pages = [
        (href, words)
        for href, msg, action in PAGES
        if action is None or may(account.role, action)
        for words in [render.translate(request, msg)]
        if text.casefold() in f"{words} {msg}".casefold()
    ]

    def running(connection: Connection) -> list[IncidentRow]:
        wanted = IncidentFilter(
            text=text,
            confines=scope.confines,
            running=True,
        )
        return incident_rows(connection, incident_ids(connection, wanted, limit=MOST))

    sees = partial(may, account.role)
    ids = (
        finding.best_lifts(context, scope, text, limit=MOST)
        if text and sees(Action.SEE_LIFTS)
        else ()
    )
    return render.page(
        request,
        "staff/palette.html",
        pages=pages,
        incidents=context.database.read(running) if sees(Action.SEE_INCIDENTS) else [],
        lifts=context.database.read(partial(search.lifts, ids=ids)),
    )
