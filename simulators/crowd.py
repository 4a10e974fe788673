"""Many gateways over one connection, as devices behave at a broker: for proofs and load.

Theory of operation. A gateway numbers what it says within its boot. What the broker has not
acknowledged is said again on the next connection; what it has acknowledged is forgotten, as QoS 1
allows. If the broker loses it then, that number never comes, and the hub sees the gap. A call alone
is repeated until its receipt is heard, whatever a broker acknowledged (`simulators.caller`).
So that a proof can tell later what was given when, each number's instants are kept.
"""

import threading
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from core.clock import Clock
from devices.protocol import codec
from devices.protocol.messages import Receipt
from simulators import caller
from simulators.caller import Caller

BOOT = "proof"
FLOORS = 90
_INFLIGHT = 1000  # what a broker of ours lets one connection have on the way


def gateway(number: int) -> str:
    """The id of a gateway of a crowd."""
    return f"P{number:04d}"


def number_of(gateway_id: str) -> int:
    """The gateway of that id; ValueError for others."""
    return int(gateway_id.removeprefix("P"))


def lift_code(number: int) -> str:
    """The rescue code of the lift of that gateway."""
    return f"{200_000 + number:06d}"


@dataclass(slots=True)
class Said:
    """What one gateway said: by number, from 1, when, and when the broker had taken it (0: not)."""

    at: "array[float]" = field(default_factory=lambda: array("d"))
    taken_at: "array[float]" = field(default_factory=lambda: array("d"))


@dataclass(frozen=True, slots=True)
class Answered:
    """A receipt, and how many seconds after the first word of its call it came."""

    receipt: Receipt
    after_s: float


class Crowd:
    """Speaks for `size` gateways, each with one lift; they live in `areas` by turns."""

    def __init__(
        self, host: str, port: int, size: int, *, clock: Clock, areas: Sequence[str]
    ) -> None:
        self.said = [Said() for _ in range(size)]
        self.answered: dict[str, Answered] = {}
        self.up = threading.Event()
        self.called: dict[str, int] = {}
        self._clock = clock
        self._areas = areas
        self._calls: dict[str, tuple[int, Caller]] = {}
        self._lock = threading.Lock()
        self._on_the_way: set[str] = set()  # calls that the broker has not taken
        self._waiting: dict[int, tuple[Said, int] | str] = {}  # by packet id
        self._early: set[int] = set()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="crowd",
            clean_session=False,
            protocol=MQTTv311,
            reconnect_on_failure=True,
        )
        self._client.max_inflight_messages_set(_INFLIGHT)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(0.1, 0.5)  # type: ignore[arg-type]  # it takes floats
        self._client.on_connect = lambda *_: self._connected()
        self._client.on_disconnect = lambda *_: self.up.clear()
        self._client.on_publish = lambda _client, _data, mid, *_: self._taken(mid)
        self._client.on_message = self._heard
        self._client.connect_async(host, port)
        self._client.loop_start()

    def area(self, number: int) -> str:
        """Where that gateway is."""
        return self._areas[number % len(self._areas)]

    @property
    def sent(self) -> dict[str, range]:
        """The numbers that each gateway has used."""
        return {gateway(n): range(1, len(each.at) + 1) for n, each in enumerate(self.said)}

    @property
    def outstanding(self) -> int:
        """What the broker has not taken yet."""
        return len(self._waiting)

    @property
    def unanswered(self) -> int:
        """Calls whose receipt was not heard yet."""
        return len(self._calls)

    def say(self, number: int, kind: str, **told: object) -> int:
        """One message of one gateway; its number."""
        said, now = self.said[number], self._clock.now().timestamp()
        said.at.append(now)
        said.taken_at.append(0.0)
        seq = len(said.at)
        payload = {"ts": int(now * 1000), "seq": seq, "boot": BOOT, **told}
        self._publish(number, kind, msgspec.json.encode(payload), (said, seq - 1))
        return seq

    def status(self, number: int, **told: object) -> int:
        """A status that differs from the last one."""
        return self.say(number, "status", floor=(len(self.said[number].at) + 1) % FLOORS, **told)

    def poison(self, number: int, kind: str, payload: bytes) -> None:
        """Anything at all."""
        self._publish(number, kind, payload, "")

    def call(self, number: int, event_id: str) -> None:
        """Somebody presses the button; `chase` repeats it."""
        at_s = self._clock.now().timestamp()
        pressed = caller.press(event_id, lift=lift_code(number), people=1, floor=1, at_s=at_s)
        self.called[event_id] = number
        self._calls[event_id] = number, pressed
        self._call(number, pressed, at_s)

    def chase(self) -> int:
        """Call again where it is time to; how many calls are not answered yet."""
        now_s = self._clock.now().timestamp()
        for number, pressed in tuple(self._calls.values()):
            due = pressed.due_s is not None and pressed.due_s <= now_s
            if due and pressed.event_id not in self._on_the_way:  # else the connection repeats it
                self._call(number, pressed, now_s)
        return self.unanswered

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _call(self, number: int, pressed: Caller, now_s: float) -> None:
        later, said = caller.send(pressed, now_s)
        with self._lock:
            if pressed.event_id in self._calls:  # else its receipt came this moment
                self._calls[pressed.event_id] = number, later
            self._on_the_way.add(pressed.event_id)
        self._publish(number, "call", codec.encode(said), pressed.event_id)

    def _publish(
        self, number: int, kind: str, payload: bytes, noted: tuple[Said, int] | str
    ) -> None:
        topic = f"lift/v1/{self.area(number)}/{gateway(number)}/{kind}"
        mid = self._client.publish(topic, payload, qos=1).mid
        with self._lock:
            if mid in self._early:
                self._early.discard(mid)
                self._note(noted)
            else:
                self._waiting[mid] = noted

    def _taken(self, mid: int) -> None:
        with self._lock:
            if mid in self._waiting:
                self._note(self._waiting.pop(mid))
            else:
                self._early.add(mid)

    def _note(self, noted: tuple[Said, int] | str) -> None:
        if isinstance(noted, str):
            self._on_the_way.discard(noted)
        else:
            said, index = noted
            said.taken_at[index] = self._clock.now().timestamp()

    def _connected(self) -> None:
        for area in self._areas:
            self._client.subscribe(f"lift/v1/{area}/+/receipt", qos=1)
        self.up.set()

    def _heard(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        receipt = msgspec.json.decode(message.payload, type=Receipt)
        with self._lock:
            found = self._calls.pop(receipt.event_id, None)
        if found is not None:
            after_s = self._clock.now().timestamp() - found[1].begun_s
            self.answered[receipt.event_id] = Answered(receipt, after_s)
