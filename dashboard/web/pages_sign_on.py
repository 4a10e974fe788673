"""Sign in at a provider, come back, and sign out there."""

from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboard import accounts, arrivals
from dashboard.accounts import Refused
from dashboard.deps import Context, address_of
from dashboard.problems import SEE_OTHER, safe_next
from dashboard.sign_on import BACK, LASTS, NotLetIn, SignOn
from dashboard.web.pages_sign_in import Next, let_in, sign_in_form

router = APIRouter(include_in_schema=False)
COOKIE = "hub_sign_on"  # sealed, so that nobody gains by planting one
SIGN_IN = "/sign-in"


@router.get("/sign-on")
def leave(request: Request, context: Context, wanted: Next = "/") -> Response:
    """Send the browser to the provider; where there is none, to the form."""
    sign_on: SignOn | None = request.app.state.sign_on
    if sign_on is None:
        return RedirectResponse(SIGN_IN, SEE_OTHER)
    try:
        leaving = sign_on.leave(safe_next(wanted))
    except NotLetIn as error:
        return sign_in_form(request, wanted=wanted, refused=Refused(error.reason))
    response = RedirectResponse(leaving.address, SEE_OTHER)
    response.set_cookie(
        COOKIE,
        leaving.sealed,
        max_age=int(LASTS.total_seconds()),
        path="/sign-on",
        httponly=True,
        samesite="lax",  # the provider sends the browser back by a link
        secure=context.secure_cookies,
    )
    return response


@router.get(BACK)
def arrive(request: Request, context: Context) -> Response:
    """Begin a session for whom the provider vouches, and go on."""
    sign_on: SignOn | None = request.app.state.sign_on
    if sign_on is None:
        return RedirectResponse(SIGN_IN, SEE_OTHER)
    address, wanted = address_of(request), "/"
    try:
        arrived = sign_on.arrive(request.cookies.get(COOKIE, ""), dict(request.query_params))
        wanted = arrived.wanted
        account = context.database.write(
            partial(
                arrivals.account_for,
                provider=sign_on.provider,
                arrived=arrived,
                now=context.clock.now(),
                address=address,
            )
        )
    except NotLetIn as error:
        response = sign_in_form(request, wanted=wanted, refused=Refused(error.reason))
    else:
        begun = accounts.begin_session(
            context.database,
            context.clock,
            account=account,
            address=address,
            browser=request.headers.get("user-agent", ""),
            by=arrivals.BY,
        )
        response = let_in(context, request.app.state.door, begun, wanted)
    response.delete_cookie(
        COOKIE, path="/sign-on", httponly=True, samesite="lax", secure=context.secure_cookies
    )
    return response


@router.get("/sign-on/end")
def end(request: Request) -> Response:
    """Sign out at the provider as well, where it offers that."""
    sign_on: SignOn | None = request.app.state.sign_on
    ending = "" if sign_on is None else sign_on.leaving_for_good()
    return RedirectResponse(ending or SIGN_IN, SEE_OTHER)
