"""Bytes in, deliveries and signals out: one `Reader` for one connection, without a socket.

Theory of operation. `receive` takes whatever one read of the socket brought, at any split, and
answers every packet that is complete. A row of PUBLISH packets is parsed in one loop over one
`bytes` object: no object per packet but the delivery, no copy but topic and payload. A packet's
rest waits until it is complete, so a large one is copied once and not once a read.

What breaks the protocol is answered as `Flawed`, once, after everything that came before it. Two
things are let through on purpose, because to close on them would bring them back for ever - the
broker delivers again what was not acknowledged - and stop the lane: a topic that is not UTF-8 is
delivered as "", and a PUBLISH beyond `max_packet` is delivered cut to that size while the rest is
thrown away as it comes. The pipeline refuses both by name (`bad_topic`, `too_large`), keeps them in
quarantine, and goes on. NUL and wildcards in a topic are its business too.
"""

from datetime import datetime
from typing import NamedTuple

from ingest.lane import Delivery
from ingest.subscriber import control, properties, writer
from ingest.subscriber.packets import (
    Accepted,
    Disconnected,
    Flaw,
    Flawed,
    ProtocolError,
    Refused,
    Signal,
    Type,
    Version,
)

MAX_PACKET = 1024 * 1024  # above what any payload of ours may be, so that a cut one is too large
_PUBLISH = 0x30
_QOS_1 = 0x02
_MORE = 0x80  # the continuation bit of a length


class Received(NamedTuple):
    """What one read brought: messages in their order, and what else the broker said."""

    deliveries: list[Delivery]
    signals: list[Signal]


class Reader:
    """The inbound half of one connection; deliveries bear its number."""

    def __init__(self, version: Version, *, connection: int, max_packet: int = MAX_PACKET) -> None:
        self._version = version
        self._connection = connection
        self._max = max_packet
        self._rest = bytearray()
        self._need = 0  # so many bytes must be there before another look is worth it
        self._skip = 0  # so many bytes of a cut packet are still to come
        self._cut: list[Delivery] = []
        self._accepted = False
        self._ended = False

    def receive(self, data: bytes, at: datetime) -> Received:
        """Every packet that `data`, received at `at`, completes; nothing after the end."""
        received = Received([], [])
        if self._ended:
            return received
        if self._rest:
            self._rest += data
            if len(self._rest) < self._need:
                return received
            data = bytes(self._rest)
            self._rest.clear()
        try:
            done = self._read(data, at, received)
        except ProtocolError as error:
            received.signals.append(Flawed(error.flaw, error.detail))
            self._ended = True
        else:
            self._rest += data[done:]
        return received

    def _read(self, data: bytes, at: datetime, received: Received) -> int:
        """Read packet after packet; answers where the first incomplete one begins."""
        position, end = self._skipped(data, 0, received), len(data)
        while position < end and not self._ended:
            if self._accepted:
                position = self._publishes(data, position, at, received.deliveries)
            header = properties.variable(data, position + 1, end)
            if header is None:
                self._need = end - position + 1
                return position
            length, body = header
            kept = body + min(length, self._max)
            if kept > end:
                self._need = kept - position
                if length > self._max:
                    self._may_be_cut(data[position])
                return position
            if length <= self._max:
                self._control(data[position], data[body:kept], received.signals)
                position = kept
            else:
                self._may_be_cut(data[position])
                whole = data[position : position + 1] + writer.length(self._max) + data[body:kept]
                self._publishes(whole, 0, at, self._cut)
                self._skip = length - self._max
                position = self._skipped(data, kept, received)
        return position if not self._ended else end

    def _publishes(  # noqa: C901, PLR0912, PLR0915  (the hot loop, written out)
        self, data: bytes, position: int, at: datetime, found: list[Delivery]
    ) -> int:
        """The row of complete PUBLISH packets at `position`; answers where it ends.

        A call less for each field is half of what a message costs here.
        """
        size, largest, number = len(data), self._max, self._connection
        five = self._version is Version.V5
        put = found.append
        last = size - 1  # a header has two bytes at least
        while position < last:
            first = data[position]
            if first & 0xF0 != _PUBLISH:
                break
            length = data[position + 1]
            body = position + 2
            if length >= _MORE:
                if body >= size:
                    break
                high = data[body]
                if high < _MORE:
                    length += (high << 7) - _MORE
                    body += 1
                else:
                    header = properties.variable(data, position + 1, size)
                    if header is None:
                        break
                    length, body = header
            stop = body + length
            if stop > size or length > largest:
                break
            if length < 2:  # noqa: PLR2004  (the topic's length)
                raise ProtocolError(Flaw.TRUNCATED, "PUBLISH without topic")
            begin = body + 2
            start = begin + (data[body] << 8 | data[body + 1])
            topic_end = start
            qos = first & 0x06
            if qos == _QOS_1:
                start += 2
            elif first & 0x0E:
                raise _wrong_flags(first)
            if start > stop:
                raise ProtocolError(Flaw.TRUNCATED, "PUBLISH ends within its head")
            mid = data[topic_end] << 8 | data[topic_end + 1] if qos else 0
            if qos and not mid:
                raise ProtocolError(Flaw.BAD_PACKET_ID, "PUBLISH with packet id 0")
            if five:
                if start < stop and not data[start]:
                    start += 1
                else:
                    _, start = properties.read(data, start, stop, properties.PUBLISH)
            try:
                topic = data[begin:topic_end].decode()
            except UnicodeDecodeError:
                topic = ""
            put(
                Delivery(
                    topic,
                    data[start:stop],
                    at,
                    mid,
                    qos >> 1,
                    number,
                    first & 0x08 != 0,
                    first & 0x01 != 0,
                )
            )
            position = stop
        return position

    def _control(self, first: int, body: bytes, signals: list[Signal]) -> None:
        kind = control.kind(first)
        if (kind is Type.CONNACK) is self._accepted:
            raise ProtocolError(Flaw.UNEXPECTED_PACKET, f"{kind.name} at the wrong time")
        signal = control.read(kind, body, self._version)
        match signal:
            case Accepted():
                self._accepted = True
            case Refused() | Disconnected():
                self._ended = True
            case _:
                pass
        signals.append(signal)

    def _may_be_cut(self, first: int) -> None:
        if not (self._accepted and first & 0xF0 == _PUBLISH):
            raise ProtocolError(Flaw.PACKET_TOO_LARGE, f"more than {self._max} bytes")

    def _skipped(self, data: bytes, position: int, received: Received) -> int:
        """Throw away what is left of a cut packet; with its last byte it is delivered."""
        if self._skip:
            gone = min(self._skip, len(data) - position)
            self._skip -= gone
            position += gone
        if self._cut and not self._skip:
            received.deliveries.extend(self._cut)
            self._cut.clear()
        return position


def _wrong_flags(first: int) -> ProtocolError:
    if qos := (first & 0x06) >> 1:
        return ProtocolError(Flaw.BAD_QOS, f"PUBLISH with QoS {qos}, at most 1 was asked for")
    return ProtocolError(Flaw.RESERVED_BITS, "DUP with QoS 0")
