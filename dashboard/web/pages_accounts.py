"""Other people's accounts: made, reset, closed, given another role or other data.

What cannot be taken back is shown with its consequences first and asks for a reason; a password is
drawn here, shown once in the answer, and kept nowhere.
"""

from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from core.errors import Conflict, InvalidMessage, NotFound
from core.ids import new_secret
from dashboard import charges
from dashboard.access import Action, Role, made_by
from dashboard.accounts import Account, hash_password
from dashboard.charges import Act, Place
from dashboard.deps import (
    AppContext,
    Context,
    CurrentAccount,
    CurrentActor,
    require,
    verified_csrf,
)
from dashboard.problems import OK, SEE_OTHER, UNPROCESSABLE
from dashboard.web import list_accounts, render

if TYPE_CHECKING:
    from dashboard.door import Door

MAY = [Depends(require(Action.MANAGE_ACCOUNTS))]
PROVEN = [*MAY, Depends(verified_csrf)]
Text = Annotated[str, Form(max_length=300)]
router = APIRouter(include_in_schema=False)
router.include_router(list_accounts.router)


def typed(
    role: Text = "", area: Text = "", firm: Text = "", station: Text = "", use_unit: Text = ""
) -> dict[str, str]:
    """What a form says of a role and of what it sees."""
    told = {"role": role, "area": area, "firm": firm, "station": station, "use_unit": use_unit}
    return {name: value.strip() for name, value in told.items()}


Typed = Annotated[dict[str, str], Depends(typed)]


def _place(told: dict[str, str]) -> Place:
    if told["role"] not in [*Role]:
        raise InvalidMessage("bad_field", "choose a role", field="role")
    return Place(**{**told, "role": Role(told["role"])})  # type: ignore[arg-type]  # all are text


def _wrong(error: Exception) -> tuple[str, str]:
    """The field that is wrong, and a word for why."""
    match error:
        case NotFound():
            return error.kind.replace(" ", "_"), "unknown"
        case InvalidMessage():
            return error.field.replace(" ", "_"), "wrong"
        case Conflict():
            return ("name" if error.reason == "exists" else ""), error.reason
        case _:
            raise error


def _choices(context: AppContext, keeper: Account) -> dict[str, object]:
    """What a form offers: the roles that may be given, and for an administrator the firms."""
    whole = keeper.role is Role.ADMINISTRATOR
    known = context.database.read(charges.codes) if whole else {"firms": [], "stations": []}
    roles = [each for each in Role if each in made_by(keeper.role)]
    return {"roles": roles, "whole": whole, **known}


def _form(
    request: Request,
    context: AppContext,
    keeper: Account,
    typed_in: dict[str, str],
    wrong: tuple[str, str] | None = None,
) -> Response:
    kept = dict.fromkeys(
        ("name", "display_name", "role", "area", "firm", "station", "use_unit", "reason"), ""
    )
    return render.page(
        request,
        "staff/account_new.html",
        status=UNPROCESSABLE if wrong else OK,
        values={**_choices(context, keeper), "kept": {**kept, **typed_in}, "wrong": wrong},
    )


@router.get("/accounts/new", dependencies=MAY)
def form(request: Request, context: Context, keeper: CurrentAccount) -> Response:
    """The form for another account."""
    return _form(request, context, keeper, {})


@router.post("/accounts/new", dependencies=PROVEN)
def add(
    request: Request,
    context: Context,
    keeper: CurrentAccount,
    actor: CurrentActor,
    told: Typed,
    name: Text = "",
    display_name: Text = "",
    reason: Text = "",
) -> Response:
    """Make it, and show its password once."""
    name, display_name = name.strip(), display_name.strip()
    try:
        place = _place(told)
        password, digest = _drawn(request)
        context.database.write(
            partial(
                charges.add,
                keeper=keeper,
                name=name,
                display_name=display_name,
                place=place,
                password_hash=digest,
                reason=reason,
                now=context.clock.now(),
                actor=actor,
            )
        )
    except (NotFound, InvalidMessage, Conflict) as error:
        kept = {**told, "name": name, "display_name": display_name, "reason": reason}
        return _form(request, context, keeper, kept, _wrong(error))
    return _card(request, context, keeper, name, password=password)


@router.get("/accounts/at/{account}", dependencies=MAY)
def card(request: Request, account: str, context: Context, keeper: CurrentAccount) -> Response:
    """One account, and what may be done to it."""
    return _card(request, context, keeper, account)


@router.get("/accounts/at/{account}/{act}", dependencies=MAY)
def look(
    request: Request, account: str, act: str, context: Context, keeper: CurrentAccount
) -> Response:
    """What an act would do, before it is done."""
    return _confirm(request, context, keeper, account, _known(act))


@router.post("/accounts/at/{account}/{act}", dependencies=PROVEN)
def do(
    request: Request,
    account: str,
    act: str,
    context: Context,
    keeper: CurrentAccount,
    actor: CurrentActor,
    told: Typed,
    reason: Text = "",
) -> Response:
    """Do it; a fresh password is shown once."""
    what = _known(act)
    context.database.read(partial(charges.one, keeper=keeper, name=account))
    try:
        charges.why(reason)
        place = _place(told) if what is Act.MOVE else None
        password, digest = _drawn(request) if what is Act.RESET else ("", "")
        context.database.write(
            partial(
                charges.act,
                keeper=keeper,
                name=account,
                what=what,
                reason=reason,
                now=context.clock.now(),
                actor=actor,
                password_hash=digest,
                place=place,
            )
        )
    except (NotFound, InvalidMessage, Conflict) as error:
        wrong = _wrong(error)
        return _confirm(
            request, context, keeper, account, what, kept={**told, "reason": reason}, wrong=wrong
        )
    if password:
        return _card(request, context, keeper, account, password=password)
    return RedirectResponse(f"/accounts/at/{account}?done={what}", SEE_OTHER)


def _known(act: str) -> Act:
    if act not in [*Act]:
        raise NotFound("act", act)
    return Act(act)


def _drawn(request: Request) -> tuple[str, str]:
    """A fresh password and its digest, which costs as much as checking one."""
    password = new_secret()
    door: Door = request.app.state.door
    with door.known.entered():
        return password, hash_password(password)


def _card(
    request: Request, context: AppContext, keeper: Account, name: str, password: str = ""
) -> Response:
    found = context.database.read(partial(charges.one, keeper=keeper, name=name))
    done = request.query_params.get("done", "")
    values = {
        "found": found,
        "own": found.name == keeper.name,
        "password": password,
        "done": done if done in [*Act] else "",
        "audited": keeper.role is Role.ADMINISTRATOR,
    }
    return render.page(request, "staff/account_card.html", values=values)


def _confirm(
    request: Request,
    context: AppContext,
    keeper: Account,
    name: str,
    what: Act,
    *,
    kept: dict[str, str] | None = None,
    wrong: tuple[str, str] | None = None,
) -> Response:
    found = context.database.read(partial(charges.one, keeper=keeper, name=name))
    begun = {
        "role": found.role.value,
        "area": found.scope.area,
        "firm": found.where if found.scope.firm_id is not None else "",
        "station": found.where if found.scope.station_id is not None else "",
        "use_unit": found.where if found.scope.use_unit_id is not None else "",
        "reason": "",
    }
    return render.page(
        request,
        "staff/account_act.html",
        status=UNPROCESSABLE if wrong else OK,
        values={
            **_choices(context, keeper),
            "found": found,
            "act": what.value,
            "kept": {**begun, **(kept or {})},
            "wrong": wrong,
        },
    )
