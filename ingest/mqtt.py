"""One lane's session with the broker: nothing is acknowledged before the lane says so.

Theory of operation. The session is persistent (fixed client id, `clean_session` False), so the
broker keeps what is not acknowledged and sends it again. One thread reads the socket into a
bounded queue. When the queue is full the thread stops reading - the broker and TCP hold the rest -
but goes on writing acknowledgements and repeats its subscription within the keep-alive time, so
that the broker does not take a busy lane for a dead one. Message ids belong to one connection:
what an earlier connection delivered is never acknowledged on a later one, where the same id may
name another message; the broker delivers it again and the lane finds the duplicate.

MQTT 3.1.1, because it costs half the CPU of MQTT 5 (property parsing) and nothing here needs more.
"""

import contextlib
import random
import select
import socket
import threading
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from core import backoff, log, metrics
from core.clock import Clock
from ingest.lane import BrokerAddress, Delivery

QUEUED_MESSAGES = 10_000
QUEUED_BYTES = 64 * 1024 * 1024
OUTGOING = 10_000  # publications kept in memory while the broker is away
KEEP_ALIVE = timedelta(seconds=30)
BACK_OFF_BASE = timedelta(milliseconds=200)
BACK_OFF_CAP = timedelta(seconds=15)
STEADY_AFTER = timedelta(seconds=10)
_LEAVE_WITHIN_S = 2.0
_TURN_S = 0.25  # the longest the thread looks away from `close`

_log = log.get(__name__)


