"""Sign in, sign out, change the password."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from core.errors import InvalidMessage, Unavailable
from dashboard import accounts
from dashboard.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD, NewSession, Refused
from dashboard.deps import (
    AppContext,
    Context,
    MaybeSigned,
    SignedIn,
    address_of,
    cookie_name,
    same_origin,
    verified_csrf,
)
from dashboard.door import DEVICE_LASTS, Caller, CodeNeeded, Door
from dashboard.problems import (
    OK,
    SEE_OTHER,
    UNAUTHORIZED,
    UNAVAILABLE,
    UNPROCESSABLE,
    safe_next,
)
from dashboard.web import render

router = APIRouter(include_in_schema=False)

BUSY = "busy"
DEVICE_COOKIE = "hub_device"  # signed, so that nobody gains by planting one
Next = Annotated[str, Query(alias="next", max_length=2000)]
NextField = Annotated[str, Form(alias="next", max_length=2000)]


@router.get("/sign-in")
def sign_in_page(request: Request, signed: MaybeSigned, wanted: Next = "/") -> Response:
    """The form; who is signed in already goes on at once."""
    if signed is not None:
        return RedirectResponse(safe_next(wanted), status_code=SEE_OTHER)
    return sign_in_form(request, wanted=wanted)


@router.post("/sign-in", dependencies=[Depends(same_origin)])
def sign_in(
    request: Request,
    context: Context,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    wanted: NextField = "/",
) -> Response:
    """Begin a session and go on; what was typed as the name stays when it fails."""
    name = name.strip()
    door: Door = request.app.state.door
    begun: NewSession | CodeNeeded | Refused
    try:
        begun = door.sign_in(_caller(request), name=name, password=password)
    except Unavailable as error:
        if error.reason != BUSY:
            raise
        begun = Refused(BUSY)
    if isinstance(begun, Refused):
        return sign_in_form(request, wanted=wanted, name=name, refused=begun)
    if isinstance(begun, CodeNeeded):
        return sign_in_form(request, wanted=wanted, ticket=begun.ticket)
    return let_in(context, door, begun, wanted)


@router.post("/sign-in/code", dependencies=[Depends(same_origin)])
def second_step(
    request: Request,
    context: Context,
    ticket: Annotated[str, Form(max_length=300)] = "",
    code: Annotated[str, Form(max_length=64)] = "",
    wanted: NextField = "/",
) -> Response:
    """The code of the second factor, or a recovery code."""
    door: Door = request.app.state.door
    begun: NewSession | Refused
    try:
        begun = door.second_step(_caller(request), ticket=ticket, code=code)
    except Unavailable as error:
        if error.reason != BUSY:
            raise
        begun = Refused(BUSY)
    if isinstance(begun, Refused):
        kept = "" if begun.reason == "over" else ticket
        return sign_in_form(request, wanted=wanted, refused=begun, ticket=kept)
    return let_in(context, door, begun, wanted)


def _caller(request: Request) -> Caller:
    return Caller(
        address_of(request),
        request.cookies.get(DEVICE_COOKIE, ""),
        request.headers.get("user-agent", ""),
    )


def let_in(context: AppContext, door: Door, begun: NewSession, wanted: str) -> Response:
    """Hand the browser its session and send it on."""
    going_to = safe_next(wanted)
    if begun.account.must_change_password:
        going_to = f"/password?next={quote(going_to, safe='')}"
    response = RedirectResponse(going_to, status_code=SEE_OTHER)
    response.set_cookie(
        cookie_name(context),
        begun.token,
        max_age=int(accounts.SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=context.secure_cookies,
    )
    response.set_cookie(
        DEVICE_COOKIE,
        door.device_of(begun.account.name),
        max_age=int(DEVICE_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=context.secure_cookies,
    )
    return response


@router.post("/sign-out", dependencies=[Depends(verified_csrf)])
def sign_out(request: Request, context: Context) -> Response:
    """End the session on the server too, then forget its cookie."""
    cookie = cookie_name(context)
    began = accounts.sign_out(context.database, context.clock, request.cookies.get(cookie, ""))
    elsewhere = context.sign_on is not None and began == "sign-on"
    response = RedirectResponse(f"/sign-in{'?out=1' if elsewhere else ''}", status_code=SEE_OTHER)
    response.delete_cookie(cookie, httponly=True, samesite="lax", secure=context.secure_cookies)
    return response


@router.get("/password")
def password_page(request: Request, signed: SignedIn, wanted: Next = "/") -> Response:
    """The form for a new password; it says when there is no way around it."""
    return _password_form(request, signed, wanted=wanted)


@router.post("/password", dependencies=[Depends(verified_csrf)])
def change_password(
    request: Request,
    context: Context,
    signed: SignedIn,
    old: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
    wanted: NextField = "/",
) -> Response:
    """Set the new password; every other session of the account ends."""
    if new != again:
        return _password_form(request, signed, wanted=wanted, error="differ")
    if new == old:
        return _password_form(request, signed, wanted=wanted, error="same")
    door: Door = request.app.state.door
    try:
        with door.known.entered():
            changed = accounts.change_password(
                context.database,
                context.clock,
                account=signed.account,
                old=old,
                new=new,
                keep_session=request.cookies.get(cookie_name(context), ""),
            )
    except InvalidMessage:
        return _password_form(request, signed, wanted=wanted, error="length")
    if not changed:
        return _password_form(request, signed, wanted=wanted, error="wrong")
    return RedirectResponse(safe_next(wanted), status_code=SEE_OTHER)


def sign_in_form(
    request: Request,
    *,
    wanted: str,
    name: str = "",
    refused: Refused | None = None,
    ticket: str = "",
) -> Response:
    """The form with what was typed; `refused` says why it is shown again."""
    busy = refused is not None and refused.reason == BUSY
    response = render.page(
        request,
        "sign_in.html",
        status=OK if refused is None else UNAVAILABLE if busy else UNAUTHORIZED,
        next=safe_next(wanted),
        name=name,
        refused=refused,
        ticket=ticket,
        out=request.url.path == "/sign-in" and "out" in request.query_params,
    )
    if busy:
        response.headers["Retry-After"] = "5"
    return response


def _password_form(request: Request, signed: SignedIn, *, wanted: str, error: str = "") -> Response:
    return render.page(
        request,
        "password.html",
        status=UNPROCESSABLE if error else OK,
        next=safe_next(wanted),
        forced=signed.account.must_change_password,
        error=error,
        shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD,
    )
