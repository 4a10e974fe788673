"""The batch subscriber's shell: a socket, two threads, and the codec between them.

Theory of operation. The lane's own thread reads the socket, inside `take`: one read brings as many
messages as have come, and `acknowledge` sends their PUBACKs as one piece. So a lane that is busy
simply does not read, TCP and the broker hold the rest, and memory stays at one read. A second
thread, the keeper, connects, subscribes, and pings when nothing has been sent for half the
keep-alive time, however long the lane stalls; it connects again with a growing pause.

The session is persistent: fixed client id, and in MQTT 5 an expiry. Filters are subscribed after
every connect, session present or not: that is harmless, and a hub that has learned a new filter
needs it. Packet ids belong to one connection: what an earlier one delivered is not acknowledged on
a later one; the broker delivers it again and the lane finds the duplicate.

A ping counts as unanswered only when a read finds nothing, so a stall that leaves the answer
unread is not taken for a dead broker. Only a connection that has stood for STEADY_AFTER resets the
pause: two subscribers with one client id throw each other out, and must not do so in a spin.

A connection that can no longer be written is still read to its end: a killed mosquitto forgets what
was on its way to a connected subscriber, and then the kernel's buffer holds the only copy.
"""

import contextlib
import random
import socket
import threading
from collections.abc import Sequence
from datetime import timedelta

from core import backoff, log, metrics
from core.clock import Clock
from core.errors import Unavailable
from ingest.lane import BrokerAddress, Delivery
from ingest.subscriber import writer
from ingest.subscriber.link import READ_SIZE, Link, dial, secured
from ingest.subscriber.packets import (
    TAKEN_OVER,
    Accepted,
    Disconnected,
    Flawed,
    Pong,
    Refused,
    Signal,
    Subscribed,
    Version,
)
from ingest.subscriber.reader import MAX_PACKET, Reader

KEEP_ALIVE = timedelta(seconds=30)
SESSION_EXPIRY = timedelta(days=14)
WINDOW = 2_000  # unacknowledged messages that we let the broker send (MQTT 5); ours allows as many
ANSWER_WITHIN_S = 5.0  # each step of connecting
LEAVE_WITHIN_S = 2.0
STEADY_AFTER_S = 10.0
BACK_OFF_BASE = timedelta(milliseconds=200)
BACK_OFF_CAP = timedelta(seconds=15)
_SUSPICIOUS = 3  # connections in a row that were accepted and soon lost
_TURN_S = 1.0  # the longest that a read looks away from an unanswered ping
_REFUSAL = 0x80

_log = log.get(__name__)


