"""Commands in, bytes out: what a subscriber says, without a socket."""

import sys
from array import array
from collections.abc import Sequence
from datetime import timedelta

from ingest.subscriber.packets import Version

SUBSCRIBE_ID = 1  # the only packet id that we ever choose
PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"  # normal; what is not acknowledged stays with the session
_PUBACK = 0x4002  # first byte and length, as one number; a success needs no more in MQTT 5 either
_EXPIRY_FOR_EVER = 0xFFFFFFFF


def connect(
    version: Version,
    client_id: str,
    *,
    keep_alive: timedelta,
    username: str = "",
    password: str = "",
    session_expiry: timedelta = timedelta(days=14),
    receive_maximum: int = 0xFFFF,
    clean: bool = False,
) -> bytes:
    """CONNECT to a session that outlives the connection; no will, because it says nothing.

    `clean` forgets the session that there is. `session_expiry` and `receive_maximum` (1 to 65,535)
    are told in MQTT 5; in 3.1.1 they are the broker's to choose.
    """
    flags = (0x80 if username else 0) | (0x40 if username and password else 0)
    flags |= 0x02 if clean else 0
    seconds = min(int(keep_alive.total_seconds()), 0xFFFF)
    head = b"\x00\x04MQTT" + bytes((version, flags)) + seconds.to_bytes(2)
    if version is Version.V5:
        expiry = min(int(session_expiry.total_seconds()), _EXPIRY_FOR_EVER)
        head += b"\x08\x11" + expiry.to_bytes(4) + b"\x21" + receive_maximum.to_bytes(2)
    body = head + _text(client_id)
    if flags & 0x80:
        body += _text(username)
    if flags & 0x40:
        body += _text(password)
    return _packet(0x10, body)


def subscribe(version: Version, filters: Sequence[str], qos: int = 1) -> bytes:
    """SUBSCRIBE; in MQTT 5 retained messages come only with a new subscription."""
    options = bytes(((0x10 if version is Version.V5 else 0) | qos,))
    body = SUBSCRIBE_ID.to_bytes(2) + (b"\x00" if version is Version.V5 else b"")
    return _packet(0x82, body + b"".join(_text(each) + options for each in filters))


def pubacks(mids: Sequence[int]) -> bytes:
    """The PUBACK packets of a batch, in its order, as one piece of bytes."""
    packets = array("H", (_PUBACK, 0)) * len(mids)
    packets[1::2] = array("H", mids)
    if sys.byteorder == "little":
        packets.byteswap()
    return packets.tobytes()


def length(value: int) -> bytes:
    """A variable byte integer (1.5.5)."""
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004  (seven bits a byte)
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + length(len(body)) + body


def _text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(2) + data
