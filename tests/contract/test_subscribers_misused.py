"""What a misbehaving broker does to each subscriber: nothing that a new connection cannot mend."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import pytest

from ingest.lane import BrokerAddress
from ingest.subscriber.packets import Version
from tests.support import scripted_broker as scripted
from tests.support.scripted_broker import ACCEPTED, ACCEPTED_5, Peer, Script, following, publish
from tests.support.subscribers import KINDS, TOPIC, keep, make, opened, taken
from tests.support.wait import wait_until

TIMEOUT = timedelta(milliseconds=100)


def good(peer: Peer, version: Version = Version.V3_1_1) -> None:
    """What every connection should be like."""
    peer.welcome(ACCEPTED_5 if version is Version.V5 else ACCEPTED, version)
    peer.send(publish(TOPIC, b"good", 7, version=version))
    peer.acknowledgements(1)
    peer.stay()


def good_5(peer: Peer) -> None:
    good(peer, Version.V5)


def after_welcome(data: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.welcome()
        peer.send(data)
        with suppress(EOFError):
            peer.expect(scripted.DISCONNECT)  # or until the subscriber hangs up

    return script


def answering(data: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.expect(scripted.CONNECT)
        if data:
            peer.send(data)

    return script


def half_a_packet(peer: Peer) -> None:
    peer.welcome()
    peer.send(publish(TOPIC, b"never whole", 1)[:-3])


def endless(peer: Peer) -> None:
    peer.welcome()
    block = b"\xff" * 65536
    with suppress(OSError):
        for _ in range(1000):
            peer.send(block)


MISUSE: Mapping[str, Script] = {
    "closes at once": lambda _peer: None,
    "closes after CONNECT": answering(b""),
    "refuses": answering(scripted.REFUSED),
    "answers half a CONNACK": answering(b"\x20\x02"),
    "answers SUBACK": answering(b"\x90\x03\x00\x01\x00"),
    "answers garbage": answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "sends half a packet": half_a_packet,
    "sends endless bytes": endless,
    "sends a length of five bytes": after_welcome(b"\x30\xff\xff\xff\xff\x01"),
    "sends a topic longer than its packet": after_welcome(b"\x32\x06\x00\xff\x00\x01ab"),
    "sends an empty PUBLISH": after_welcome(b"\x32\x00"),
    "sends QoS 3": after_welcome(b"\x36\x07\x00\x01a\x00\x01xy"),
    "sends packet type 0": after_welcome(b"\x00\x00"),
    "sends CONNECT": after_welcome(b"\x10\x02\x00\x00"),
    "sends DISCONNECT": after_welcome(b"\xe0\x00"),
}


@pytest.mark.parametrize("kind", ["paho", "batch"])
@pytest.mark.parametrize("misuse", MISUSE.values(), ids=[each.replace(" ", "-") for each in MISUSE])
def test_a_new_connection_mends_it(kind: str, misuse: Script) -> None:
    with (
        following(misuse, good) as broker,
        opened(make(kind, BrokerAddress(broker.host, broker.port))) as subscriber,
    ):
        found: list[bytes] = []

        def mended() -> bool:
            batch = subscriber.take(10, TIMEOUT)
            subscriber.acknowledge(batch)
            found.extend(each.payload for each in batch)
            return b"good" in found

        wait_until(mended, what="the good connection", timeout_s=20)
        wait_until(lambda: broker.peers[-1].acknowledged == [7], what="its acknowledgement")


@pytest.mark.parametrize("kind", KINDS)
def test_a_broker_that_answers_no_ping_is_left(kind: str) -> None:
    version = Version.V5 if kind == "batch-5" else Version.V3_1_1

    def mute(peer: Peer) -> None:
        peer.welcome(ACCEPTED_5 if version is Version.V5 else ACCEPTED, version)
        with suppress(EOFError):
            while True:
                peer.packet()

    with following(mute, good_5 if version is Version.V5 else good) as broker:
        one = make(kind, BrokerAddress(broker.host, broker.port), keep_alive=timedelta(seconds=1))
        with opened(one) as subscriber:
            assert taken(subscriber, 1)[0].payload == b"good"
            assert broker.peers[0].pings >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_acknowledgements_go_out_in_order_and_only_where_the_message_came_from(kind: str) -> None:
    version = Version.V5 if kind == "batch-5" else Version.V3_1_1
    accepted = ACCEPTED_5 if version is Version.V5 else ACCEPTED
    mids = [9, 3, 65535, 1, 256]
    seen = threading.Event()

    def first(peer: Peer) -> None:
        peer.welcome(accepted, version)
        peer.send(b"".join(publish(TOPIC, b"1", mid, version=version) for mid in mids))
        peer.acknowledgements(3)
        seen.wait(10)

    def second(peer: Peer) -> None:
        peer.welcome(accepted, version)
        peer.send(publish(TOPIC, b"2", 1, version=version, flags=8))
        peer.acknowledgements(1)
        peer.stay()

    with (
        following(first, second) as broker,
        opened(make(kind, BrokerAddress(broker.host, broker.port))) as subscriber,
    ):
        old = taken(subscriber, 5, settle=keep)
        subscriber.acknowledge(old[:2])
        subscriber.acknowledge(old[2:3])
        wait_until(lambda: len(broker.peers[0].acknowledged) == 3, what="three acknowledgements")
        seen.set()
        new = taken(subscriber, 1, settle=keep)
        assert (new[0].mid, new[0].payload, new[0].dup) == (1, b"2", True)
        subscriber.acknowledge(old[3:])  # packet id 1 is another message now
        subscriber.acknowledge(new)
        wait_until(lambda: broker.peers[1].acknowledged, what="the acknowledgement")
        assert broker.peers[0].acknowledged == mids[:3]
        assert broker.peers[1].acknowledged == [1]


def test_a_subscriber_that_was_taken_over_says_so_and_waits_long() -> None:
    def taken_over(peer: Peer) -> None:
        peer.welcome(ACCEPTED_5, Version.V5)
        peer.send(b"\xe0\x01\x8e")

    with following(taken_over, good_5) as broker:
        subscriber = make("batch-5", BrokerAddress(broker.host, broker.port))
        with opened(subscriber):
            wait_until(
                lambda: subscriber.take(1, TIMEOUT) or not subscriber.connected, what="the loss"
            )
            assert subscriber.take(1, timedelta(seconds=3)) == []
            assert len(broker.peers) == 1


@pytest.mark.parametrize("kind", ["paho", "batch"])
def test_two_with_one_client_id_do_not_spin(kind: str) -> None:
    def thrown_out(peer: Peer) -> None:
        peer.welcome()

    with following(thrown_out) as broker:
        subscriber = make(kind, BrokerAddress(broker.host, broker.port))
        subscriber.start()
        try:
            wait_until(
                lambda: subscriber.take(1, TIMEOUT) or len(broker.peers) >= 4,
                what="four connections",
                timeout_s=20,
            )
            subscriber.take(1, timedelta(seconds=2))
            assert len(broker.peers) < 12
        finally:
            subscriber.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_topic_reaches_the_lane_to_be_refused_by_name(kind: str) -> None:
    version = Version.V5 if kind == "batch-5" else Version.V3_1_1

    def bad(peer: Peer) -> None:
        peer.welcome(ACCEPTED_5 if version is Version.V5 else ACCEPTED, version)
        peer.send(publish(b"lift/\xff", b"x", 1, version=version))
        peer.send(publish(TOPIC, b"good", 2, version=version))
        peer.acknowledgements(2)
        peer.stay()

    with (
        following(bad) as broker,
        opened(make(kind, BrokerAddress(broker.host, broker.port))) as subscriber,
    ):
        found = taken(subscriber, 2)
        assert [(each.topic, each.payload) for each in found] == [("", b"x"), (TOPIC, b"good")]
        wait_until(lambda: broker.peers[0].acknowledged == [1, 2], what="acknowledgements")
