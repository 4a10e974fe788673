"""Cities that nobody is registered in, heard beside a lane by a real broker."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from core import metrics
from core.clock import SystemClock
from ingest.lane import BrokerAddress, Delivery
from ingest.strays import Strays
from ingest.subscriber.packets import Version
from tests.support import mosquitto
from tests.support.wait import wait_until

pytestmark = pytest.mark.broker
OURS, STRAY = "lift/v1/410100/G1/status", "lift/v1/999999/G1/status"


@contextmanager
def listening(strays: Strays) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=strays.run, args=(stop,))
    thread.start()
    try:
        wait_until(strays.listens.is_set, what="the broker to take the subscription")
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("version", list(Version))
def test_what_is_nobodys_is_heard_and_the_rest_is_passed_over(
    tmp_path: Path, version: Version
) -> None:
    with mosquitto.running(tmp_path) as broker:
        where = BrokerAddress(broker.host, broker.port)
        strays = Strays(where, SystemClock(), lambda area: area == "410100", version=version)
        taken: list[Delivery] = []

        def heard() -> Sequence[Delivery]:
            taken.extend(strays.take())
            return taken

        with listening(strays):
            broker.publish(OURS, "ours")
            broker.publish(STRAY, "stray")
            wait_until(heard, what="a stray")
            broker.kill()
            wait_until(lambda: not strays.listens.is_set(), what="the loss to be seen")
            broker.start()
            wait_until(strays.listens.is_set, timeout_s=30, what="it to listen again")
            broker.publish("kitchen/v1/999999/K1/heartbeat", "again")
            wait_until(lambda: len(heard()) == 2, what="another")
        assert [(each.topic, each.payload, each.qos) for each in taken] == [
            (STRAY, b"stray", 0),
            ("kitchen/v1/999999/K1/heartbeat", b"again", 0),
        ]


def test_a_lane_that_does_not_take_bounds_what_waits(tmp_path: Path) -> None:
    with mosquitto.running(tmp_path) as broker:
        where = BrokerAddress(broker.host, broker.port)
        strays = Strays(where, SystemClock(), lambda area: area == "410100", most=2)
        with listening(strays):
            dropped = metrics.STRAYS_DROPPED._value.get()
            for n in range(3):
                broker.publish(STRAY, f"{n}")
            wait_until(
                lambda: metrics.STRAYS_DROPPED._value.get() > dropped, what="one to be dropped"
            )
        assert [each.payload for each in strays.take()] == [b"0", b"1"]
        assert strays.take() == []
