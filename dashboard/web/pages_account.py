"""One's own account: the second factor, the browsers that are signed in, tokens for programs."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import segno
from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from core.errors import Conflict, InvalidMessage
from dashboard import belongings, second_factor
from dashboard.deps import Context, CurrentActor, SignedIn, cookie_name, verified_csrf
from dashboard.problems import OK, SEE_OTHER, UNPROCESSABLE
from dashboard.web import render

if TYPE_CHECKING:
    from dashboard.door import Door

router = APIRouter(include_in_schema=False)
PROVEN = [Depends(verified_csrf)]
BACK = "/account"
Text = Annotated[str, Form(max_length=200)]


def _page(
    request: Request, context: Context, signed: SignedIn, wrong: str = "", **more: object
) -> Response:
    account, now = signed.account, context.clock.now()
    token = request.cookies.get(cookie_name(context), "")

    def find(connection: Connection) -> dict[str, object]:
        return {
            "enrolled": second_factor.enrolled(connection, account.id),
            "codes_left": len(second_factor.recovery_left(connection, account.id)),
            "sessions": belongings.sessions(connection, account.id, token=token, now=now),
            "tokens": belongings.tokens(connection, account.id),
        }

    shown: dict[str, object] = {
        "enrolment": None,
        "qr": "",
        "codes": (),
        "fresh": "",
        "needed": account.role in context.second_factor_for,
        "scopes": belongings.SCOPES,
        "lasts": belongings.LASTS,
        "wrong": wrong,
    }
    return render.page(
        request,
        "staff/account.html",
        status=UNPROCESSABLE if wrong else OK,
        values={**shown, **context.database.read(find), **more},
    )


@router.get(BACK)
def account(request: Request, context: Context, signed: SignedIn) -> Response:
    """What one holds."""
    return _page(request, context, signed)


@router.post("/account/second-factor/begin", dependencies=PROVEN)
def begin(request: Request, context: Context, signed: SignedIn) -> Response:
    """Show a fresh secret to be taken by a phone; nothing is demanded before it is proved."""
    door: Door = request.app.state.door
    made = context.database.write(
        lambda c: second_factor.begin(
            c,
            door.seal,
            account_id=signed.account.id,
            name=signed.account.name,
            now=context.clock.now(),
        )
    )
    drawn = segno.make(made.address, error="m").svg_inline(scale=4, border=2)
    return _page(request, context, signed, enrolment=made, qr=drawn)


@router.post("/account/second-factor/confirm", dependencies=PROVEN)
def confirm(
    request: Request,
    context: Context,
    signed: SignedIn,
    actor: CurrentActor,
    code: Text = "",
) -> Response:
    """Demand it from now on, and show the recovery codes once."""
    door: Door = request.app.state.door
    codes = context.database.write(
        lambda c: second_factor.confirm(
            c,
            door.seal,
            account_id=signed.account.id,
            name=signed.account.name,
            code=code,
            now=context.clock.now(),
            actor=actor,
        )
    )
    return _page(request, context, signed, wrong="" if codes else "code", codes=codes or ())


@router.post("/account/second-factor/remove", dependencies=PROVEN)
def remove(
    request: Request,
    context: Context,
    signed: SignedIn,
    actor: CurrentActor,
    code: Text = "",
) -> Response:
    """Demand none any more; who asks proves to have it, with a code not used before."""
    door: Door = request.app.state.door
    own, now = signed.account, context.clock.now()

    def work(connection: Connection) -> bool:
        return second_factor.check(
            connection, door.seal, account_id=own.id, name=own.name, code=code, now=now
        ) and second_factor.remove(
            connection, account_id=own.id, name=own.name, now=now, actor=actor, reason=""
        )

    if not door.counted(own.name, lambda: context.database.write(work)):
        return _page(request, context, signed, wrong="code")
    return RedirectResponse(BACK, SEE_OTHER)


@router.post("/account/sessions/end", dependencies=PROVEN)
def end_session(
    context: Context, signed: SignedIn, actor: CurrentActor, handle: Text = ""
) -> Response:
    """Sign a browser out, from here."""
    context.database.write(
        partial(
            belongings.end_session,
            account=signed.account,
            handle=handle,
            now=context.clock.now(),
            actor=actor,
        )
    )
    return RedirectResponse(BACK, SEE_OTHER)


@router.post("/account/tokens", dependencies=PROVEN)
def make_token(
    request: Request,
    context: Context,
    signed: SignedIn,
    actor: CurrentActor,
    name: Text = "",
    only_for: Text = "read",
    days: Annotated[int, Form()] = 90,
) -> Response:
    """A token for a program, shown once."""
    try:
        fresh = context.database.write(
            partial(
                belongings.make_token,
                account=signed.account,
                name=name.strip(),
                only_for=only_for,
                days=days,
                now=context.clock.now(),
                actor=actor,
            )
        )
    except (Conflict, InvalidMessage) as error:
        return _page(request, context, signed, wrong=f"token_{error.reason}")
    return _page(request, context, signed, fresh=fresh)


@router.post("/account/tokens/revoke", dependencies=PROVEN)
def revoke_token(
    context: Context, signed: SignedIn, actor: CurrentActor, handle: Text = ""
) -> Response:
    """End a token at once."""
    context.database.write(
        partial(
            belongings.revoke_token,
            account=signed.account,
            handle=handle,
            now=context.clock.now(),
            actor=actor,
        )
    )
    return RedirectResponse(BACK, SEE_OTHER)
