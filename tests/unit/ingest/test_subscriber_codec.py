"""The codec to the byte: what it reads, what it refuses by which name, what it says."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.lane import Delivery
from ingest.subscriber import writer
from ingest.subscriber.packets import (
    TAKEN_OVER,
    Accepted,
    Disconnected,
    Flaw,
    Flawed,
    Pong,
    Refused,
    Subscribed,
    Version,
)
from ingest.subscriber.reader import Reader, Received
from tests.support.scripted_broker import ACCEPTED, ACCEPTED_5, publish

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
V3, V5 = Version.V3_1_1, Version.V5


def reader(version: Version = V3, max_packet: int = 1000) -> Reader:
    """One that the broker has accepted."""
    made = Reader(version, connection=4, max_packet=max_packet)
    answer = made.receive(ACCEPTED_5 if version is V5 else ACCEPTED, AT)
    assert answer == Received([], [Accepted(session_present=False)])
    return made


def flaw(data: bytes, version: Version = V3) -> Flaw:
    answer = reader(version).receive(data, AT)
    assert answer.deliveries == []
    assert isinstance(answer.signals[-1], Flawed)
    return answer.signals[-1].flaw


def test_publish_packets_of_one_read_come_out_in_order_with_all_they_say() -> None:
    data = (
        publish("a", b"one")
        + publish("a/b", b"two", 258, flags=8)
        + publish("升降机", b"", 1, flags=1)
    )
    assert reader().receive(data, AT).deliveries == [
        Delivery("a", b"one", AT, 0, 0, 4),
        Delivery("a/b", b"two", AT, 258, 1, 4, dup=True),
        Delivery("升降机", b"", AT, 1, 1, 4, retain=True),
    ]


def test_properties_of_a_message_are_checked_and_passed_over() -> None:
    all_kinds = (
        b"\x01\x01"  # payload format
        b"\x02\x00\x00\x00\x05"  # expiry
        b"\x03\x00\x01t"  # content type
        b"\x08\x00\x01r"  # response topic
        b"\x09\x00\x01c"  # correlation
        b"\x0b\x80\x01"  # subscription ids
        b"\x0b\x01"
        b"\x26\x00\x01k\x00\x01v"  # user properties
        b"\x26\x00\x01k\x00\x01v"
    )
    packed = writer.length(len(all_kinds)) + all_kinds
    packet = publish("a", b"x", 1, version=V5, properties=packed)
    assert reader(V5).receive(packet, AT).deliveries == [Delivery("a", b"x", AT, 1, 1, 4)]


def test_a_message_in_many_pieces_is_one_message() -> None:
    packet = publish("a", b"x" * 500, 1)
    one = reader()
    got = [each for n in range(len(packet)) for each in one.receive(packet[n : n + 1], AT)[0]]
    assert got == [Delivery("a", b"x" * 500, AT, 1, 1, 4)]


@pytest.mark.parametrize("version", Version)
def test_a_message_beyond_the_limit_is_cut_and_the_next_is_whole(version: Version) -> None:
    packet = publish("a", b"x" * 200_000, 1, version=version)
    after = publish("a", b"y", 2, version=version)
    one = reader(version)
    got: list[Delivery] = []
    stream = packet + after
    for n in range(0, len(stream), 4096):
        got += one.receive(stream[n : n + 4096], AT).deliveries
        assert len(one._rest) <= 1000 + 4096
    assert [(len(each.payload), each.mid) for each in got] == [
        (1000 - (5 if version is V3 else 6), 1),
        (1, 2),
    ]


def test_a_topic_that_is_not_utf8_is_delivered_as_none() -> None:
    found = reader().receive(publish(b"a/\xff", b"x", 1), AT).deliveries
    assert found == [Delivery("", b"x", AT, 1, 1, 4)]


def test_the_broker_says_yes_and_how() -> None:
    said = b"\x20\x0d\x01\x00\x0a\x11\x00\x00\x00\x3c\x13\x00\x0a\x24\x01"
    one = Reader(V5, connection=1)
    assert one.receive(said, AT).signals == [
        Accepted(session_present=True, keep_alive_s=10, session_expiry_s=60, maximum_qos=1)
    ]
    assert Reader(V3, connection=1).receive(b"\x20\x02\x01\x00", AT).signals == [
        Accepted(session_present=True)
    ]


@pytest.mark.parametrize(
    ("version", "answer", "expected"),
    [
        (V3, b"\x20\x02\x00\x05", Refused(5, "not authorised")),
        (V3, b"\x20\x02\x00\x63", Refused(0x63, "code 99")),
        (V5, b"\x20\x03\x00\x86\x00", Refused(0x86, "bad user name or password")),
        (V5, b"\x20\x08\x00\x97\x05\x1f\x00\x02no", Refused(0x97, "quota exceeded: no")),
    ],
)
def test_the_broker_says_no_and_why(version: Version, answer: bytes, expected: Refused) -> None:
    one = Reader(version, connection=1)
    assert one.receive(answer + publish("a", b"", 1), AT) == Received([], [expected])
    assert one.receive(publish("a", b"", 1), AT) == Received([], [])


def test_suback_pingresp_and_disconnect_are_heard() -> None:
    assert reader().receive(b"\x90\x04\x00\x01\x01\x80\xd0\x00", AT).signals == [
        Subscribed((1, 0x80)),
        Pong(),
    ]
    assert reader(V5).receive(b"\x90\x04\x00\x01\x00\x87", AT).signals == [Subscribed((0x87,))]
    assert reader(V5).receive(b"\xe0\x00", AT).signals == [Disconnected(0, "normal disconnection")]
    taken = reader(V5).receive(b"\xe0\x01\x8e\x00", AT).signals
    assert taken == [Disconnected(TAKEN_OVER, "session taken over")]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x30\xff\xff\xff\xff\x01", Flaw.BAD_REMAINING_LENGTH),
        (b"\xd0\xff\xff\xff\xff\x01", Flaw.BAD_REMAINING_LENGTH),
        (b"\x30\x00", Flaw.TRUNCATED),
        (b"\x30\x01\x00", Flaw.TRUNCATED),
        (b"\x30\x02\x00\x01", Flaw.TRUNCATED),
        (b"\x32\x04\x00\x01a\x00", Flaw.TRUNCATED),
        (b"\x32\x05\x00\x01a\x00\x00", Flaw.BAD_PACKET_ID),
        (b"\x34\x05\x00\x01a\x00\x01", Flaw.BAD_QOS),
        (b"\x36\x05\x00\x01a\x00\x01", Flaw.BAD_QOS),
        (b"\x38\x03\x00\x01a", Flaw.RESERVED_BITS),
        (b"\xd1\x00", Flaw.RESERVED_BITS),
        (b"\xd0\x01\x00", Flaw.TRAILING_BYTES),
        (b"\x90\x02\x00\x01", Flaw.TRUNCATED),
        (b"\x90\x03\x00\x02\x01", Flaw.BAD_PACKET_ID),
        (b"\x62\x02\x00\x01", Flaw.UNEXPECTED_PACKET),  # PUBREL
        (b"\x40\x02\x00\x01", Flaw.UNEXPECTED_PACKET),  # PUBACK: we publish nothing
        (b"\x10\x00", Flaw.UNEXPECTED_PACKET),
        (b"\x00\x00", Flaw.UNEXPECTED_PACKET),
        (b"\xe0\x00", Flaw.UNEXPECTED_PACKET),  # no such thing from a broker of 3.1.1
        (ACCEPTED, Flaw.UNEXPECTED_PACKET),
        (b"\x90\xff\xff\x7f" + b"x" * 3000, Flaw.PACKET_TOO_LARGE),
    ],
)
def test_what_breaks_the_protocol_has_a_name(data: bytes, expected: Flaw) -> None:
    assert flaw(data) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x30\x03\x00\x01a", Flaw.BAD_PROPERTIES),  # none at all
        (publish("a", b"", 1, version=V5, properties=b"\x05"), Flaw.BAD_PROPERTIES),
        (publish("a", b"", 1, version=V5, properties=b"\x80"), Flaw.BAD_PROPERTIES),
        (publish("a", b"", 1, version=V5, properties=b"\x02\x02\x00"), Flaw.BAD_PROPERTIES),
        (publish("a", b"", 1, version=V5, properties=b"\x03\x03\x00\x05"), Flaw.BAD_PROPERTIES),
        (publish("a", b"", 1, version=V5, properties=b"\x01\x7f"), Flaw.BAD_PROPERTIES),
        (publish("a", b"", 1, version=V5, properties=b"\x04\x01\x00\x01\x00"), Flaw.BAD_PROPERTIES),
        # a topic alias: none was allowed
        (publish("a", b"", 1, version=V5, properties=b"\x03\x23\x00\x01"), Flaw.BAD_PROPERTIES),
        (b"\xf0\x00", Flaw.UNEXPECTED_PACKET),  # AUTH
        (b"\xe0\x03\x00\x00\x00", Flaw.TRAILING_BYTES),
        (b"\x90\x03\x00\x01\x00", Flaw.TRUNCATED),
    ],
)
def test_what_breaks_mqtt_5_has_a_name(data: bytes, expected: Flaw) -> None:
    assert flaw(data, V5) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x20\x01\x00", Flaw.TRUNCATED),
        (b"\x20\x02\x02\x00", Flaw.RESERVED_BITS),
        (b"\x20\x03\x00\x00\x00", Flaw.TRAILING_BYTES),
        (publish("a", b"x", 1), Flaw.UNEXPECTED_PACKET),
        (b"\xd0\x00", Flaw.UNEXPECTED_PACKET),
        (b"\x3f\xff\xff\xff\x7f" + b"x" * 3000, Flaw.PACKET_TOO_LARGE),
    ],
)
def test_before_connack_nothing_else_may_come(data: bytes, expected: Flaw) -> None:
    answer = Reader(V3, connection=1, max_packet=1000).receive(data, AT)
    assert [each.flaw for each in answer.signals if isinstance(each, Flawed)] == [expected]


def test_what_came_before_a_flaw_is_kept_and_what_comes_after_is_not() -> None:
    one = reader()
    good = publish("a", b"x", 1)
    answer = one.receive(good + b"\xd1\x00" + good, AT)
    assert [each.mid for each in answer.deliveries] == [1]
    assert [type(each) for each in answer.signals] == [Flawed]
    assert one.receive(good, AT) == Received([], [])


def test_connect_asks_for_a_session_that_stays() -> None:
    assert writer.connect(V3, "hub", keep_alive=timedelta(seconds=30)) == (
        b"\x10\x0f\x00\x04MQTT\x04\x00\x00\x1e\x00\x03hub"
    )
    assert writer.connect(
        V5,
        "hub",
        keep_alive=timedelta(seconds=30),
        username="u",
        password="p",
        session_expiry=timedelta(seconds=256),
        receive_maximum=2000,
    ) == (
        b"\x10\x1e\x00\x04MQTT\x05\xc0\x00\x1e"
        b"\x08\x11\x00\x00\x01\x00\x21\x07\xd0"
        b"\x00\x03hub\x00\x01u\x00\x01p"
    )


def test_subscribe_asks_for_qos_1_and_never_more() -> None:
    assert writer.subscribe(V3, ["a", "b"]) == b"\x82\x0a\x00\x01\x00\x01a\x01\x00\x01b\x01"
    assert writer.subscribe(V5, ["a"]) == b"\x82\x07\x00\x01\x00\x00\x01a\x11"


def test_acknowledgements_of_a_batch_are_one_piece_in_its_order() -> None:
    assert writer.pubacks([1, 65535, 258]) == (b"\x40\x02\x00\x01\x40\x02\xff\xff\x40\x02\x01\x02")
    assert writer.pubacks([]) == b""
