"""The accounts in one's charge, as a page and as a file."""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dashboard import charges
from dashboard.access import Action, Role, made_by
from dashboard.accounts import Account
from dashboard.charges import Charge, State, Wanted
from dashboard.deps import Context, CurrentAccount, require
from dashboard.i18n import msgid
from dashboard.web import labels, lists, places, render, words
from dashboard.web.lists import Asked, Column, Kind, Part
from dashboard.web.spreadsheet import MOST_ROWS, Cell

ACCOUNTS = Kind(
    path="/accounts",
    rows="staff/accounts_rows.html",
    page="staff/accounts.html",
    filters={"role": [*Role], "state": [*State]},
    orders=("name", "role", "made"),
    columns=(
        Column(msgid("Account name"), "name"),
        Column(msgid("Called")),
        Column(msgid("Role"), "role"),
        Column(msgid("Sees")),
        Column(msgid("State")),
        Column(msgid("Second factor")),
        Column(msgid("Tokens")),
        Column(msgid("Made"), "made"),
    ),
    order="name",
)
MAY = [Depends(require(Action.MANAGE_ACCOUNTS))]
router = APIRouter(include_in_schema=False)


def _wanted(told: Asked, keeper: Account) -> Wanted:
    return Wanted(keeper=keeper, text=told.text, role=told.get("role"), state=told.get("state"))


@router.get("/accounts", dependencies=MAY)
def listed(request: Request, context: Context, keeper: CurrentAccount) -> Response:
    """Who may sign in, by name."""
    told = lists.asked(request, ACCOUNTS)
    wanted = _wanted(told, keeper)
    keys, total = context.database.read(
        lambda c: (
            charges.names(
                c,
                wanted,
                order=told.order,
                descending=told.descending,
                limit=lists.PAGE,
                offset=told.offset,
            ),
            charges.count(c, wanted),
        )
    )
    found = context.database.read(partial(charges.rows, keeper=keeper, keys=keys))
    roles = [each for each in Role if each in made_by(keeper.role)]
    return lists.page(request, told, Part(found, total, told.offset), {"roles": roles})


@router.get("/accounts.csv", dependencies=MAY)
def file(request: Request, context: Context, keeper: CurrentAccount) -> Response:
    """The same as a file."""
    told = lists.asked(request, ACCOUNTS)
    wanted = _wanted(told, keeper)
    keys, total = context.database.read(
        lambda c: (
            charges.names(c, wanted, order=told.order, descending=told.descending, limit=MOST_ROWS),
            charges.count(c, wanted),
        )
    )
    named = labels.of(render.locale_of(request))
    place = places.namer(context.database, render.locale_of(request))

    def fetch(part: Sequence[str]) -> list[Charge]:
        return context.database.read(partial(charges.rows, keeper=keeper, keys=part))

    def cells(row: Charge) -> Sequence[Cell]:
        return [
            row.name,
            row.display_name,
            named("role", row.role),
            f"{place(row.where)} {row.owner}".strip()
            or render.translate(request, "Whole province"),
            named("account_state", row.state),
            render.translate(request, "yes") if row.factor else render.translate(request, "no"),
            row.tokens,
            words.instant(row.created_at, context.zone),
        ]

    return lists.export(request, told, "accounts", keys, total, fetch, cells)
