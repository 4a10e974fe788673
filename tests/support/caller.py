"""Gateways that call for help at a steady rate, and how long each waits for its receipt."""

import json
import threading
import time
from collections.abc import Sequence

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.province import AREA
from tests.support.wait import wait_until


class Caller:
    """One connection that calls for many lifts of the province, each once."""

    def __init__(self, port: int) -> None:
        self._sent: dict[str, float] = {}
        self._waited: dict[str, float] = {}
        self._refused: list[str] = []
        self._published: dict[int, float] = {}
        self._publishing = threading.Lock()
        self.taken: list[float] = []  # seconds until the broker had each call
        self._up = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id="caller", clean_session=True, protocol=MQTTv311
        )
        self._client.on_connect = lambda client, *_: client.subscribe(
            f"lift/v1/{AREA}/+/receipt", 1
        )
        self._client.on_subscribe = lambda *_: self._up.set()
        self._client.on_message = self._heard
        self._client.on_publish = lambda _c, _u, mid, *_: self._taken(mid)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_until(self._up.is_set, what="the caller to listen", timeout_s=30)

    def _heard(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        at = time.perf_counter()
        receipt = json.loads(message.payload)
        if not receipt["accepted"]:
            self._refused.append(message.payload.decode())
        self._waited.setdefault(receipt["event_id"], at - self._sent[receipt["event_id"]])

    def _taken(self, mid: int) -> None:
        with self._publishing:  # else the answer may come before its packet id is known
            began = self._published.pop(mid)
        self.taken.append(time.perf_counter() - began)

    def call(self, lifts: Sequence[int], per_s: float) -> list[float]:
        """Each lift calls, `per_s` a second; seconds that each waited for its receipt, sorted."""
        self.taken.clear()
        began = time.perf_counter()
        pace = threading.Event()
        told = [f"call-{lift:06d}" for lift in lifts]
        for nth, (lift, event_id) in enumerate(zip(lifts, told, strict=True)):
            pace.wait(max(began + nth / per_s - time.perf_counter(), 0))
            payload = {
                "ts": time.time_ns() // 1_000_000,
                "event_id": event_id,
                "phase": "begin",
                "source": "button",
                "people": 1,
            }
            topic = f"lift/v1/{AREA}/GW-{lift:06d}/call"
            with self._publishing:
                at = self._sent[event_id] = time.perf_counter()
                self._published[self._client.publish(topic, json.dumps(payload), qos=1).mid] = at
        wait_until(lambda: self._waited.keys() >= set(told), what="every receipt", timeout_s=60)
        assert not self._refused, self._refused[0]
        return sorted(self._waited[each] for each in told)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()
