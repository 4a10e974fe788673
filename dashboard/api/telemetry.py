"""/telemetry: the door for platforms of maintenance firms that push instead of speaking MQTT.

Theory of operation. What is wrong by itself (unreadable, not enrolled, not this sender's) is
refused here, object by object; everything is made safe in a file that the telemetry lane reads,
which keeps the refused in quarantine, and the rest goes through the pipeline that everything goes
through. The lane is given a moment to answer: when
every object is judged by then the answer is 200, else 202, and the same request sent again tells
more. Emergency calls are not taken here: a call must be answered by a receipt, and this road has
none.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.errors import Forbidden, InvalidMessage, Unavailable
from dashboard.access import Action
from dashboard.allowance import Allowance
from dashboard.deps import AppContext, Arriving, Context, CurrentScope, SignedIn, require
from dashboard.problems import ACCEPTED, OK
from dashboard.scope import Scope
from devices.directory import Directory
from devices.model import Gateway
from devices.protocol import codec, topics
from devices.protocol.messages import Kind
from devices.protocol.topics import KINDS, Realm, Topic
from ingest.door import (
    NOT_BY_THIS_DOOR,
    NOT_THE_SENDERS,
    Offered,
    TurnedAway,
    Verdict,
    door_topic,
)

MOST_OF_A_KIND = codec.MAX_OBJECTS
KINDS_TAKEN = 10
PATIENCE = timedelta(seconds=2)
LOOK = timedelta(milliseconds=50)
_NAMED = 5  # lifts that a refusal names
A_SECOND, AT_ONCE = 5.0, 30.0  # batches of one account
CANONICAL = "canonical"
_NOT_HERE = frozenset({Kind.CALL, Kind.RECEIPT, Kind.CMD})
_OF_THE_GATEWAY = frozenset({Kind.HEARTBEAT, Kind.CMD_ACK})

router = APIRouter(prefix="/telemetry", tags=["telemetry"])
SENDS = [Depends(require(Action.SEND_TELEMETRY))]


class ItemIn(BaseModel):
    """One object of one gateway, as it would publish it by MQTT."""

    model_config = ConfigDict(extra="forbid")

    gateway: Annotated[str, StringConstraints(pattern=topics.DEVICE.pattern)] = Field(
        examples=["G0017"]
    )
    kind: Kind = Field(examples=["status"])
    message: dict[str, Any] = Field(  # Any: the codec reads it, with its own reasons
        description="the object of that kind, exactly as on MQTT: ts, seq, boot, lift …",
        examples=[
            {"ts": 1764000000123, "seq": 8811, "boot": "b7f3", "lift": "235274", "floor": 12}
        ],
    )


class BatchIn(BaseModel):
    """What is pushed at once: at most 200 objects of each kind, in the order of their making."""

    model_config = ConfigDict(extra="forbid")

    items: list[ItemIn] = Field(min_length=1, max_length=MOST_OF_A_KIND * KINDS_TAKEN)


class ItemOut(BaseModel):
    """What became of one object."""

    outcome: str = Field(
        description="stored; unchanged (nothing new in it: not stored again); duplicate (taken"
        " before); refused (for `reason`); shed (history is full); taken (safe, not yet judged)",
        examples=["stored"],
    )
    reason: str = Field(description="a stable word, the same as on MQTT; empty unless refused")
    field: str
    detail: str


class BatchOut(BaseModel):
    """What became of every object, in the order sent."""

    done: bool = Field(description="false while any is only `taken`: send the same again")
    items: list[ItemOut]

    @classmethod
    def of(cls, verdicts: list[Verdict]) -> "BatchOut":
        """The outside of these verdicts."""
        items = [
            ItemOut(outcome=v.outcome, reason=v.reason, field=v.field, detail=v.detail)
            for v in verdicts
        ]
        return cls(done=all(each.outcome != "taken" for each in items), items=items)


new_allowance = partial(
    Allowance, A_SECOND, AT_ONCE, f"at most {A_SECOND:g} batches a second: put more into each"
)
"""How often each account may push."""


IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="one for each batch; the same batch under the same key is taken once, and told"
        " again for two days",
    ),
]


@router.post(
    "",
    dependencies=SENDS,
    responses={
        OK.value: {"description": "Every object is judged: its outcome is final."},
        ACCEPTED.value: {
            "model": BatchOut,
            "description": "Everything is safe, and some is not judged yet (`taken`); it will be,"
            " whatever happens. Send the same request again to be told.",
        },
    },
)
async def push(
    told: BatchIn,
    request: Request,
    response: Response,
    context: Context,
    scope: CurrentScope,
    signed: SignedIn,
    key: IdempotencyKey,
) -> BatchOut:
    """Take telemetry, by bearer token only; 429 and 503 say when to send it again."""
    if signed.csrf is not None:
        raise Forbidden("telemetry is pushed by programs: send a bearer token")
    arriving = context.door
    if arriving is None:
        raise Unavailable("this surface takes no telemetry")
    _allowance(request).take(signed.account.id, context.clock.monotonic())
    _check_sizes(told)
    body = await request.body()
    take = partial(_take, context, arriving, scope, signed.account.name, key, body, told)
    verdicts = await run_in_threadpool(take)
    deadline = context.clock.monotonic() + PATIENCE.total_seconds()
    while _open(verdicts) and context.clock.monotonic() < deadline:
        await context.clock.sleep(LOOK)
        verdicts = await run_in_threadpool(arriving.door.judged, verdicts)
    response.status_code = ACCEPTED if _open(verdicts) else OK
    return BatchOut.of(verdicts)


def _open(verdicts: list[Verdict]) -> bool:
    return any(each.outcome == "taken" for each in verdicts)


def _allowance(request: Request) -> Allowance:
    state = request.app.state
    if not hasattr(state, "telemetry_allowance"):
        state.telemetry_allowance = new_allowance()
    allowance: Allowance = state.telemetry_allowance
    return allowance


def _check_sizes(told: BatchIn) -> None:
    for kind, number in Counter(each.kind for each in told.items).items():
        if number > MOST_OF_A_KIND:
            raise InvalidMessage(
                "too_many", f"{number} objects of {kind}, at most {MOST_OF_A_KIND}", field="items"
            )


def _take(
    context: AppContext,
    arriving: Arriving,
    scope: Scope,
    account: str,
    key: str,
    body: bytes,
    told: BatchIn,
) -> list[Verdict]:
    known = arriving.door.known(account, key, body)
    if known is not None:
        return known
    registry = arriving.registry()
    items = [_offered(registry, scope, each) for each in told.items]
    return arriving.door.keep(account, key, body, items, context.clock.now())


def _offered(registry: Directory, scope: Scope, item: ItemIn) -> Offered | TurnedAway:
    """What goes to the lane, and whether it is refused already."""
    raw = json.dumps(item.message, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    known = registry.gateway(item.gateway)
    place = door_topic(known.area if known else "", item.gateway, item.kind)
    try:
        topic = _topic(registry, scope, item)
    except InvalidMessage as no:
        verdict = Verdict("refused", no.reason, no.field, no.detail)
        if no.reason == "device_not_enrolled" and known is not None:
            detail = f"gateway {item.gateway} is enrolled, and not this account's to speak for"
            return TurnedAway(place, raw, verdict, NOT_THE_SENDERS, detail)
        return TurnedAway(place, raw, verdict, no.reason, no.detail)
    spoken = registry.gateways[item.gateway].dialect
    wrong = _wrong(registry, topic, item.message, raw) if spoken == CANONICAL else None
    if wrong is not None:
        return TurnedAway(place, raw, wrong, wrong.reason, wrong.detail)
    return Offered(str(topic), raw)


def _topic(registry: Directory, scope: Scope, item: ItemIn) -> Topic:
    """The topic on which its gateway would have said it; raises InvalidMessage."""
    if item.kind in _NOT_HERE:
        raise InvalidMessage(
            NOT_BY_THIS_DOOR,
            "emergency calls come by MQTT, where a receipt answers them, or from a seat by"
            " POST /api/v1/incidents; receipts and commands are the hub's own",
            field="kind",
        )
    gateway = registry.gateway(item.gateway)
    if gateway is None or not speaks_for(registry, scope, gateway):
        told = f"gateway {item.gateway} is not enrolled, or not yours to speak for"
        if gateway is not None and (others := _not_theirs(registry, scope, gateway)):
            told = f"gateway {item.gateway} speaks for lifts that you do not maintain: {others}"
        raise InvalidMessage("device_not_enrolled", told, field="gateway")
    realm = Realm.LIFT if gateway.kitchen_id is None else Realm.KITCHEN
    if item.kind not in KINDS[realm]:
        raise InvalidMessage("bad_topic", f"unknown kind {item.kind} for {realm}", field="kind")
    return Topic(realm, gateway.area, gateway.id, item.kind)


def speaks_for(registry: Directory, scope: Scope, gateway: Gateway) -> bool:
    """Whether an account of that scope may speak for a gateway: a firm where it maintains all."""
    others = scope.station_id is not None or scope.use_unit_id is not None
    if others or not scope.covers_place(gateway.area):
        return False
    if scope.firm_id is None:
        return True
    lifts = registry.lifts_of(gateway.id)
    return bool(lifts) and all(lift.firm_id == scope.firm_id for lift in lifts)


def _not_theirs(registry: Directory, scope: Scope, gateway: Gateway) -> str:
    """The lifts that keep a firm from a gateway of its own lifts; empty where it has none there."""
    if scope.firm_id is None or not scope.covers_place(gateway.area):
        return ""
    lifts = registry.lifts_of(gateway.id)
    if not any(lift.firm_id == scope.firm_id for lift in lifts):
        return ""
    nobodys = [lift.rescue_code for lift in lifts if lift.firm_id is None]
    others = sum(lift.firm_id not in {None, scope.firm_id} for lift in lifts)
    told = [f"{', '.join(nobodys[:_NAMED])} without a firm"] if nobodys else []
    return " and ".join([*told, f"{others} of other firms"] if others else told)


def _wrong(
    registry: Directory, topic: Topic, message: Mapping[str, Any], raw: bytes
) -> Verdict | None:
    """What the codec or the registry has against it: the same reasons as the lane's."""
    for no in codec.decode(topic, raw).refusals:
        return Verdict("refused", no.reason, no.field, no.detail)
    try:
        if topic.realm is Realm.KITCHEN:
            registry.resolve_kitchen(topic)
        elif topic.kind not in _OF_THE_GATEWAY:
            registry.resolve(topic, message.get("lift"))
    except InvalidMessage as no:
        return Verdict("refused", no.reason, no.field, no.detail)
    return None
