"""Bytes to messages and back; shared by the hub and the simulators, without sockets.

A payload is one JSON object or an array of up to 200 of them. An object that is wrong is refused
with its reason and the field's name; its neighbours are kept.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import get_args

import msgspec

from core.errors import InvalidMessage
from devices.protocol import messages as m
from devices.protocol.topics import Realm, Topic

MAX_PAYLOAD = 256 * 1024
MAX_CALL = 4 * 1024
MAX_OBJECTS = 200
INEXACT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what `exact` may raise

_STRUCTS: dict[tuple[Realm, m.Kind], type[msgspec.Struct]] = {
    (Realm.LIFT, m.Kind.CALL): m.Call,
    (Realm.LIFT, m.Kind.RECEIPT): m.Receipt,
    (Realm.LIFT, m.Kind.EVENT): m.Event,
    (Realm.LIFT, m.Kind.STATUS): m.Status,
    (Realm.LIFT, m.Kind.STATS): m.Stats,
    (Realm.LIFT, m.Kind.HEARTBEAT): m.Heartbeat,
    (Realm.LIFT, m.Kind.CMD): m.Command,
    (Realm.LIFT, m.Kind.CMD_ACK): m.CommandAck,
    (Realm.KITCHEN, m.Kind.SENSOR): m.Sensor,
    (Realm.KITCHEN, m.Kind.FINDING): m.CameraFinding,
    (Realm.KITCHEN, m.Kind.STATUS): m.CameraStatus,
    (Realm.KITCHEN, m.Kind.HEARTBEAT): m.Heartbeat,
}
_DECODERS = {key: msgspec.json.Decoder(struct) for key, struct in _STRUCTS.items()}
_MANY = {key: msgspec.json.Decoder(list[struct]) for key, struct in _STRUCTS.items()}  # type: ignore[valid-type]
_FIELDS = {key: frozenset(struct.__struct_fields__) for key, struct in _STRUCTS.items()}
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_SOME_EVENT_ID = re.compile(rb'"event_id"\s*:\s*"([A-Za-z0-9_.:-]{1,64})"')
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Refusal:
    """One object that could not be read: which, why, and its bytes (at most 4 KiB of them).

    `event_id` is given where the object still tells it, so that a refused call can be answered.
    """

    index: int
    reason: str
    field: str
    detail: str
    raw: bytes
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a payload held. `messages` and `refusals` together count its objects."""

    messages: tuple[m.Message, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unknown_fields: int = 0
    objects: int = field(default=0)


def decode(topic: Topic, payload: bytes) -> Decoded:
    """Read a payload that arrived on `topic`. Never raises for what a sender can send."""
    limit = MAX_CALL if topic.kind is m.Kind.CALL else MAX_PAYLOAD
    if len(payload) > limit:
        return _whole("too_large", f"{len(payload)} bytes, at most {limit}", payload)
    read = _flawless((topic.realm, topic.kind), payload)
    if read is not None:
        return Decoded(read, objects=len(read))
    try:
        payload.decode()
        raws = _ARRAY.decode(payload) if payload.lstrip()[:1] == b"[" else [msgspec.Raw(payload)]
    except UnicodeDecodeError as error:
        return _whole("bad_utf8", f"not UTF-8 at byte {error.start}", payload)
    except (msgspec.DecodeError, RecursionError) as error:
        return _whole("bad_json", str(error), payload)
    if len(raws) > MAX_OBJECTS:
        return _whole("too_many", f"{len(raws)} objects, at most {MAX_OBJECTS}", payload)
    return _objects((topic.realm, topic.kind), raws)


def _flawless(key: tuple[Realm, m.Kind], payload: bytes) -> tuple[m.Message, ...] | None:
    """The messages of a payload in which nothing is wrong or unknown, else None: look closer."""
    try:
        if payload[:1] == b"{":
            return (_DECODERS[key].decode(payload),)  # type: ignore[return-value]
        many = _MANY[key].decode(payload)
    except INEXACT:
        return None
    return tuple(many) if len(many) <= MAX_OBJECTS else None


def exact(topic: Topic) -> Callable[[bytes], m.Message]:
    """The quickest way to read one object that came on `topic`.

    The function answers what `decode` would, for a payload of at most MAX_PAYLOAD bytes that is one
    object with nothing wrong or unknown in it; otherwise it raises one of INEXACT: ask `decode`.
    """
    return _DECODERS[topic.realm, topic.kind].decode  # type: ignore[return-value]


def _objects(key: tuple[Realm, m.Kind], raws: Sequence[msgspec.Raw]) -> Decoded:
    decoder, fields = _DECODERS[key], _FIELDS[key]
    messages: list[m.Message] = []
    refusals: list[Refusal] = []
    unknown = 0
    for index, raw in enumerate(raws):
        data = bytes(raw)
        try:
            told = _OBJECT.decode(data)
            known = {name: value for name, value in told.items() if name in fields}
            message = decoder.decode(msgspec.json.encode(known))
            unknown += len(told) - len(known)
        except (msgspec.DecodeError, RecursionError) as error:
            refusals.append(_refusal(index, error, data))
        else:
            messages.append(message)  # type: ignore[arg-type]  # each struct is of the union
    return Decoded(tuple(messages), tuple(refusals), unknown, len(raws))


def _refusal(index: int, error: Exception, data: bytes) -> Refusal:
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return Refusal(index, "bad_json", "payload", text, data[:MAX_CALL], _some_event_id(data))
    detail, _, path = text.partition(" - at `$")
    name = path.rstrip("`").lstrip(".")
    if "missing required field" in detail:
        missing = detail.rsplit("`", 2)[-2]
        name = f"{name}.{missing}" if name else missing
        return Refusal(index, "missing_field", name, detail, data[:MAX_CALL], _event_id(data))
    if name == "code" and "regex" in detail:
        shown = bytes(_OBJECT.decode(data)["code"]).decode()[:80]
        detail = f"{shown} is no event code of the contract"
    return Refusal(index, "bad_field", name, detail, data[:MAX_CALL], _event_id(data))


def _event_id(data: bytes) -> str | None:
    try:
        return msgspec.json.decode(_OBJECT.decode(data)["event_id"], type=m.EventId)
    except (msgspec.DecodeError, RecursionError, KeyError):
        return None


def _whole(reason: str, detail: str, payload: bytes) -> Decoded:
    """Nothing of it can be read; yet where one event id stands in it, its sender can be told."""
    event_id = _some_event_id(payload)
    refusal = Refusal(0, reason, "payload", detail, payload[:MAX_CALL], event_id)
    return Decoded(refusals=(refusal,), objects=1)


def _some_event_id(payload: bytes) -> str | None:
    """The one event id that stands somewhere in what is no JSON; None where there are several."""
    told = set(_SOME_EVENT_ID.findall(payload[:MAX_PAYLOAD]))
    return told.pop().decode() if len(told) == 1 else None


def encode(message: m.Message | Sequence[m.Message]) -> bytes:
    """Write one message, or several of one kind as an array. Raises InvalidMessage over 200."""
    if not isinstance(message, get_args(m.Message)) and len(message) > MAX_OBJECTS:  # type: ignore[arg-type]
        raise InvalidMessage("too_many", f"at most {MAX_OBJECTS} objects a payload")
    return msgspec.json.encode(_lean(message))


def _lean(message: object) -> object:
    """Leave out what is not known: absent fields are shorter than nulls."""
    if isinstance(message, msgspec.Struct):
        fields = msgspec.structs.asdict(message)
        return {name: value for name, value in fields.items() if value is not None}
    if isinstance(message, Sequence):
        return [_lean(each) for each in message]
    return message
