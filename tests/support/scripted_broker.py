"""A broker that follows a script, to the byte.

There is a script for each connection; the last one serves all that follow. A script is a function
of a `Peer`; when it returns, its connection is closed. What subscribers answer is kept in the peer.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ingest.subscriber import writer
from ingest.subscriber.packets import Version

ACCEPTED = b"\x20\x02\x00\x00"
REFUSED = b"\x20\x02\x00\x05"
ACCEPTED_5 = b"\x20\x03\x00\x00\x00"
PINGRESP = b"\xd0\x00"
CONNECT, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT = 0x10, 0x40, 0x82, 0xC0, 0xE0

Script = Callable[["Peer"], None]


def publish(
    topic: str | bytes,
    payload: bytes,
    mid: int = 0,
    *,
    version: Version = Version.V3_1_1,
    flags: int = 0,
    properties: bytes = b"\x00",
) -> bytes:
    """A PUBLISH packet, QoS 1 when it has a packet id; `flags` are DUP (8) and retain (1)."""
    name = topic.encode() if isinstance(topic, str) else topic
    body = struct.pack(">H", len(name)) + name
    if mid:
        body += struct.pack(">H", mid)
    if version is Version.V5:
        body += properties
    body += payload
    first = 0x30 | flags | (2 if mid else 0)
    return bytes((first,)) + writer.length(len(body)) + body


@dataclass
class Peer:
    """One connection as the broker sees it."""

    link: socket.socket
    gone: threading.Event
    acknowledged: list[int] = field(default_factory=list)
    pings: int = 0
    _buffer: bytearray = field(default_factory=bytearray)

    def packet(self) -> tuple[int, bytes]:
        """The next packet of the subscriber: first byte and body; raises EOFError at the end."""
        first = self._exactly(1)[0]
        length, shift = 0, 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        body = self._exactly(length)
        if first == PUBACK:
            self.acknowledged.append(struct.unpack(">H", body[:2])[0])
        self.pings += first == PINGREQ
        return first, body

    def expect(self, wanted: int) -> bytes:
        """Read until a packet with this first byte; answers pings meanwhile."""
        while True:
            first, body = self.packet()
            if first == wanted:
                return body
            if first == PINGREQ:
                self.send(PINGRESP)

    def welcome(self, answer: bytes = ACCEPTED, version: Version = Version.V3_1_1) -> None:
        """Accept the connection and the subscription."""
        self.expect(CONNECT)
        self.send(answer)
        body = self.expect(SUBSCRIBE)
        properties = b"\x00" if version is Version.V5 else b""
        codes = b"\x01"
        length = writer.length(2 + len(properties) + len(codes))
        self.send(b"\x90" + length + body[:2] + properties + codes)

    def acknowledgements(self, count: int) -> list[int]:
        """The packet ids acknowledged on this connection, once there are `count`."""
        while len(self.acknowledged) < count:
            self.expect(PUBACK)
        return self.acknowledged

    def stay(self) -> None:
        """Answer pings until the subscriber leaves."""
        with suppress(EOFError, OSError):
            self.expect(DISCONNECT)

    def send(self, data: bytes) -> None:
        self.link.sendall(data)

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data = self.link.recv(65536)
            if not data:
                raise EOFError
            self._buffer += data
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


class Broker:
    """Listens on a port of its own; `peers` are the connections so far."""

    def __init__(self, *scripts: Script) -> None:
        self.host = "127.0.0.1"
        self.peers: list[Peer] = []
        self.failures: list[BaseException] = []
        self._scripts = scripts
        self._gone = threading.Event()
        self._door = socket.create_server((self.host, 0))
        self.port: int = self._door.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="scripted-broker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._gone.set()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for peer in list(self.peers):
            with suppress(OSError):
                peer.link.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _serve(self) -> None:
        while not self._gone.is_set():
            try:
                link, _ = self._door.accept()
            except OSError:
                return
            peer = Peer(link, self._gone)
            self.peers.append(peer)
            script = self._scripts[min(len(self.peers), len(self._scripts)) - 1]
            with link:
                try:
                    script(peer)
                except (EOFError, OSError):  # the subscriber left in the middle of the script
                    pass
                except BaseException as error:  # noqa: BLE001  (told by `following`)
                    self.failures.append(error)


@contextmanager
def following(*scripts: Script) -> Iterator[Broker]:
    """A broker for the time of the block; what went wrong in a script fails the test."""
    broker = Broker(*scripts)
    try:
        yield broker
    finally:
        broker.close()
    if broker.failures:
        raise broker.failures[0]
