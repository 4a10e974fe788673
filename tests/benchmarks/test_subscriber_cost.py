"""What a message costs the telemetry lane's subscriber, paho beside batch, in one run.

Run with `pytest tests/benchmarks/test_subscriber_cost.py -m bench -s`; docs/design/performance.md
keeps the figures. CPU is that of this process alone: mosquitto and its clients are others.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.lane import BrokerAddress, Subscriber
from ingest.mqtt import QUEUED_MESSAGES
from ingest.subscriber import writer
from ingest.subscriber.packets import Version
from ingest.subscriber.reader import Reader
from tests.support import mosquitto
from tests.support.ports import free_port
from tests.support.scripted_broker import ACCEPTED, ACCEPTED_5, publish
from tests.support.subscribers import KINDS, TOPIC, make, opened
from tests.support.wait import wait_until

pytestmark = [pytest.mark.bench, pytest.mark.broker, pytest.mark.timeout(900)]

MESSAGES = 40_000
ROUNDS = 2
PUBLISHERS = 2
BATCH = 500
COMMIT_S = 0.002
STATUS = json.dumps(
    {
        "ts": 1767323045000,
        "seq": 123456,
        "boot": "b1",
        "lift": "100001",
        "mode": "normal",
        "car": "running",
        "direction": "up",
        "floor": 7,
        "door": "closed",
        "speed_m_s": 1.75,
        "people": True,
        "load_pct": 35,
        "doors_closed": True,
    }
)


class Fast(mosquitto.Broker):
    """mosquitto without saving: it is the subscriber that is measured."""

    def start(self) -> None:
        program = mosquitto.find()
        assert program is not None
        file = self.folder / "mosquitto.conf"
        file.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "max_queued_messages 0\nmax_inflight_messages 2000\nlog_dest none\n"
        )
        self._process = subprocess.Popen([program, "-c", str(file)])
        wait_until(self._answers, what="mosquitto to listen")


@dataclass
class Measured:
    cpu_us: float
    per_s: float
    batch: float


@contextmanager
def publishing(port: int, lines: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Real clients that publish a file line by line."""
    clients = []
    for _ in range(PUBLISHERS):
        with lines.open("rb") as source:
            command = ["mosquitto_pub", "-p", str(port), "-q", "1", "-t", TOPIC, "-l"]
            clients.append(subprocess.Popen(command, stdin=source))
    try:
        yield clients
    finally:
        for client in clients:
            client.wait(120)


def consume(subscriber: Subscriber, commit_s: float = 0) -> Measured:
    """CPU and rate of taking and settling MESSAGES, with a commit that only takes time."""
    committing = threading.Event()
    got = reads = 0
    began, used = time.monotonic(), time.process_time()
    while got < MESSAGES:
        batch = subscriber.take(BATCH, timedelta(seconds=10))
        assert batch, f"{got} of {MESSAGES}"
        if commit_s:
            committing.wait(commit_s)
        subscriber.acknowledge(batch)
        got += len(batch)
        reads += 1
    spent = time.process_time() - used
    return Measured(spent / got * 1e6, got / (time.monotonic() - began), got / reads)


def table(title: str, rows: dict[str, list[Measured]]) -> dict[str, float]:
    """Writes down the best round of each; answers its CPU."""
    best = {kind: min(found, key=lambda m: m.cpu_us) for kind, found in rows.items()}
    sys.stdout.write(f"\n{title}: CPU per message, ratio, rate, batch\n")
    for kind, m in best.items():
        ratio = best["paho"].cpu_us / m.cpu_us
        sys.stdout.write(
            f"  {kind:8} {m.cpu_us:6.2f} us {ratio:5.1f}x {m.per_s:8.0f}/s, {m.batch:.0f} a batch\n"
        )
    return {kind: m.cpu_us for kind, m in best.items()}


def test_the_batch_subscriber_costs_a_third_of_paho_at_most(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text(f"{STATUS}\n" * (MESSAGES // PUBLISHERS))
    live: dict[str, list[Measured]] = {kind: [] for kind in KINDS}
    lane: dict[str, list[Measured]] = {kind: [] for kind in KINDS}
    late: dict[str, list[Measured]] = {kind: [] for kind in KINDS}
    broker = Fast(tmp_path, free_port())
    broker.start()
    address = BrokerAddress("127.0.0.1", broker.port)

    def session(kind: str) -> AbstractContextManager[Subscriber]:
        return opened(make(kind, address, capacity=QUEUED_MESSAGES))

    try:
        for kind in KINDS * ROUNDS:
            with session(kind) as subscriber, publishing(broker.port, lines):
                live[kind].append(consume(subscriber))
            with session(kind) as subscriber, publishing(broker.port, lines):
                lane[kind].append(consume(subscriber, COMMIT_S))
            with publishing(broker.port, lines):
                pass  # the session stands: it waits for its subscriber
            with session(kind) as subscriber:
                late[kind].append(consume(subscriber))
    finally:
        broker.stop()
    costs = [
        table("as it is published, settled at once", live),
        table(f"as it is published, settled after {COMMIT_S * 1000:.0f} ms", lane),
        table("what waited while the hub was away, settled at once", late),
    ]
    assert all(cost["paho"] / cost["batch"] >= 3 for cost in costs)


@pytest.mark.parametrize("version", Version)
def test_the_codec_takes_at_most_three_microseconds(version: Version) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    one_read = publish(TOPIC, STATUS.encode(), 7, version=version) * 900  # some 256 KiB
    best, settling = 1.0, 1.0
    for _ in range(50):
        reader = Reader(version, connection=1)
        reader.receive(ACCEPTED_5 if version is Version.V5 else ACCEPTED, at)
        began = time.perf_counter()
        found = reader.receive(one_read, at).deliveries
        read = time.perf_counter()
        writer.pubacks([each.mid for each in found])
        settling = min(settling, time.perf_counter() - read)
        best = min(best, read - began)
        assert len(found) == 900
    sys.stdout.write(
        f"\n{version.name}: {best / 900 * 1e6:.2f} us to read a message,"
        f" {settling / 900 * 1e6:.2f} us to settle it\n"
    )
    assert best / 900 <= 3e-6
