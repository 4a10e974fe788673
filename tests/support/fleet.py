"""Many gateways at one broker, as they behave: at least once, repeating calls until a receipt."""

import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import Connection

from core.db import Database
from devices import commands
from devices.model import Gateway, Lift, LiftKind, PlaceType
from tests.support.small_city import AREA, NOW, TEST, found_city
from tests.support.wait import wait_until

BOOT = "proof"


def found_fleet(data: Path, size: int) -> str:
    """The small city and `size` lifts more, each with a gateway of its own; a seat's API token."""
    token = found_city(data)

    def fill(connection: Connection) -> None:
        for number in range(size):
            code = f"{200_000 + number:06d}"
            lift = commands.upsert_lift(
                connection,
                Lift(
                    id=0,
                    rescue_code=code,
                    registration_code=f"31104101002026{code}",
                    area=AREA,
                    district="410105",
                    address=f"示例路 {number} 号",
                    building=f"{number} 号楼",
                    position=None,
                    kind=LiftKind.TRACTION_PASSENGER,
                    place_type=PlaceType.RESIDENTIAL,
                    min_floor=-1,
                    max_floor=99,
                    rated_speed_m_per_s=1.75,
                    rated_load_kg=1000,
                    firm_id=None,
                    use_unit_id=None,
                ),
                NOW,
                TEST,
            )
            commands.enrol_gateway(
                connection, Gateway(gateway(number), AREA, (lift.id,)), NOW, TEST
            )

    with Database(f"sqlite:///{data / 'hub.db'}") as database:
        database.write(fill)
    return token


def gateway(number: int) -> str:
    """The id of a gateway of the fleet."""
    return f"P{number:04d}"


class Fleet:
    """One connection that speaks for all of them; what the broker has not taken is sent again."""

    def __init__(self, port: int, size: int) -> None:
        self.size = size
        self.sent: dict[str, set[int]] = {gateway(n): set() for n in range(size)}
        self.receipts: dict[str, dict[str, object]] = {}
        self._seq = [itertools.count(1) for _ in range(size)]
        self._unanswered: set[str] = set()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="fleet",
            clean_session=False,
            protocol=MQTTv311,
            reconnect_on_failure=True,
        )
        self._client.max_inflight_messages_set(1000)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(0.1, 0.5)  # type: ignore[arg-type]  # it takes floats
        self._up = threading.Event()
        self._client.on_connect = lambda *_: self._connected()
        self._client.on_disconnect = lambda *_: self._up.clear()
        self._client.on_message = self._heard
        self._published: list[object] = []
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()
        wait_until(self._up.is_set, what="the fleet to connect", timeout_s=30)

    def _connected(self) -> None:
        self._client.subscribe(f"lift/v1/{AREA}/+/receipt", qos=1)
        self._up.set()

    def _heard(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        receipt = json.loads(message.payload)
        self.receipts[receipt["event_id"]] = receipt
        self._unanswered.discard(receipt["event_id"])

    def say(self, number: int, kind: str, **told: object) -> int:
        """One message of one gateway; its sequence number."""
        seq = next(self._seq[number])
        ts = 1_795_420_800_000 + seq
        payload = {"ts": ts, "seq": seq, "boot": BOOT, **told}
        self.sent[gateway(number)].add(seq)
        self._publish(number, kind, payload)
        return seq

    def status(self, number: int, **told: object) -> int:
        """A status that differs from the last one."""
        return self.say(number, "status", floor=len(self.sent[gateway(number)]) % 90, **told)

    def poison(self, number: int, kind: str, payload: bytes) -> None:
        """Anything at all."""
        topic = f"lift/v1/{AREA}/{gateway(number)}/{kind}"
        self._published.append(self._client.publish(topic, payload, qos=1))

    def call(self, number: int, event_id: str) -> None:
        """Somebody presses the button; see `repeat_calls`."""
        self._unanswered.add(event_id)
        payload = {
            "ts": 1_795_420_800_000,
            "event_id": event_id,
            "phase": "begin",
            "source": "button",
            "people": 1,
        }
        self._publish(number, "call", payload)

    def _publish(self, number: int, kind: str, payload: dict[str, object]) -> None:
        self.poison(number, kind, json.dumps(payload).encode())

    def repeat_calls(self, calls: Sequence[tuple[int, str]]) -> None:
        """As devices do: again every few seconds until each has its receipt."""

        def answered() -> bool:
            for number, event_id in calls:
                if event_id in self._unanswered:
                    self.call(number, event_id)
            return not self._unanswered

        wait_until(answered, what="every receipt", timeout_s=180, every_s=5)

    def settled(self) -> bool:
        """Whether the broker has taken everything."""
        self._published = [each for each in self._published if not each.is_published()]  # type: ignore[attr-defined]
        return not self._published

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def fleet(port: int, size: int) -> Iterator[Fleet]:
    """A fleet that leaves at the end."""
    joined = Fleet(port, size)
    try:
        yield joined
    finally:
        joined.close()
