"""L7: a store a hundred times slower stalls the broker; it loses no connection and no message."""

import json
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from alerts import conditions
from core.clock import SystemClock
from devices.protocol.topics import TELEMETRY_FILTERS
from ingest.deadband import DeadBands
from ingest.lane import BrokerAddress, Delivery
from ingest.latest import LatestStates
from ingest.mqtt import Session
from ingest.subscriber.session import BatchSession
from ingest.telemetry import TelemetryLane
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Batch
from tests.support import mosquitto
from tests.support.registry import sample_directory
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

CLOCK = SystemClock()
KEEP_ALIVE = timedelta(seconds=4)
NUMBER = 3_000


class SlowStore(EmbeddedStore):
    """A real store that keeps the lane waiting at its first commits."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, CLOCK)
        self.commits = 0

    def commit(self, batch: Batch) -> int:
        """Commit, twice after two keep-alives' waiting."""
        self.commits += 1
        if self.commits <= 2:
            CLOCK.wait(threading.Event(), 2 * KEEP_ALIVE)
        return super().commit(batch)


@pytest.mark.parametrize("kind", [Session, BatchSession], ids=["paho", "batch"])
def test_a_slow_store_loses_neither_the_connection_nor_a_message(
    kind: type[Session | BatchSession], tmp_path: Path
) -> None:
    connections: set[int] = set()
    most_queued = 0

    class Watching(kind):  # type: ignore[misc, valid-type]  # one of the two
        def take(self, limit: int, timeout: timedelta) -> list[Delivery]:
            nonlocal most_queued
            most_queued = max(most_queued, self.queued)
            taken: list[Delivery] = super().take(limit, timeout)
            connections.update(each.connection for each in taken)
            return taken

    with (
        mosquitto.running(tmp_path / "broker") as broker,
        closing(SlowStore(tmp_path / "telemetry")) as store,
        closing(LatestStates(tmp_path / "latest")) as latest,
    ):
        session = Watching(
            BrokerAddress(broker.host, broker.port),
            "slow",
            TELEMETRY_FILTERS,
            lane="telemetry",
            clock=CLOCK,
            keep_alive=KEEP_ALIVE,
        )
        lane = TelemetryLane(
            session,
            sample_directory,
            conditions.judge,
            conditions.elapse,
            store,
            CLOCK,
            latest,
            bands=DeadBands.off(),
        )
        stop = threading.Event()
        working = threading.Thread(target=lane.run, args=(stop,), name="lane")
        session.start()
        wait_until(lambda: session.connected, what="the session")
        working.start()
        try:
            publish(broker)
            wait_until(lambda: rows(store) == NUMBER, what="every row", timeout_s=90, every_s=0.5)
        finally:
            stop.set()
            working.join()
            session.close()
        assert len(connections) == 1
        assert most_queued <= 10_000
        assert rows(store) == NUMBER


def publish(broker: mosquitto.Broker) -> None:
    """All of them at once, QoS 1, taken by the broker."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(2000)
    client.connect(broker.host, broker.port)
    client.loop_start()
    now = int(CLOCK.now().timestamp() * 1000)
    sent = [
        client.publish(
            "lift/v1/410100/G1/status",
            json.dumps({"ts": now, "seq": seq, "boot": "b1", "floor": seq % 10, "load_kg": 300}),
            qos=1,
        )
        for seq in range(NUMBER)
    ]
    wait_until(sent[-1].is_published, what="the broker to take it all", timeout_s=60)
    client.disconnect()
    client.loop_stop()


def rows(store: EmbeddedStore) -> int:
    """How many points are in history."""
    today = CLOCK.now().date()
    return sum(store.counts(today - timedelta(days=1), today).values())
