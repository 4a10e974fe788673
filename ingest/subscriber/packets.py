"""The codec's words: versions of MQTT, what can come in, and what can be wrong with it.

Norm: MQTT 3.1.1 and MQTT 5.0 (OASIS); section numbers below are those of MQTT 5.0.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from core.errors import HubError


class Version(IntEnum):
    """The protocol level that CONNECT states (3.1.2.2)."""

    V3_1_1 = 4
    V5 = 5


class Type(IntEnum):
    """Packet types that a subscriber may be sent; the high nibble of the first byte (2.1.2)."""

    CONNACK = 2
    PUBLISH = 3
    SUBACK = 9
    PINGRESP = 13
    DISCONNECT = 14


class Flaw(StrEnum):
    """What can be wrong with a stream so that the connection cannot go on."""

    BAD_REMAINING_LENGTH = "bad_remaining_length"  # more than four bytes
    RESERVED_BITS = "reserved_bits"
    TRUNCATED = "truncated"  # a packet ends before what it announces
    TRAILING_BYTES = "trailing_bytes"  # a packet goes on after its end
    BAD_PROPERTIES = "bad_properties"
    BAD_UTF8 = "bad_utf8"
    BAD_PACKET_ID = "bad_packet_id"
    BAD_QOS = "bad_qos"  # QoS 2, which is never asked for, and 3, which does not exist
    PACKET_TOO_LARGE = "packet_too_large"
    UNEXPECTED_PACKET = "unexpected_packet"  # wrong type, or right type at the wrong time


class ProtocolError(HubError):
    """The other side broke the protocol: nothing after this byte can be trusted."""

    def __init__(self, flaw: Flaw, detail: str) -> None:
        super().__init__(f"{flaw}: {detail}")
        self.flaw = flaw
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker accepted the connection; None where it left a choice to us."""

    session_present: bool
    keep_alive_s: int | None = None
    session_expiry_s: int | None = None
    maximum_qos: int = 2


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker refused the connection; nothing follows."""

    code: int
    words: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The answer to SUBSCRIBE, one code a filter; 0x80 and above are refusals."""

    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to PINGREQ."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The broker ends the connection and says why (MQTT 5); nothing follows."""

    code: int
    words: str


@dataclass(frozen=True, slots=True)
class Flawed:
    """The stream broke the protocol here; nothing follows."""

    flaw: Flaw
    detail: str


Signal = Accepted | Refused | Subscribed | Pong | Disconnected | Flawed

REFUSALS_V3 = {
    1: "unacceptable protocol version",
    2: "client id rejected",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorised",
}
TAKEN_OVER = 0x8E
REASONS_V5 = {
    0x00: "normal disconnection",
    0x80: "unspecified error",
    0x81: "malformed packet",
    0x82: "protocol error",
    0x83: "implementation specific error",
    0x84: "unsupported protocol version",
    0x85: "client id not valid",
    0x86: "bad user name or password",
    0x87: "not authorised",
    0x88: "server unavailable",
    0x89: "server busy",
    0x8A: "banned",
    0x8B: "server shutting down",
    0x8C: "bad authentication method",
    0x8D: "keep alive timeout",
    TAKEN_OVER: "session taken over",
    0x8F: "topic filter invalid",
    0x90: "topic name invalid",
    0x93: "receive maximum exceeded",
    0x94: "topic alias invalid",
    0x95: "packet too large",
    0x96: "message rate too high",
    0x97: "quota exceeded",
    0x98: "administrative action",
    0x99: "payload format invalid",
    0x9C: "use another server",
    0x9D: "server moved",
    0x9F: "connection rate exceeded",
    0xA0: "maximum connect time",
}


def words(code: int, told: str = "") -> str:
    """A reason code of MQTT 5 in words, with what the broker told beside it."""
    named = REASONS_V5.get(code, f"code {code:#04x}")
    return f"{named}: {told}" if told else named
