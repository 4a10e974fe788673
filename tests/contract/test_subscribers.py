"""What a lane may rely on, of each subscriber, with real brokers."""

import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.lane import BrokerAddress, Delivery, Subscriber
from tests.support import embedded, mosquitto
from tests.support.subscribers import (
    KINDS,
    TOPIC,
    keep,
    make,
    opened,
    publish_lines,
    taken,
)
from tests.support.wait import wait_until

pytestmark = pytest.mark.broker

Broker = mosquitto.Broker | embedded.Broker


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["mosquitto", "embedded"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    server = mosquitto if request.param == "mosquitto" else embedded
    with server.running(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def mosquitto_only(tmp_path: Path) -> Iterator[mosquitto.Broker]:
    with mosquitto.running(tmp_path / "broker") as running:
        yield running


def at(broker: Broker, kind: str) -> BrokerAddress:
    """rumqttd speaks MQTT 5 on a port of its own."""
    own = isinstance(broker, embedded.Broker) and kind == "batch-5"
    return BrokerAddress(broker.host, broker.port + own)


@pytest.fixture
def open_one(kind: str) -> Callable[..., Subscriber]:
    def build(broker: Broker, keep_alive_s: float = 30) -> Subscriber:
        return make(kind, at(broker, kind), keep_alive=timedelta(seconds=keep_alive_s))

    return build


def payloads(found: list[bytes]) -> list[int]:
    return [int(each) for each in found]


def test_everything_is_delivered_once_and_in_order(
    broker: Broker, open_one: Callable[..., Subscriber]
) -> None:
    with opened(open_one(broker)) as subscriber:
        publish_lines(broker.port, map(str, range(1000)))
        found = taken(subscriber, 1000)
        assert payloads([each.payload for each in found]) == list(range(1000))
        assert {each.topic for each in found} == {TOPIC}
        assert not any(each.dup for each in found)
        assert subscriber.take(10, timedelta(milliseconds=300)) == []


def test_what_was_not_acknowledged_comes_again_and_nothing_else(
    broker: Broker, open_one: Callable[..., Subscriber]
) -> None:
    with opened(open_one(broker)) as first:
        publish_lines(broker.port, map(str, range(60)))
        found = taken(first, 60, settle=keep)
        first.acknowledge(found[:40])
    with opened(open_one(broker)) as second:
        again = taken(second, 20)
        assert payloads([each.payload for each in again]) == list(range(40, 60))
        if isinstance(broker, mosquitto.Broker):  # rumqttd does not say that it says it again
            assert all(each.dup for each in again)
        assert second.take(10, timedelta(milliseconds=300)) == []


def test_whoever_waits_for_nothing_is_answered_at_once(
    broker: Broker, open_one: Callable[..., Subscriber]
) -> None:
    with opened(open_one(broker)) as subscriber:
        assert subscriber.take(10, timedelta(0)) == []
        publish_lines(broker.port, ["1", "2", "3"])
        found: list[Delivery] = []

        def all_three() -> bool:
            found.extend(subscriber.take(2, timedelta(0)))
            return len(found) == 3

        wait_until(all_three, what="all three")
        assert payloads([each.payload for each in found]) == [1, 2, 3]


def test_what_comes_while_the_hub_is_away_is_there_when_it_is_back(
    broker: Broker, open_one: Callable[..., Subscriber]
) -> None:
    with opened(open_one(broker)):
        pass
    publish_lines(broker.port, map(str, range(500)))
    with opened(open_one(broker)) as back:
        assert payloads([each.payload for each in taken(back, 500)]) == list(range(500))


def test_a_stalled_consumer_keeps_its_session_and_drops_nothing(
    broker: Broker, open_one: Callable[..., Subscriber]
) -> None:
    # More than the sockets of both sides hold, so that the broker stalls too.
    sent = [f"{n:06d}" + "x" * 100_000 for n in range(120)]
    with opened(open_one(broker, keep_alive_s=2)) as subscriber:
        publish_lines(broker.port, sent)
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 5, what="2.5 keep-alive times")
        assert subscriber.connected
        found = taken(subscriber, len(sent))
        assert [each.payload.decode() for each in found] == sent
        assert len({each.connection for each in found}) == 1


def test_large_payloads_arrive_whole(
    mosquitto_only: mosquitto.Broker, open_one: Callable[..., Subscriber]
) -> None:
    sent = [bytes([n]) * (256 * 1024) for n in range(8)]
    with opened(open_one(mosquitto_only)) as subscriber:
        for payload in sent:
            mosquitto_only.publish(TOPIC, payload)
        assert [each.payload for each in taken(subscriber, 8)] == sent


def lost(subscriber: Subscriber) -> bool:
    return not subscriber.take(1, timedelta(milliseconds=50)) and not subscriber.connected


def test_what_was_on_its_way_from_a_killed_broker_is_not_lost(
    mosquitto_only: mosquitto.Broker, open_one: Callable[..., Subscriber]
) -> None:
    # mosquitto saves nothing that is on its way to a connected subscriber: this is the only copy.
    with opened(open_one(mosquitto_only)) as subscriber:
        publish_lines(mosquitto_only.port, map(str, range(20)))
        log = mosquitto_only.folder / "mosquitto.log"
        wait_until(lambda: log.read_text().count("Sending PUBLISH") == 20, what="all to be sent")
        mosquitto_only.kill()
        assert payloads([each.payload for each in taken(subscriber, 20)]) == list(range(20))
        wait_until(lambda: lost(subscriber), what="the loss")
        mosquitto_only.start()
        wait_until(lambda: subscriber.connected, what="the new connection", timeout_s=20)
        publish_lines(mosquitto_only.port, ["20"])
        assert taken(subscriber, 1)[0].payload == b"20"


def test_after_a_restart_of_the_broker_what_was_open_comes_again(
    mosquitto_only: mosquitto.Broker, open_one: Callable[..., Subscriber]
) -> None:
    with opened(open_one(mosquitto_only)) as subscriber:
        publish_lines(mosquitto_only.port, map(str, range(20)))
        before = taken(subscriber, 20, settle=keep)
        mosquitto_only.stop()
        wait_until(lambda: lost(subscriber), what="the loss")
        mosquitto_only.start()
        wait_until(lambda: subscriber.connected, what="the new connection", timeout_s=20)
        subscriber.acknowledge(before)  # of the connection that is gone: must settle nothing
        again = taken(subscriber, 20)
        assert payloads([each.payload for each in again]) == list(range(20))
        assert {each.connection for each in again}.isdisjoint(each.connection for each in before)
        publish_lines(mosquitto_only.port, ["20"])
        assert taken(subscriber, 1)[0].payload == b"20"


def test_a_killed_embedded_broker_is_found_again(
    tmp_path: Path, kind: str, open_one: Callable[..., Subscriber]
) -> None:
    with embedded.running(tmp_path) as broker, opened(open_one(broker)) as subscriber:
        broker.kill()
        wait_until(lambda: lost(subscriber), what="the loss")
        broker.start()
        wait_until(lambda: subscriber.connected, what="the new connection", timeout_s=20)
        # It has forgotten the session, so the subscription is what has to be there again.
        publish_lines(broker.port, ["1"])
        assert taken(subscriber, 1)[0].payload == b"1"


@pytest.mark.parametrize("kind", ["paho", "batch"])  # MQTT 5 waits longer: it was told
def test_whoever_was_thrown_out_comes_back_and_subscribes_again(
    mosquitto_only: mosquitto.Broker, open_one: Callable[..., Subscriber]
) -> None:
    with opened(open_one(mosquitto_only)) as subscriber:
        # Another client with our id, which asks for a clean session: ours is gone with all it knew.
        command = ["mosquitto_sub", "-p", str(mosquitto_only.port), "-i", "hub-telemetry-0"]
        with subprocess.Popen([*command, "-t", "nothing", "-W", "2"]) as usurper:
            wait_until(lambda: lost(subscriber), what="the loss")
            usurper.wait(20)
        wait_until(
            lambda: not lost(subscriber) and subscriber.connected, what="the return", timeout_s=20
        )
        publish_lines(mosquitto_only.port, ["1"])
        assert taken(subscriber, 1)[0].payload == b"1"


def test_a_topic_that_is_followed_later_is_heard_now_and_after_a_new_connection(
    broker: Broker, open_one: Callable[..., Subscriber]
) -> None:
    foreign = "vendor/410100/G1/up"
    first = open_one(broker)
    first.follow(["vendor/+/+/up"])  # before it is started
    with opened(first):
        first.follow(["vendor/+/+/up", "other/+"])

        def heard(topic: str) -> bool:
            publish_lines(broker.port, ["x"], topic)
            batch = first.take(500, timedelta(milliseconds=200))
            first.acknowledge(batch)
            return any(each.topic == topic for each in batch)

        wait_until(lambda: heard(foreign), what="the first of them", timeout_s=30)
        wait_until(lambda: heard("other/1"), what="the other", timeout_s=30)
        wait_until(lambda: heard(TOPIC), what="what it always heard", timeout_s=30)