class BatchSession:
    """A lane's persistent session; `take` and `acknowledge` are for one consumer thread."""

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        filters: Sequence[str],
        *,
        lane: str,
        clock: Clock,
        keep_alive: timedelta = KEEP_ALIVE,
        version: Version = Version.V3_1_1,
        max_packet: int = MAX_PACKET,
    ) -> None:
        self._address = address
        self._context = secured(address)
        self._filters = tuple(filters)
        self._lane = lane
        self._clock = clock
        self._asked_s = self._keep_alive_s = keep_alive.total_seconds()
        self._version = version
        self._max_packet = max_packet
        self._connect = writer.connect(
            version,
            client_id,
            keep_alive=keep_alive,
            username=address.username,
            password=address.password,
            session_expiry=SESSION_EXPIRY,
            receive_maximum=WINDOW,
        )
        self._pending: list[Delivery] = []
        self._number = 0
        self._link: Link | None = None
        self._early: list[Delivery] = []  # what came in one read with CONNACK
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._taken_over = False
        self._keeper = threading.Thread(target=self._run, name=f"mqtt-{lane}", daemon=True)

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the connection that stands now."""
        link = self._link
        return link is not None and not link.broken

    @property
    def queued(self) -> int:
        """How many deliveries have been read and not been taken."""
        return len(self._pending) + len(self._early)

    def start(self) -> None:
        """Connect, and keep connecting until `close`."""
        self._keeper.start()

    def close(self) -> None:
        """Leave the broker; what is not acknowledged stays there for the next start."""
        self._closing.set()
        with self._changed:
            link = self._link
            self._changed.notify_all()
        if link is not None:
            link.leave(LEAVE_WITHIN_S)
        if self._keeper.is_alive():
            self._keeper.join()

    def follow(self, filters: Sequence[str]) -> None:
        """Subscribe to these too, on the connection that stands and on every later one."""
        wanted = tuple(dict.fromkeys([*self._filters, *filters]))
        if wanted == self._filters:
            return
        self._filters = wanted
        if (link := self._link) is not None:
            with contextlib.suppress(OSError):  # the next connection subscribes to all
                link.send(writer.subscribe(self._version, wanted))

    def take(self, limit: int, timeout: timedelta) -> list[Delivery]:
        """Whatever one read brings, oldest first, at most `limit`; waits `timeout` for the first.

        What the last read brought beyond its `limit` is handed out before the next read.
        """
        deadline = self._clock.monotonic() + timeout.total_seconds()
        while not self._pending and not self._closing.is_set():
            left = deadline - self._clock.monotonic()
            if (link := self._await_link(left)) is None:
                break
            self._receive(link, min(max(left, 0), _TURN_S))
            if left <= 0:
                break
        taken, self._pending = self._pending[:limit], self._pending[limit:]
        return taken

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker that these are safe, in the order given, by one send.

        QoS 0 needs none; what an earlier connection delivered is passed over.
        """
        link = self._link
        if link is None:
            return
        number = link.number
        mids = [each.mid for each in deliveries if each.qos and each.connection == number]
        if mids:
            with contextlib.suppress(OSError):  # `take` reads what is left, and finds the end
                link.send(writer.pubacks(mids))

    # On the lane's thread.

    def _await_link(self, timeout_s: float) -> Link | None:
        if (link := self._link) is not None and not self._early:
            return link
        with self._changed:
            self._changed.wait_for(
                lambda: self._link or self._early or self._closing.is_set(), max(timeout_s, 0)
            )
            if self._early:
                self._pending, self._early = self._early, []
            return self._link

    def _receive(self, link: Link, timeout_s: float) -> None:
        try:
            data = link.receive(0 if self._pending else timeout_s)
        except OSError as error:
            self._lose(link, str(error))
            return
        if data is None:
            if link.unanswered_s > self._keep_alive_s / 2:
                self._lose(link, "no answer to a ping")
            return
        if not data:
            self._lose(link, "closed by the broker")
            return
        deliveries, signals = link.reader.receive(data, self._clock.now())
        self._pending += deliveries
        for signal in signals:
            self._heed(link, signal)

    def _heed(self, link: Link, signal: Signal) -> None:
        match signal:
            case Subscribed(codes):
                refused = [
                    wanted
                    for wanted, code in zip(self._filters, codes, strict=False)
                    if code >= _REFUSAL
                ]
                if refused:
                    _log.error("subscription_refused", lane=self._lane, filters=refused)
            case Disconnected(code, words):
                self._taken_over = code == TAKEN_OVER
                self._lose(link, words)
            case Flawed(flaw, detail):
                self._lose(link, f"{flaw}: {detail}")
            case Pong() | Accepted() | Refused():
                pass

    def _lose(self, link: Link, reason: str) -> None:
        with self._changed:
            if self._link is not link:
                return
            self._link = None
        link.end()
        metrics.MQTT_CONNECTED.labels(self._lane).set(0)
        if not self._closing.is_set():
            _log.warning("broker_lost", lane=self._lane, reason=reason)

    # On the keeper's thread.

    def _run(self) -> None:
        attempt = soon_lost = 0
        while not self._closing.is_set():
            try:
                link = self._open()
            except (OSError, Unavailable) as error:
                _log.warning("broker_unreachable", lane=self._lane, error=str(error))
            else:
                opened_at = self._clock.monotonic()
                self._keep(link)
                steady = self._clock.monotonic() - opened_at >= STEADY_AFTER_S
                attempt, soon_lost = (0, 0) if steady else (attempt, soon_lost + 1)
            self._pause(attempt := attempt + 1, soon_lost)

    def _pause(self, attempt: int, soon_lost: int) -> None:
        if self._closing.is_set():
            return
        if self._taken_over or soon_lost >= _SUSPICIOUS:
            _log.error("does_another_client_use_this_id", lane=self._lane, lost_soon=soon_lost)
        pause = backoff.delay(
            attempt,
            base=BACK_OFF_BASE,
            cap=BACK_OFF_CAP,
            jitter=random.random(),  # noqa: S311  (spreads reconnects, guards nothing)
        )
        self._clock.wait(self._closing, BACK_OFF_CAP if self._taken_over else pause)
        self._taken_over = False

    def _open(self) -> Link:
        """Connect and subscribe; raises OSError, or Unavailable when we are refused."""
        sock = dial(self._address, self._context, ANSWER_WITHIN_S)
        try:
            reader = Reader(self._version, connection=self._number + 1, max_packet=self._max_packet)
            sock.sendall(self._connect)
            early = self._until_accepted(sock, reader)
            wanted = self._filters
            sock.sendall(writer.subscribe(self._version, wanted))
            link = Link(sock, reader, self._number + 1, self._clock)
        except BaseException:
            sock.close()
            raise
        with self._changed:
            self._number += 1
            self._early += early
            self._link = link
            self._changed.notify_all()
        if self._filters is not wanted:  # told while we connected
            link.send(writer.subscribe(self._version, self._filters))
        metrics.MQTT_CONNECTED.labels(self._lane).set(1)
        return link

    def _until_accepted(self, sock: socket.socket, reader: Reader) -> list[Delivery]:
        deadline = self._clock.monotonic() + ANSWER_WITHIN_S
        while not self._closing.is_set():
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise Unavailable("no answer to CONNECT")
            sock.settimeout(left)
            data = sock.recv(READ_SIZE)
            if not data:
                raise Unavailable("closed by the broker before it answered")
            deliveries, signals = reader.receive(data, self._clock.now())
            match signals:
                case []:
                    continue
                case [Refused(_, words), *_]:
                    raise Unavailable(f"refused: {words}")
                case [Accepted() as accepted]:
                    self._agree(accepted)
                    return deliveries
                case _:
                    raise Unavailable(f"broke the protocol: {signals[-1]}")
        raise Unavailable("closing")

    def _agree(self, accepted: Accepted) -> None:
        self._keep_alive_s = float(accepted.keep_alive_s or self._asked_s)
        if accepted.maximum_qos == 0:
            _log.error("broker_grants_only_qos_0", lane=self._lane)
        expiry = accepted.session_expiry_s
        if expiry is not None and expiry < SESSION_EXPIRY.total_seconds():
            _log.warning("broker_forgets_the_session_sooner", lane=self._lane, after_s=expiry)
        _log.info(
            "broker_connected",
            lane=self._lane,
            connection=self._number + 1,
            session_present=accepted.session_present,
        )

    def _keep(self, link: Link) -> None:
        """Ping until the connection ends; then give its socket back."""
        while not link.ended.is_set() and not self._closing.is_set():
            left = self._keep_alive_s / 2 - link.idle_s
            if left > 0:
                self._clock.wait(link.ended, timedelta(seconds=left))
                continue
            try:
                link.ping()
            except OSError:
                link.ended.wait()  # until `take` has read what is left, and finds the end
        self._lose(link, "closing")
        link.dispose()
