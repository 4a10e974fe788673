"""What is said in cities that nobody has: heard beside the lane, so that it is refused by name.

Theory of operation. Once there are several shards each subscribes to its cities by name, and what
a gateway says under a city in which none is registered would be nobody's: mistyped, moved, not yet
enrolled, and missed by nobody. MQTT knows no filter for "all others". So HOME listens to all in a
second session - QoS 0, clean: the broker queues nothing for it, and the lane's own session and its
queue stay as they are - and keeps what is nobody's. The lane takes that with its next batch, and
the pipeline refuses it, or not, as it would with one shard. Nothing here is acknowledged, and what
comes faster than the lane takes it is dropped and counted: strays are for the eye.
"""

import random
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from core import backoff, log, metrics
from core.clock import Clock
from core.errors import Unavailable
from core.ids import new_secret
from devices.protocol.topics import TELEMETRY_FILTERS
from ingest.lane import BrokerAddress, Delivery
from ingest.shards import area_of
from ingest.subscriber import writer
from ingest.subscriber.link import READ_SIZE, dial, secured
from ingest.subscriber.packets import Accepted, Flawed, Refused, Subscribed, Version
from ingest.subscriber.reader import Reader

LANE = "strays"
MOST = 2_000  # that wait for the lane
KEEP_ALIVE = timedelta(seconds=30)
BREATH = timedelta(milliseconds=50)  # one read then brings many: a third of the cost
_TURN_S = 0.5
_ANSWER_WITHIN_S = 5.0
_REFUSAL = 0x80
_RETRY_BASE, _RETRY_CAP = timedelta(milliseconds=200), timedelta(seconds=15)

_log = log.get(__name__)


class Strays:
    """`run` is for a thread of its own, `take` for the lane's. `owned`: the area is somebody's."""

    def __init__(
        self,
        address: BrokerAddress,
        clock: Clock,
        owned: Callable[[str], bool],
        *,
        version: Version = Version.V3_1_1,
        most: int = MOST,
    ) -> None:
        self._most = most
        self._address = address
        self._context = secured(address)
        self._clock = clock
        self._owned = owned
        self._version = version
        self._waiting: deque[Delivery] = deque()
        self.listens = threading.Event()  # the broker has taken the subscription

    def take(self) -> Sequence[Delivery]:
        """What has come since the last time."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop` is set; a broker that is away is asked again, ever more seldom."""
        attempt = 0
        while not stop.is_set():
            try:
                self._listen(stop)
                attempt = 0
            except (OSError, Unavailable) as error:
                attempt = 1 if self.listens.is_set() else attempt + 1
                if attempt == 1:  # the lane tells the rest
                    _log.warning("strays_not_heard", error=str(error))
                jitter = random.random()  # noqa: S311  (spreads reconnects, guards nothing)
                pause = backoff.delay(attempt, base=_RETRY_BASE, cap=_RETRY_CAP, jitter=jitter)
                self._clock.wait(stop, pause)
            finally:
                self.listens.clear()

    def _listen(self, stop: threading.Event) -> None:
        hello = writer.connect(
            self._version,
            f"hub-strays-{new_secret()[:12]}",
            keep_alive=KEEP_ALIVE,
            username=self._address.username,
            password=self._address.password,
            session_expiry=timedelta(0),
            clean=True,
        )
        reader = Reader(self._version, connection=0)
        with dial(self._address, self._context, _ANSWER_WITHIN_S) as sock:
            sock.sendall(hello)
            sock.settimeout(_TURN_S)
            heard_at = pinged_at = self._clock.monotonic()
            while not stop.is_set():
                now = self._clock.monotonic()
                if now - heard_at > KEEP_ALIVE.total_seconds():
                    raise Unavailable("no answer to a ping")
                if now - pinged_at > KEEP_ALIVE.total_seconds() / 3:
                    sock.sendall(writer.PINGREQ)
                    pinged_at = now
                try:
                    data = sock.recv(READ_SIZE)
                except TimeoutError:
                    continue
                if not data:
                    raise Unavailable("closed by the broker")
                heard_at = self._clock.monotonic()
                self._hear(sock, reader, data)
                if len(data) < READ_SIZE:
                    self._clock.wait(stop, BREATH)
            sock.sendall(writer.DISCONNECT)

    def _hear(self, sock: socket.socket, reader: Reader, data: bytes) -> None:
        deliveries, signals = reader.receive(data, self._clock.now())
        for signal in signals:
            match signal:
                case Accepted():
                    sock.sendall(writer.subscribe(self._version, TELEMETRY_FILTERS, qos=0))
                case Subscribed(codes) if any(code >= _REFUSAL for code in codes):
                    raise Unavailable("the broker refuses the subscription")
                case Subscribed():
                    self.listens.set()
                case Refused(_, words):
                    raise Unavailable(f"refused: {words}")
                case Flawed(flaw, detail):
                    raise Unavailable(f"{flaw}: {detail}")
                case _:
                    pass
        found = [each for each in deliveries if not self._owned(area_of(each.topic))]
        room = max(self._most - len(self._waiting), 0)
        self._waiting.extend(found[:room])
        if len(found) > room:
            metrics.STRAYS_DROPPED.inc(len(found) - room)
