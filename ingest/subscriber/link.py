"""One connection's socket: one thread reads, two may write, neither ever waits in it for good.

The socket does not block, and a lock stands around every use of it, because an SSL object is not
to be used by two threads at once. What the broker does not take at once is kept and sent with the
next use; it is never more than the acknowledgements of one window.
"""

import contextlib
import select
import socket
import ssl
import threading

from core.clock import Clock
from ingest.lane import BrokerAddress
from ingest.subscriber import writer
from ingest.subscriber.reader import Reader

READ_SIZE = 256 * 1024
_TLS_RECORD = 16 * 1024
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def secured(address: BrokerAddress) -> ssl.SSLContext | None:
    """The TLS settings of an address, None without; raises OSError when a file cannot be used."""
    if not address.tls:
        return None
    context = ssl.create_default_context(cafile=address.ca_file or None)
    if address.cert_file:
        context.load_cert_chain(address.cert_file, address.key_file or None)
    return context


def dial(address: BrokerAddress, context: ssl.SSLContext | None, within_s: float) -> socket.socket:
    """A socket to the broker, each step within `within_s`; raises OSError."""
    plain = socket.create_connection((address.host, address.port), timeout=within_s)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is None:
        return plain
    try:
        return context.wrap_socket(plain, server_hostname=address.host)
    except BaseException:
        plain.close()
        raise


class Link:
    """An open connection and the reader that belongs to it; `ended` once it is of no more use."""

    def __init__(self, sock: socket.socket, reader: Reader, number: int, clock: Clock) -> None:
        sock.setblocking(False)  # noqa: FBT003  (its only signature)
        self.reader = reader
        self.number = number
        self.ended = threading.Event()
        self.broken = False  # for writing; there may be something left to read
        self._socket = sock
        self._clock = clock
        self._tls = sock if isinstance(sock, ssl.SSLSocket) else None
        self._using = threading.Lock()
        self._receiving = threading.Lock()
        self._buffer = bytearray(READ_SIZE)
        self._view = memoryview(self._buffer)
        self._outgoing = bytearray()
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._emptied = False
        self._sent_at = clock.monotonic()
        self._pinged_at: float | None = None
        self._left = False

    def receive(self, timeout_s: float) -> bytes | None:
        """What has come, at most READ_SIZE; b"" at the end of the stream; None: nothing in time.

        Raises OSError when the connection is broken.
        """
        with self._receiving:
            # A read that did not fill the buffer has emptied the socket: to read again at once
            # would ask the kernel in vain.
            data = None if self._emptied else self._read()
            if data is None and not self.ended.is_set():
                if self._outgoing and not self.broken:
                    self._poll.modify(self._socket, select.POLLIN | select.POLLOUT)
                    self._poll.poll(timeout_s * 1000)
                    self._poll.modify(self._socket, select.POLLIN)
                else:
                    self._poll.poll(timeout_s * 1000)
                data = self._read()
        if data:
            self._pinged_at = None
        return data

    def send(self, data: bytes) -> None:
        """Send in order; raises OSError when the connection is broken."""
        with self._using:
            if self._left or self.broken or self.ended.is_set():
                return
            self._outgoing += data
            try:
                self._flush()
            except OSError:
                self.broken = True
                raise
            self._sent_at = self._clock.monotonic()

    def ping(self) -> None:
        """Show the broker that we live, and ask whether it does; raises OSError."""
        if self._pinged_at is None:
            self._pinged_at = self._clock.monotonic()
        self.send(writer.PINGREQ)

    @property
    def idle_s(self) -> float:
        """How long nothing has been sent."""
        return self._clock.monotonic() - self._sent_at

    @property
    def unanswered_s(self) -> float:
        """How long a ping has waited, as far as anybody has read since."""
        asked = self._pinged_at
        return 0.0 if asked is None else self._clock.monotonic() - asked

    def leave(self, within_s: float) -> None:
        """Say good-bye and stay until the broker has hung up, at most `within_s`.

        A broker that finds the connection gone may not read the acknowledgements before it.
        """
        with contextlib.suppress(OSError):
            self.send(writer.DISCONNECT)
            self._left = True
            deadline = self._clock.monotonic() + within_s
            while (left := deadline - self._clock.monotonic()) > 0:
                if self.receive(left) == b"":
                    break
        self.end()

    def end(self) -> None:
        """Stop using the connection, from any thread; whoever waits in `receive` returns."""
        with self._using:
            if self.ended.is_set():
                return
            self.ended.set()
            with contextlib.suppress(OSError):  # the plain one: SSL's would uncover the socket
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def dispose(self) -> None:
        """Give the socket back, once nobody reads it."""
        self.end()
        with self._receiving, self._using:
            self._socket.close()

    def _read(self) -> bytes | None:
        with self._using:
            if self.ended.is_set():
                return b""
            try:
                if self._outgoing and not self.broken:
                    self._flush()
                size = self._socket.recv_into(self._view)
                if self._tls is not None:  # a record at a time: take what it already holds
                    size = self._more(self._tls, size)
            except _NOT_NOW:
                return None
            self._emptied = self._tls is None and size < READ_SIZE
            return bytes(self._view[:size])

    def _more(self, tls: ssl.SSLSocket, size: int) -> int:
        with contextlib.suppress(*_NOT_NOW):
            while size and READ_SIZE - size >= _TLS_RECORD:
                more = tls.recv_into(self._view[size:])
                if not more:
                    break  # the next read finds the end again
                size += more
        return size

    def _flush(self) -> None:
        try:
            while self._outgoing:
                sent = self._socket.send(self._outgoing)
                del self._outgoing[:sent]
        except _NOT_NOW:
            return
