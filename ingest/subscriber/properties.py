"""Properties of MQTT 5 (2.2.2): walked and checked, kept where somebody asks for them."""

from collections.abc import Mapping
from enum import Enum

from ingest.subscriber.packets import Flaw, ProtocolError

Value = int | bytes
_FOUR = 4


class _Kind(Enum):
    BYTE = 1
    TWO = 2
    FOUR = 4
    LENGTH = 5  # a variable byte integer
    TEXT = 6  # strings and binary data: two bytes of length, then that many
    PAIR = 7


SUBSCRIPTION_ID = 0x0B
SESSION_EXPIRY = 0x11
SERVER_KEEP_ALIVE = 0x13
REASON_STRING = 0x1F
RECEIVE_MAXIMUM = 0x21
MAXIMUM_QOS = 0x24
USER_PROPERTY = 0x26
_REPEATABLE = frozenset({SUBSCRIPTION_ID, USER_PROPERTY})

# What each packet may carry. A topic alias (0x23) is missing: we allow the broker none.
PUBLISH: Mapping[int, _Kind] = {
    0x01: _Kind.BYTE,
    0x02: _Kind.FOUR,
    0x03: _Kind.TEXT,
    0x08: _Kind.TEXT,
    0x09: _Kind.TEXT,
    SUBSCRIPTION_ID: _Kind.LENGTH,
    USER_PROPERTY: _Kind.PAIR,
}
CONNACK: Mapping[int, _Kind] = {
    SESSION_EXPIRY: _Kind.FOUR,
    0x12: _Kind.TEXT,
    SERVER_KEEP_ALIVE: _Kind.TWO,
    0x15: _Kind.TEXT,
    0x16: _Kind.TEXT,
    0x1A: _Kind.TEXT,
    0x1C: _Kind.TEXT,
    REASON_STRING: _Kind.TEXT,
    RECEIVE_MAXIMUM: _Kind.TWO,
    0x22: _Kind.TWO,
    MAXIMUM_QOS: _Kind.BYTE,
    0x25: _Kind.BYTE,
    USER_PROPERTY: _Kind.PAIR,
    0x27: _Kind.FOUR,
    0x28: _Kind.BYTE,
    0x29: _Kind.BYTE,
    0x2A: _Kind.BYTE,
}
SUBACK: Mapping[int, _Kind] = {REASON_STRING: _Kind.TEXT, USER_PROPERTY: _Kind.PAIR}
DISCONNECT: Mapping[int, _Kind] = {
    SESSION_EXPIRY: _Kind.FOUR,
    0x1C: _Kind.TEXT,
    REASON_STRING: _Kind.TEXT,
    USER_PROPERTY: _Kind.PAIR,
}


def variable(data: bytes, at: int, stop: int) -> tuple[int, int] | None:
    """A variable byte integer (1.5.5) and where it ends; None while it is not complete.

    Raises ProtocolError when it has more than four bytes.
    """
    value = 0
    for index in range(_FOUR):
        if at + index >= stop:
            return None
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004  (the continuation bit)
            return value, at + index + 1
    raise ProtocolError(Flaw.BAD_REMAINING_LENGTH, "more than four bytes")


def read(
    data: bytes, at: int, stop: int, allowed: Mapping[int, _Kind]
) -> tuple[dict[int, Value], int]:
    """The properties at `at` and where they end, no later than `stop`.

    Raises ProtocolError when they end early, are not `allowed`, or repeat what may not repeat.
    """
    length, at = _length(data, at, stop)
    if at + length > stop:
        raise ProtocolError(Flaw.BAD_PROPERTIES, "longer than their packet")
    stop = at + length
    found: dict[int, Value] = {}
    while at < stop:
        name = data[at]
        kind = allowed.get(name)
        if kind is None:
            raise ProtocolError(Flaw.BAD_PROPERTIES, f"property {name:#04x} may not stand here")
        if name in found and name not in _REPEATABLE:
            raise ProtocolError(Flaw.BAD_PROPERTIES, f"property {name:#04x} stands twice")
        found[name], at = _value(data, at + 1, stop, kind)
    return found, stop


def text(value: Value | None) -> str:
    """A property as text for a log line; a broker's bad UTF-8 is shown, not refused."""
    return value.decode(errors="replace") if isinstance(value, bytes) else ""


def number(value: Value | None) -> int | None:
    """A property as a number."""
    return value if isinstance(value, int) else None


def _value(data: bytes, at: int, stop: int, kind: _Kind) -> tuple[Value, int]:
    match kind:
        case _Kind.BYTE | _Kind.TWO | _Kind.FOUR:
            end = _within(at + kind.value, stop)
            return int.from_bytes(data[at:end]), end
        case _Kind.LENGTH:
            return _length(data, at, stop)
        case _Kind.TEXT:
            return _text(data, at, stop)
        case _Kind.PAIR:
            _, at = _text(data, at, stop)
            return _text(data, at, stop)


def _text(data: bytes, at: int, stop: int) -> tuple[bytes, int]:
    begin = _within(at + 2, stop)
    end = _within(begin + int.from_bytes(data[at:begin]), stop)
    return data[begin:end], end


def _length(data: bytes, at: int, stop: int) -> tuple[int, int]:
    found = variable(data, at, stop)
    if found is None:
        raise ProtocolError(Flaw.BAD_PROPERTIES, "they end within a length")
    return found


def _within(end: int, stop: int) -> int:
    if end > stop:
        raise ProtocolError(Flaw.BAD_PROPERTIES, "they end within a value")
    return end
