"""A short conversation with the broker beside a lane: every request is answered before the next.

The lane's own session reads only when the lane does, so it cannot tell when a subscription stands.
An errand under the session's client id can, while the lane is not connected: the session, with all
that waits in it, is the same. What the broker delivers meanwhile is not acknowledged, so it comes
again. Raises OSError or Unavailable where the broker is away, refuses, or does not answer.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from core.clock import Clock
from core.errors import Unavailable
from ingest.lane import BrokerAddress
from ingest.subscriber import writer
from ingest.subscriber.link import dial, secured
from ingest.subscriber.packets import Version

WITHIN_S = 10.0
AT_ONCE = 100  # filters in one packet
_KEEP_ALIVE = timedelta(seconds=60)
_CONNACK, _PUBACK, _SUBACK, _UNSUBACK = 0x20, 0x40, 0x90, 0xB0
_REFUSED = 0x80
_ID = (7).to_bytes(2)


class Errand:
    """An open conversation; see `errand`."""

    def __init__(self, sock: socket.socket, version: Version, clock: Clock) -> None:
        self._socket = sock
        self._version = version
        self._clock = clock
        self._buffer = bytearray()

    def subscribe(self, filters: Sequence[str]) -> None:
        """Let the broker keep these for the session (QoS 1), before this returns."""
        for some in _some(filters):
            self._socket.sendall(writer.subscribe(self._version, some))
            answer = self._answer(_SUBACK)
            if any(code >= _REFUSED for code in answer[-len(some) :]):
                raise Unavailable(f"the broker refuses subscriptions such as {some[0]}")

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Let the broker keep no more of these; what it keeps already still comes."""
        properties = b"\x00" if self._version is Version.V5 else b""
        for some in _some(filters):
            body = _ID + properties + b"".join(map(_text, some))
            self._socket.sendall(_packet(0xA2, body))
            self._answer(_UNSUBACK)

    def publish(self, topic: str, payload: bytes) -> None:
        """Say it (QoS 1) and wait until the broker has it."""
        properties = b"\x00" if self._version is Version.V5 else b""
        self._socket.sendall(_packet(0x32, _text(topic) + _ID + properties + payload))
        self._answer(_PUBACK)

    def accepted(self) -> None:
        """Wait for the broker to take us."""
        answer = self._answer(_CONNACK)
        if answer[1]:
            raise Unavailable(f"the broker refuses us: code {answer[1]}")

    def _answer(self, kind: int) -> bytes:
        """The body of the next packet of that type; others are passed over."""
        deadline = self._clock.monotonic() + WITHIN_S
        while True:
            while (packet := self._next()) is None:
                left = deadline - self._clock.monotonic()
                if left <= 0:
                    raise Unavailable("the broker does not answer")
                self._socket.settimeout(left)
                data = self._socket.recv(64 * 1024)
                if not data:
                    raise Unavailable("closed by the broker")
                self._buffer += data
            if packet[0] & 0xF0 == kind:
                return packet[1]

    def _next(self) -> tuple[int, bytes] | None:
        length = shift = 0
        for at, byte in enumerate(self._buffer[1:5], start=2):
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < _REFUSED:
                if len(self._buffer) < at + length:
                    return None
                packet = self._buffer[0], bytes(self._buffer[at : at + length])
                del self._buffer[: at + length]
                return packet
        return None


@contextmanager
def errand(
    address: BrokerAddress,
    client_id: str,
    clock: Clock,
    *,
    version: Version = Version.V3_1_1,
    expiry: timedelta = timedelta(0),
    clean: bool = False,
) -> Iterator[Errand]:
    """A conversation for the time of the block.

    expiry: how long the session outlives it in MQTT 5. clean: forget the session that there is.
    """
    packet = writer.connect(
        version,
        client_id,
        keep_alive=_KEEP_ALIVE,
        username=address.username,
        password=address.password,
        session_expiry=expiry,
        receive_maximum=1,
        clean=clean,
    )
    with dial(address, secured(address), WITHIN_S) as sock:
        sock.sendall(packet)
        talk = Errand(sock, version, clock)
        talk.accepted()
        yield talk
        sock.sendall(writer.DISCONNECT)
        sock.settimeout(WITHIN_S)
        while sock.recv(64 * 1024):  # until it has hung up: what we said is read by then
            pass


def _some(filters: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(filters), AT_ONCE):
        yield filters[start : start + AT_ONCE]


def _text(value: str) -> bytes:
    content = value.encode()
    return len(content).to_bytes(2) + content


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + writer.length(len(body)) + body