class Session:
    """A lane's persistent session. `take` and `acknowledge` are for one consumer thread."""

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        filters: Sequence[str],
        *,
        lane: str,
        clock: Clock,
        capacity: int = QUEUED_MESSAGES,
        keep_alive: timedelta = KEEP_ALIVE,
    ) -> None:
        self._address = address
        self._lane = lane
        self._clock = clock
        self._capacity = capacity
        self._keep_alive = keep_alive
        self._subscriptions = [(each, 1) for each in filters]
        self._queue: deque[Delivery] = deque()
        self._queued_bytes = 0
        self._arrived = threading.Condition()
        self._connection = 0
        self._up = threading.Event()
        self._acknowledging = threading.Lock()
        self._closing = threading.Event()
        self._answered = threading.Event()  # the latest subscription
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{lane}", daemon=True)
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=MQTTv311,
            manual_ack=True,
        )
        self._client.max_queued_messages_set(OUTGOING)
        if address.username:
            self._client.username_pw_set(address.username, address.password)
        if address.tls:
            self._client.tls_set(
                address.ca_file or None, address.cert_file or None, address.key_file or None
            )
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)  # noqa: FBT003  (its only signature)
        self._wake_out.setblocking(False)  # noqa: FBT003  (its only signature)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        # With this hook set, other threads only queue their packets; ours alone writes the socket.
        self._client.on_socket_register_write = lambda *_: self._wake()

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the connection that stands now."""
        return self._up.is_set()

    @property
    def queued(self) -> int:
        """How many deliveries wait for the lane."""
        return len(self._queue)

    def start(self) -> None:
        """Connect, and keep connecting until `close`."""
        self._client.connect_async(
            self._address.host, self._address.port, int(self._keep_alive.total_seconds())
        )
        self._thread.start()

    def close(self) -> None:
        """Leave the broker; what is not acknowledged stays there for the next start."""
        self._closing.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join()
        self._wake_in.close()
        self._wake_out.close()

    def follow(self, filters: Sequence[str]) -> None:
        """Subscribe to these too, on the connection that stands and on every later one."""
        new = [(each, 1) for each in filters if (each, 1) not in self._subscriptions]
        if new:
            self._subscriptions = [*self._subscriptions, *new]
            self._client.subscribe(new)
            self._wake()

    def take(self, limit: int, timeout: timedelta) -> list[Delivery]:
        """Whatever is queued, oldest first, at most `limit`; waits `timeout` for the first."""
        with self._arrived:
            self._arrived.wait_for(lambda: bool(self._queue), timeout.total_seconds())
            taken = [self._queue.popleft() for _ in range(min(limit, len(self._queue)))]
            self._queued_bytes -= sum(len(each.payload) for each in taken)
        if taken:
            self._wake()
        return taken

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker that these are safe, in the order given.

        QoS 0 needs none; what an earlier connection delivered is passed over.
        """
        with self._acknowledging:
            for each in deliveries:
                if each.qos > 0 and each.connection == self._connection:
                    self._client.ack(each.mid, each.qos)
        self._wake()

    def publish(self, topic: str, payload: bytes, qos: int) -> bool:
        """Send, or keep in memory while the broker is away; False when even that is full."""
        sent = self._client.publish(topic, payload, qos)
        self._wake()
        return sent.rc in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN)

    # The network thread.

    def _run(self) -> None:
        attempt = 0
        while not self._closing.is_set():
            try:
                self._client.reconnect()
                if self._converse():
                    attempt = 0
            except (OSError, ValueError) as error:
                _log.warning("broker_unreachable", lane=self._lane, error=str(error))
            attempt += 1
            pause = backoff.delay(
                attempt,
                base=BACK_OFF_BASE,
                cap=BACK_OFF_CAP,
                jitter=random.random(),  # noqa: S311  (spreads reconnects, guards nothing)
            )
            self._clock.wait(self._closing, pause)

    def _converse(self) -> bool:
        """Serve one connection to its end; tell whether it stood for STEADY_AFTER.

        Two clients with one id throw each other out, accepted or not; it must not become a spin.
        """
        opened_at = heard_at = self._clock.monotonic()
        while not self._closing.is_set() and (link := self._client.socket()) is not None:
            stalled = self._full()
            writes = [link] if self._client.want_write() else []
            reads = [self._wake_out] if stalled else [self._wake_out, link]
            pending = getattr(link, "pending", lambda: 0)() > 0 and not stalled  # TLS keeps a rest
            try:
                readable, writable, _ = select.select(reads, writes, [], 0 if pending else _TURN_S)
            except (OSError, ValueError):  # closed under our hands: the loop's head will see it
                readable, writable = [link], []
            if self._wake_out in readable:
                with contextlib.suppress(BlockingIOError):
                    self._wake_out.recv(4096)
            if pending or link in readable:
                self._client.loop_read()
            if writable or self._client.want_write():
                self._client.loop_write()
            if not stalled:
                heard_at = self._clock.monotonic()
                self._client.loop_misc()
            elif self._clock.monotonic() - heard_at > self._keep_alive.total_seconds() / 3:
                heard_at = self._clock.monotonic()
                self._subscribe()
        if self._closing.is_set():
            self._leave()
        return self._clock.monotonic() - opened_at > STEADY_AFTER.total_seconds()

    def _leave(self) -> None:
        # mosquitto does not read what stands before a connection's end: it has to have answered.
        self._answered.clear()
        self._subscribe()
        until = self._clock.monotonic() + _LEAVE_WITHIN_S
        while not self._answered.is_set() and (link := self._client.socket()) is not None:
            if (left := until - self._clock.monotonic()) <= 0:
                break
            self._client.loop_write()
            pending = getattr(link, "pending", lambda: 0)()
            if pending or select.select([link], [], [], min(left, _TURN_S))[0]:
                self._client.loop_read()
        self._client.disconnect()
        if self._client.want_write():
            self._client.loop_write()
        if (link := self._client.socket()) is not None:
            link.close()

    def _full(self) -> bool:
        return len(self._queue) >= self._capacity or self._queued_bytes >= QUEUED_BYTES

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_in.send(b"x")

    def _subscribe(self) -> None:
        self._client.subscribe(self._subscriptions)

    # What paho calls, on the network thread.

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            _log.error("broker_refused", lane=self._lane, reason=str(reason))
            return
        with self._acknowledging:
            self._connection += 1
        self._up.set()
        metrics.MQTT_CONNECTED.labels(self._lane).set(1)
        _log.info("broker_connected", lane=self._lane, connection=self._connection)
        self._subscribe()

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._acknowledging:
            self._connection += 1
        if self._up.is_set():
            _log.warning("broker_lost", lane=self._lane, reason=str(reason))
        self._up.clear()
        metrics.MQTT_CONNECTED.labels(self._lane).set(0)

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._answered.set()
        refused = [
            wanted
            for (wanted, _), reason in zip(self._subscriptions, reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            _log.error("subscription_refused", lane=self._lane, filters=refused)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # a topic that is not UTF-8 parses as none of ours and is refused there
        delivery = Delivery(
            topic,
            bytes(message.payload),
            self._clock.now(),
            message.mid,
            message.qos,
            self._connection,
            message.dup,
            message.retain,
        )
        with self._arrived:
            self._queue.append(delivery)
            self._queued_bytes += len(delivery.payload)
            self._arrived.notify()


def _send_at_once(_client: Client, _userdata: object, sock: Any) -> None:  # Any: plain or TLS
    """Let no packet wait for the other side's acknowledgement of the one before.

    A receipt follows the PUBACK of its call; the kernel would keep it back for some 40 ms, because
    each side waits for the other (RFC 896; RFC 1122, 4.2.3.2 and 4.2.3.4).
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
