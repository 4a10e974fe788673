"""/broker/emqx: an EMQX asks whether a client may come in, and what it may say and hear.

Theory of operation. EMQX asks by HTTP at every connection, and, in versions that take no rules with
the first answer (before 5.8), at every topic. The registry is asked each time, so that a credential
holds or is refused from the commit that changed it; one look-up by key and 101 rounds of SHA-512
are less than a millisecond. A name that is no gateway with a credential is "ignore": another link
of EMQX's chain knows the hub itself, which must not need these pages to come in. Whoever connects
under a client id of the hub's would take its session away, and is refused.

EMQX shows a token that the hub made, and nobody else is answered. More than A_SECOND questions are
429, which EMQX takes for "ignore": a storm of gateways costs the staff pages no more than that, and
devices come again by themselves.
"""

import hmac
from datetime import timedelta
from functools import partial
from typing import Annotated, Literal, TypeVar
from zlib import crc32

import msgspec
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from msgspec import Meta, Struct
from starlette.responses import Response

from core.errors import InvalidMessage
from dashboard.allowance import Allowance
from dashboard.deps import AppContext, EmqxDoor, SignInNeeded, context_of
from devices import credential_commands
from devices.credential_commands import Door
from devices.credentials import fits
from devices.protocol import topics
from devices.protocol.topics import Realm

A_SECOND, AT_ONCE = 300.0, 600.0
LONGEST = 256  # characters of a name, a password or a client id
OURS = "hub-"  # what the hub's own client ids begin with
LASTS, SPREAD = timedelta(hours=24), timedelta(hours=12)
router = APIRouter(prefix="/broker/emqx", include_in_schema=False)
Short = Annotated[str, Meta(max_length=LONGEST)]
Topic = Annotated[str, Meta(max_length=65_535)]
Result = Literal["allow", "deny", "ignore"]
T = TypeVar("T")


class Coming(Struct, frozen=True):
    """What EMQX sends of a client that connects; what it does not know is empty."""

    username: Short = ""
    password: Short = ""
    clientid: Short = ""


class Acting(Struct, frozen=True):
    """What EMQX sends of a client that wants to say or hear something."""

    action: Literal["publish", "subscribe"]
    topic: Topic
    username: Short = ""


class Rule(Struct, frozen=True):
    """One rule of EMQX's list."""

    permission: Literal["allow", "deny"]
    action: Literal["publish", "subscribe", "all"]
    topic: str


class Answer(Struct, frozen=True, omit_defaults=True):
    """EMQX's answer, to who comes in with all that it may do: EMQX from 5.8 on asks no more.

    expire_at: seconds since 1970 when it has to come in anew, so that a revoked one is out by then.
    """

    result: Result
    is_superuser: bool | None = None
    acl: tuple[Rule, ...] = ()
    expire_at: int | None = None


IGNORED, DENIED = (Answer(result, is_superuser=False) for result in ("ignore", "deny"))
_coming, _acting = msgspec.json.Decoder(Coming), msgspec.json.Decoder(Acting)


@router.post("/authn")
async def authenticate(request: Request) -> Response:
    """Whether a client may come in."""
    door = _asked_by_emqx(request)
    told = await _told(request, _coming)
    return _answer(await run_in_threadpool(_entrance, context_of(request), door, told))


@router.post("/authz")
async def authorise(request: Request) -> Response:
    """Whether a client may say or hear something on a topic."""
    door = _asked_by_emqx(request)
    told = await _told(request, _acting)
    return _answer(await run_in_threadpool(_permission, context_of(request), door, told))


def _asked_by_emqx(request: Request) -> EmqxDoor:
    """Only EMQX is answered, and only so often; raises SignInNeeded, TooManyRequests."""
    context = context_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    door = context.emqx
    known = door is not None and hmac.compare_digest(token.strip().encode(), door.token)
    if door is None or not known or scheme.lower() != "bearer":
        raise SignInNeeded
    _allowance(request).take("emqx", context.clock.monotonic())
    return door


async def _told(request: Request, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidMessage("bad_json", str(error)) from error


def _answer(told: Answer) -> Response:
    return Response(msgspec.json.encode(told), media_type="application/json")


def _entrance(context: AppContext, door: EmqxDoor, told: Coming) -> Answer:
    known = _door_of(context, told.username)
    if known is None:
        return IGNORED
    if told.clientid.startswith(OURS) or not fits(told.password, known.verifier):
        return DENIED
    ends = context.clock.now() + LASTS - _early(told.username)
    acl = (
        *(Rule("allow", "publish", topic) for topic in said(told.username, known, door)),
        *(Rule("allow", "subscribe", topic) for topic in heard(told.username)),
        Rule("deny", "all", "#"),
    )
    return Answer("allow", is_superuser=False, acl=acl, expire_at=int(ends.timestamp()))


def _permission(context: AppContext, door: EmqxDoor, told: Acting) -> Answer:
    known = _door_of(context, told.username)
    if known is None:
        return Answer("ignore")
    if not known.verifier:
        return Answer("deny")
    if told.action == "subscribe":
        may = told.topic in {*heard(told.username), *topics.said_to(told.username, known.area)}
    else:
        may = _may_say(told.topic, told.username, known, door)
    return Answer("allow" if may else "deny")


def said(name: str, known: Door, door: EmqxDoor) -> list[str]:
    """The topics on which a gateway may speak."""
    realm = f"{_realm(known)}/"
    own = (t for t in topics.said_by(name, known.area) if t.startswith(realm))
    return [*own, *(each.filter_of(name) for each in door.patterns)]


def heard(name: str) -> tuple[str, ...]:
    """The filters under which a gateway may be spoken to."""
    return topics.said_to(name)


def _may_say(topic: str, name: str, known: Door, door: EmqxDoor) -> bool:
    try:
        place = topics.parse(topic)
    except InvalidMessage:
        found = (each.place(topic) for each in door.patterns)
        return any(each.device == name for each in found if each)
    own = (place.realm, place.area, place.device) == (_realm(known), known.area, name)
    return own and topic in topics.said_by(name, known.area)


def _realm(known: Door) -> Realm:
    return Realm.KITCHEN if known.of_kitchen else Realm.LIFT


def _door_of(context: AppContext, name: str) -> Door | None:
    if not topics.DEVICE.fullmatch(name):
        return None
    return context.database.read(partial(credential_commands.door_of, gateway_id=name))


def _early(name: str) -> timedelta:
    """So that those who came in together do not all come again together."""
    return timedelta(seconds=crc32(name.encode()) % int(SPREAD.total_seconds()))


def _allowance(request: Request) -> Allowance:
    state = request.app.state
    if not hasattr(state, "emqx_allowance"):
        state.emqx_allowance = Allowance(A_SECOND, AT_ONCE, "too many clients at once")
    allowance: Allowance = state.emqx_allowance
    return allowance
