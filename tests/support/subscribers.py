"""The implementations of the subscriber's seam, opened alike, and what a lane does with them."""

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from core.clock import SystemClock
from ingest.lane import BrokerAddress, Delivery, Subscriber
from ingest.mqtt import Session
from ingest.subscriber.packets import Version
from ingest.subscriber.session import BatchSession
from tests.support.wait import wait_until

KINDS = ("paho", "batch", "batch-5")
FILTERS = ("lift/v1/+/+/status",)
TOPIC = "lift/v1/410100/G1/status"


def make(
    kind: str,
    address: BrokerAddress,
    *,
    client_id: str = "hub-telemetry-0",
    filters: Sequence[str] = FILTERS,
    keep_alive: timedelta = timedelta(seconds=30),
    capacity: int = 50,
) -> Subscriber:
    """A subscriber that is not started; paho with a short queue, so that it stalls soon."""
    clock = SystemClock()
    if kind == "paho":
        return Session(
            address,
            client_id,
            filters,
            lane="telemetry",
            clock=clock,
            capacity=capacity,
            keep_alive=keep_alive,
        )
    return BatchSession(
        address,
        client_id,
        filters,
        lane="telemetry",
        clock=clock,
        keep_alive=keep_alive,
        version=Version.V5 if kind == "batch-5" else Version.V3_1_1,
    )


@contextmanager
def opened(subscriber: Subscriber) -> Iterator[Subscriber]:
    """Started and connected for the time of the block."""
    subscriber.start()
    try:
        wait_until(lambda: subscriber.connected, what="the subscriber to connect", timeout_s=30)
        yield subscriber
    finally:
        subscriber.close()


def taken(
    subscriber: Subscriber,
    count: int,
    *,
    settle: Callable[[list[Delivery]], None] | None = None,
    within_s: float = 30,
) -> list[Delivery]:
    """At least `count` deliveries, acknowledged batch by batch unless `settle` says otherwise."""
    found: list[Delivery] = []
    deadline = time.monotonic() + within_s
    while len(found) < count and time.monotonic() < deadline:
        batch = subscriber.take(500, timedelta(milliseconds=200))
        found += batch
        (settle or subscriber.acknowledge)(batch)
    assert len(found) >= count, f"{len(found)} of {count} in {within_s} s"
    return found


def keep(_batch: list[Delivery]) -> None:
    """Settle nothing."""


def publish_lines(
    port: int, lines: Iterable[str], topic: str = TOPIC, options: Sequence[str] = ()
) -> None:
    """One message a line, QoS 1, by the real client; back when the broker has all of them."""
    subprocess.run(
        [
            "mosquitto_pub",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-q",
            "1",
            "-t",
            topic,
            "-l",
            *options,
        ],
        input="".join(f"{line}\n" for line in lines).encode(),
        check=True,
        timeout=60,
    )
