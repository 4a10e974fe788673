"""A gateway's connection to the broker: one client id, one sequence, its own back-off.

What it wants to say waits in an outbox of bounded length while there is no connection; the oldest
telemetry is dropped first and counted (`shed`), which the hub sees as a gap in `seq`. Calls for
help wait apart and are never dropped. After a reconnection the outbox leaves as arrays.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice, takewhile
from random import Random

import aiomqtt

from core.backoff import delay
from core.clock import Clock
from core.log import get
from devices.protocol import codec
from devices.protocol.messages import (
    Call,
    CallPhase,
    Command,
    CommandAck,
    Heartbeat,
    Kind,
    Message,
    Receipt,
)
from devices.protocol.topics import Realm, Topic, parse

OUTBOX = 600
RETRY_BASE = timedelta(seconds=1)
RETRY_CAP = timedelta(seconds=20)
_log = get("simulators.gateway")


@dataclass(frozen=True, slots=True)
class BrokerDoor:
    """Where the broker is; without a username a gateway does not sign in."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False


class GatewayLink:
    """One simulated gateway on the wire. `post` and `call` never block; `run` does the talking."""

    def __init__(
        self,
        identity: str,
        area: str,
        realm: Realm,
        *,
        boot: str,
        clock: Clock,
        dice: Random,
        on_connected: Callable[[], None],
        on_receipt: Callable[[Receipt], None],
        on_command: Callable[[Command], None],
    ) -> None:
        self.identity = identity
        self.boot = boot
        self.connected = False
        self.shed = 0
        self._area, self._realm = area, realm
        self._clock, self._dice = clock, dice
        self._on_connected, self._on_receipt = on_connected, on_receipt
        self._on_command = on_command
        self._seq = 0
        self._calls: dict[tuple[str, CallPhase], Call] = {}
        self._outbox: deque[tuple[Kind, Message]] = deque()
        self._waiting = asyncio.Event()

    def next_seq(self) -> int:
        """The sequence number of the next message; 0 is kept for the last will."""
        self._seq += 1
        return self._seq

    def post(self, kind: Kind, message: Message) -> None:
        """Say something when the connection allows."""
        if len(self._outbox) >= OUTBOX:
            self._outbox.popleft()
            self.shed += 1
        self._outbox.append((kind, message))
        self._waiting.set()

    def call(self, call: Call) -> None:
        """Call for help before anything else is said; a repeat takes the place of its like."""
        self._calls[call.event_id, call.phase] = call
        self._waiting.set()

    def heartbeat(self, at_s: float, *, uptime_s: float) -> None:
        """Say that the gateway lives."""
        beat = Heartbeat(
            ts=int(at_s * 1000),
            seq=self.next_seq(),
            boot=self.boot,
            signal_dbm=-71,
            battery_pct=96,
            firmware="sample-1",
            uptime_s=round(max(uptime_s, 0.0), 1),
        )
        self.post(Kind.HEARTBEAT, beat)

    async def run(self, door: BrokerDoor) -> None:
        """Stay connected until cancelled; each failure waits longer, with jitter."""
        attempt = 0
        while True:
            try:
                await self._connection(door)
            except aiomqtt.MqttError as error:
                if self.connected:
                    attempt = 0
                    _log.info("gateway lost its broker", gateway=self.identity, error=str(error))
            self.connected = False
            attempt += 1
            jitter = self._dice.random()
            await self._clock.sleep(delay(attempt, base=RETRY_BASE, cap=RETRY_CAP, jitter=jitter))

    def _topic(self, kind: Kind) -> str:
        return str(Topic(self._realm, self._area, self.identity, kind))

    def will(self) -> aiomqtt.Will:
        """What the broker says when the connection breaks; composed now, outside the numbering."""
        ts = int(self._clock.now().timestamp() * 1000)
        gone = Heartbeat(ts=ts, seq=0, boot=self.boot, offline=True)
        return aiomqtt.Will(self._topic(Kind.HEARTBEAT), codec.encode(gone), qos=1)

    async def _connection(self, door: BrokerDoor) -> None:
        client = aiomqtt.Client(
            door.host,
            door.port,
            username=door.username or None,
            password=door.password or None,
            tls_context=ssl.create_default_context() if door.tls else None,
            identifier=self.identity,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            will=self.will(),
        )
        async with client:
            if self._realm is Realm.LIFT:
                wanted = [(self._topic(Kind.RECEIPT), 1), (self._topic(Kind.CMD), 1)]
                await client.subscribe(wanted)
            self.connected = True
            self._on_connected()
            talking = asyncio.create_task(self._talk(client), name=f"talk {self.identity}")
            listening = asyncio.create_task(self._listen(client), name=f"listen {self.identity}")
            both = (talking, listening)
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in both:
                    task.cancel()
                ends = await asyncio.gather(*both, return_exceptions=True)
            for end in ends:
                if isinstance(end, Exception):
                    raise end

    async def _talk(self, client: aiomqtt.Client) -> None:
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            while self._calls or self._outbox:
                if self._calls:
                    await self._say_call(client)
                else:
                    await self._say_some(client)

    async def _say_call(self, client: aiomqtt.Client) -> None:
        key, call = next(iter(self._calls.items()))
        await client.publish(self._topic(Kind.CALL), codec.encode(call), qos=1)
        if self._calls.get(key) is call:
            del self._calls[key]

    async def _say_some(self, client: aiomqtt.Client) -> None:
        """Publish the longest run of one kind at the head of the outbox."""
        kind = self._outbox[0][0]
        head = takewhile(lambda each: each[0] is kind, self._outbox)
        some = list(islice(head, codec.MAX_OBJECTS))
        for _ in some:
            self._outbox.popleft()
        messages = [message for _, message in some]
        payload = codec.encode(messages if len(messages) > 1 else messages[0])
        try:
            await client.publish(self._topic(kind), payload, qos=1)
        except BaseException:
            self._outbox.extendleft(reversed(some))
            self._waiting.set()
            raise

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            for said in codec.decode(parse(message.topic.value), message.payload).messages:
                match said:
                    case Receipt():
                        self._on_receipt(said)
                    case Command():
                        self._on_command(said)
                        self.post(Kind.CMD_ACK, CommandAck(cmd_id=said.cmd_id, ok=True))
                    case _:
                        pass
