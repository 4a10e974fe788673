"""What an endpoint may ask for: the context, who is signed in, and proof that they meant it.

Use as annotations: `context: Context`, `signed: SignedIn`, and on routers or routes
`dependencies=[Depends(require(Action.SEE_LIFTS))]` and `[Depends(verified_csrf)]`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from alerts.policy import PolicyBook
from core.clock import Clock
from core.db import Database
from core.errors import Forbidden
from core.journal import Actor
from dashboard import accounts, belongings
from dashboard.access import Action, Role, may
from dashboard.accounts import Account, Signed
from dashboard.scope import Scope
from dashboard.sign_on import Provider
from devices.directory import Directory
from devices.maintenance.log import Rules
from devices.protocol.dialects.places import Pattern
from ingest.door_shards import DoorShards
from ingest.latest import LatestReader
from ingest.quarantine_shards import QuarantineShards
from ingest.timeseries.port import History
from video.state import StateReader

SESSION_COOKIE = "hub_session"
CSRF_FIELD = "csrf"
PASSWORD_PATHS = frozenset({"/password", "/sign-out"})
FACTOR_PATHS = frozenset(
    {"/account", "/account/second-factor/begin", "/account/second-factor/confirm"}
)
CSRF_HEADER = "X-CSRF-Token"


@dataclass(frozen=True, slots=True)
class DemoInfo:
    """The simulated city beside this hub; pages say so in a banner."""

    scenario: str
    speed: float
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What should run beside the pages, and where it tells of itself."""

    parts: Callable[[], tuple[str, ...]]  # `<role>.<part>`, each with a sign of life in `pulses`
    pulses: Path
    hand_offs: Mapping[str, Path]  # the follower's sources
    last_backup: Path
    mappings_amiss: Callable[[], Sequence[str]] = tuple  # mapping files that cannot be read


@dataclass(frozen=True, slots=True)
class Arriving:
    """Where pushed telemetry is kept, and the registry by which it is looked at first."""

    door: DoorShards
    registry: Callable[[], Directory]


@dataclass(frozen=True, slots=True)
class EmqxDoor:
    """What an EMQX that asks has to show, and the topics of dialects."""

    token: bytes
    patterns: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppContext:
    """Everything that the pages stand on. The public surface only reads the database."""

    surface: Literal["staff", "public"]
    database: Database
    clock: Clock
    zone: ZoneInfo
    policies: PolicyBook
    maintenance: Rules
    latest: LatestReader
    history: History
    quarantine: QuarantineShards
    door: Arriving | None  # only the staff surface has one
    video: StateReader
    video_root: Path
    link_secret: bytes
    reports_file: Path
    data_folder: Path
    hotline: str
    metrics_folder: str | None
    public_base_url: str
    staff_base_url: str
    version: str
    secure_cookies: bool = False
    second_factor_for: frozenset[Role] = frozenset()
    sign_on: Provider | None = None
    authority: Path | None = None  # of the hub's own making, for phones to install
    demo: DemoInfo | None = None
    watched: Watched | None = None
    emqx: EmqxDoor | None = None  # only the staff surface has one
    floor_bytes: int = 0  # of free disk, below which telemetry is shed


class SignInNeeded(Exception):  # noqa: N818  (named for the next step)
    """Nobody is signed in: a browser is sent to /sign-in, a program gets a 401 problem."""


class PasswordNeeded(Forbidden):
    """The password was set by somebody else: nothing is open before it is changed."""


class FactorNeeded(Forbidden):
    """The role needs a second factor: nothing is open before one is set up."""


def context_of(request: Request) -> AppContext:
    """The context that `create_app` was given."""
    context: AppContext = request.app.state.context
    return context


Context = Annotated[AppContext, Depends(context_of)]


def wants_html(request: Request) -> bool:
    """Whether a person's browser asks (a page or an htmx fragment), not a program."""
    return not request.url.path.startswith("/api/") and (
        "HX-Request" in request.headers or "text/html" in request.headers.get("accept", "")
    )


