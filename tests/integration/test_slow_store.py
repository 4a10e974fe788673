"""L7: a store a hundred times slower stalls the broker; it loses no connection and no message."""

import json
import os
import subprocess
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

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

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

CLOCK = SystemClock()
KEEP_ALIVE = timedelta(seconds=4)
NUMBER = 12_000
QUEUE = 2_000  # of the session that has one: a sixth of all that is said
PADDING = "x" * 4_000
SLOWER = 100
SLOW_FOR_S = 5 * KEEP_ALIVE.total_seconds()
MOST_GROWTH = 40_000_000  # bytes: all that is said is 50 MB, and more as objects


def resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class SlowStore(EmbeddedStore):
    """A real store; from its first commit on each takes a hundred times as long, for a while."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, CLOCK)
        self.slow_commits = 0
        self.most_resident = 0
        self._began: float | None = None

    def commit(self, batch: Batch) -> int:
        """Commit, and then let the others wait, for a keep-alive at least."""
        began = CLOCK.monotonic()
        self._began = self._began or began
        shed = super().commit(batch)
        took = timedelta(seconds=CLOCK.monotonic() - began)
        if began - self._began < SLOW_FOR_S and batch.points:
            self.slow_commits += 1
            longer = min(max((SLOWER - 1) * took, KEEP_ALIVE), 2 * KEEP_ALIVE)
            CLOCK.wait(threading.Event(), longer)
        self.most_resident = max(self.most_resident, resident())
        return shed


KINDS = [
    pytest.param(Session, {"capacity": QUEUE}, id="paho"),
    pytest.param(BatchSession, {}, id="batch"),  # it has no queue: the socket is one
]


@pytest.mark.parametrize(("kind", "bounded"), KINDS)
def test_a_slow_store_loses_neither_the_connection_nor_a_message(
    kind: type[Session | BatchSession], bounded: dict[str, int], tmp_path: Path
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
        mosquitto.running(tmp_path / "broker", inflight=20_000) as broker,
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
            **bounded,
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
        at_first = resident()
        working.start()
        try:
            publish(broker)
            wait_until(lambda: rows(store) == NUMBER, what="every row", timeout_s=150, every_s=0.5)
        finally:
            stop.set()
            working.join()
            session.close()
        growth = store.most_resident - at_first
        print(  # noqa: T201
            f"{store.slow_commits} slow commits, {most_queued} queued at most,"
            f" {growth / 1e6:.0f} MB more memory"
        )
        assert len(connections) == 1
        assert store.slow_commits >= 2  # each outlasts a keep-alive
        assert most_queued == bounded.get("capacity", most_queued)  # it was full, and held
        assert most_queued <= QUEUE
        assert growth < MOST_GROWTH
        assert rows(store) == NUMBER


def publish(broker: mosquitto.Broker) -> None:
    """All of them at once, QoS 1, by another process: its memory is not ours."""
    now = int(CLOCK.now().timestamp() * 1000)
    command = ["mosquitto_pub", "-h", broker.host, "-p", str(broker.port), "-q", "1", "-l"]
    topic = "lift/v1/410100/G1/status"
    with subprocess.Popen([*command, "-t", topic], stdin=subprocess.PIPE, text=True) as client:
        assert client.stdin is not None
        for seq in range(NUMBER):
            told = {"ts": now, "seq": seq, "boot": "b1", "floor": seq % 10, "load_kg": 300}
            client.stdin.write(json.dumps({**told, "padding": PADDING}) + "\n")
        client.stdin.close()
        assert client.wait(120) == 0


def rows(store: EmbeddedStore) -> int:
    """How many points are in history."""
    today = CLOCK.now().date()
    return sum(store.counts(today - timedelta(days=1), today).values())
