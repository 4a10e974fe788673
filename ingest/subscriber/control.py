"""The packets that are no messages: CONNACK, SUBACK, PINGRESP and (MQTT 5) DISCONNECT, read."""

from ingest.subscriber import properties
from ingest.subscriber.packets import (
    REFUSALS_V3,
    Accepted,
    Disconnected,
    Flaw,
    Pong,
    ProtocolError,
    Refused,
    Signal,
    Subscribed,
    Type,
    Version,
    words,
)
from ingest.subscriber.writer import SUBSCRIBE_ID

_NAMES = {1: "CONNECT", 4: "PUBACK", 5: "PUBREC", 6: "PUBREL", 7: "PUBCOMP", 15: "AUTH"}
_REFUSAL = 0x80  # reason codes from here on are failures


def kind(first: int) -> Type:
    """The type that a packet's first byte states; raises ProtocolError for what we never expect."""
    try:
        found = Type(first >> 4)
    except ValueError:
        name = _NAMES.get(first >> 4, f"type {first >> 4}")
        raise ProtocolError(Flaw.UNEXPECTED_PACKET, f"{name} sent to a subscriber") from None
    if found is not Type.PUBLISH and first & 0x0F:
        raise ProtocolError(Flaw.RESERVED_BITS, f"{found.name} with flags {first & 0x0F:#x}")
    return found


def read(kind: Type, body: bytes, version: Version) -> Signal:
    """What the packet says; raises ProtocolError."""
    match kind:
        case Type.CONNACK:
            return _connack(body, version)
        case Type.SUBACK:
            return _suback(body, version)
        case Type.PINGRESP:
            if body:
                raise ProtocolError(Flaw.TRAILING_BYTES, "PINGRESP with a body")
            return Pong()
        case Type.DISCONNECT:
            return _disconnect(body, version)
        case Type.PUBLISH:
            raise ProtocolError(Flaw.UNEXPECTED_PACKET, "PUBLISH at the wrong time")


def _connack(body: bytes, version: Version) -> Signal:
    if len(body) < 2:  # noqa: PLR2004  (flags and code)
        raise ProtocolError(Flaw.TRUNCATED, "CONNACK ends early")
    flags, code = body[0], body[1]
    if flags > 1:
        raise ProtocolError(Flaw.RESERVED_BITS, f"CONNACK with flags {flags:#x}")
    if version is Version.V3_1_1:
        _ends(body, 2, "CONNACK")
        if code:
            return Refused(code, REFUSALS_V3.get(code, f"code {code}"))
        return Accepted(session_present=bool(flags))
    found, end = properties.read(body, 2, len(body), properties.CONNACK)
    _ends(body, end, "CONNACK")
    if code >= _REFUSAL:
        return Refused(code, words(code, properties.text(found.get(properties.REASON_STRING))))
    if code:
        raise ProtocolError(Flaw.UNEXPECTED_PACKET, f"CONNACK with code {code:#04x}")
    qos = properties.number(found.get(properties.MAXIMUM_QOS))
    return Accepted(
        session_present=bool(flags),
        keep_alive_s=properties.number(found.get(properties.SERVER_KEEP_ALIVE)),
        session_expiry_s=properties.number(found.get(properties.SESSION_EXPIRY)),
        maximum_qos=2 if qos is None else qos,
    )


def _suback(body: bytes, version: Version) -> Signal:
    if len(body) < 3:  # noqa: PLR2004  (packet id and one code)
        raise ProtocolError(Flaw.TRUNCATED, "SUBACK ends early")
    if (mid := int.from_bytes(body[:2])) != SUBSCRIBE_ID:
        raise ProtocolError(Flaw.BAD_PACKET_ID, f"SUBACK for packet id {mid}")
    end = 2
    if version is Version.V5:
        _, end = properties.read(body, 2, len(body), properties.SUBACK)
    if end == len(body):
        raise ProtocolError(Flaw.TRUNCATED, "SUBACK without codes")
    return Subscribed(tuple(body[end:]))


def _disconnect(body: bytes, version: Version) -> Signal:
    if version is Version.V3_1_1:
        raise ProtocolError(Flaw.UNEXPECTED_PACKET, "DISCONNECT sent to a subscriber")
    told = ""
    if len(body) > 1:
        found, end = properties.read(body, 1, len(body), properties.DISCONNECT)
        _ends(body, end, "DISCONNECT")
        told = properties.text(found.get(properties.REASON_STRING))
    code = body[0] if body else 0
    return Disconnected(code, words(code, told))


def _ends(body: bytes, end: int, name: str) -> None:
    if end != len(body):
        raise ProtocolError(Flaw.TRAILING_BYTES, f"{name} goes on after its end")