def cookie_name(context: AppContext) -> str:
    """The session cookie's name; with TLS the browser itself pins it to this host."""
    return f"__Host-{SESSION_COOKIE}" if context.secure_cookies else SESSION_COOKIE


async def signed_or_none(request: Request, context: Context) -> Signed | None:
    """Who is signed in, by session cookie or, under /api/, by bearer token; None when nobody."""
    if context.surface == "public":
        return None
    known: Signed | None = getattr(request.state, "signed", None)
    if known is not None:
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and request.url.path.startswith("/api/"):
        look_up = partial(
            accounts.signed_by_api_token, context.database, token.strip(), now=context.clock.now()
        )
    elif cookie := request.cookies.get(cookie_name(context)):
        look_up = partial(
            accounts.signed_by_session, context.database, cookie, now=context.clock.now()
        )
    else:
        return None
    request.state.signed = await run_in_threadpool(look_up)
    signed: Signed | None = request.state.signed
    return signed


async def signed_in(
    request: Request, context: Context, found: Annotated[Signed | None, Depends(signed_or_none)]
) -> Signed:
    """Who is signed in; raises SignInNeeded.

    Raises PasswordNeeded before a first password is replaced, and FactorNeeded before a second
    factor is set up that the role needs.
    """
    if found is None:
        raise SignInNeeded
    if not belongings.allows(found.only_for, request.method, request.url.path):
        raise Forbidden(f"this token is for {found.only_for} alone")
    by_password = found.csrf is not None  # a token was given to a program, not typed
    unchanged = by_password and found.account.must_change_password
    if unchanged and request.url.path not in PASSWORD_PATHS:
        raise PasswordNeeded("this password was set for you: change it at /password first")
    weak = by_password and not found.strong and found.account.role in context.second_factor_for
    if weak and request.url.path not in PASSWORD_PATHS | FACTOR_PATHS:
        raise FactorNeeded("your role needs a second factor: set it up at /account first")
    return found


MaybeSigned = Annotated[Signed | None, Depends(signed_or_none)]
SignedIn = Annotated[Signed, Depends(signed_in)]


def current_account(signed: SignedIn) -> Account:
    """The signed-in account."""
    return signed.account


CurrentAccount = Annotated[Account, Depends(current_account)]


def scope_of(account: CurrentAccount) -> Scope:
    """The data that the account may see."""
    return account.scope


CurrentScope = Annotated[Scope, Depends(scope_of)]


def address_of(request: Request) -> str:
    """Where the connection came from."""
    return request.client.host if request.client else ""


def actor_of(request: Request, account: CurrentAccount) -> Actor:
    """The account as it stands in the journal, and from where."""
    return Actor("account", account.name, address_of(request))


CurrentActor = Annotated[Actor, Depends(actor_of)]


def require(action: Action) -> Callable[[Account], Account]:
    """A dependency that lets only roles with `action` pass; raises Forbidden."""

    def permitted(account: CurrentAccount) -> Account:
        if not may(account.role, action):
            raise Forbidden(f"the role {account.role} may not {action.replace('_', ' ')}")
        return account

    return permitted


def same_origin(request: Request) -> None:
    """Refuse a form that another site sent (the sign-in form and the public form have no session).

    Browsers say so in Sec-Fetch-Site, older ones in Origin; a program sends neither and passes.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise Forbidden("this form was sent by another site; open the page here and try again")
    origin = request.headers.get("origin")
    if site is None and origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("this form was sent by another site; open the page here and try again")


async def verified_csrf(request: Request, signed: SignedIn) -> None:
    """Refuse an unsafe request that does not carry the session's CSRF token.

    Forms carry it in the field `csrf`, htmx and scripts in the header X-CSRF-Token. A bearer token
    is proof by itself: no browser adds it unasked.
    """
    if signed.csrf is None:
        return
    same_origin(request)
    offered = request.headers.get(CSRF_HEADER)
    if offered is None and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        field = (await request.form()).get(CSRF_FIELD)
        offered = field if isinstance(field, str) else None
    if not accounts.same_secret(offered or "", signed.csrf):
        await request.close()  # files that came with the form
        raise Forbidden("the form's proof is missing or old; reload the page and try again")
