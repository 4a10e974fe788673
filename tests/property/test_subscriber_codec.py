"""The subscriber's codec: any split is the same, anything may come, and paho's packets are read."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessageInfo, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ingest.subscriber.packets import Accepted, Disconnected, Flawed, Refused, Version
from ingest.subscriber.reader import Reader, Received
from tests.support.scripted_broker import ACCEPTED, ACCEPTED_5, publish

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LARGEST = 300

versions = st.sampled_from(Version)
topics = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=60
)
mids = st.integers(0, 65535)
payloads = st.binary(max_size=200) | st.binary(min_size=LARGEST, max_size=3 * LARGEST)


@st.composite
def streams(draw: st.DrawFn, version: Version) -> bytes:
    """CONNACK, then packets that may be spoilt."""
    message = st.builds(
        publish,
        topics,
        payloads,
        mids,
        version=st.just(version),
        flags=st.sampled_from([0, 1, 8, 9]),
        properties=st.sampled_from([b"\x00", b"\x02\x01\x01", b"\x05\x02\x00\x00\x00\x01"]),
    )
    other = st.sampled_from(
        [b"\xd0\x00", b"\x90\x03\x00\x01\x01", b"\xe0\x00", b"\x62\x02\x00\x01"]
    )
    packets = draw(st.lists(message | message | other, max_size=12))
    data = (ACCEPTED_5 if version is Version.V5 else ACCEPTED) + b"".join(packets)
    if draw(st.booleans()):
        spoilt = bytearray(data)
        spoilt[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
        data = bytes(spoilt)
    return data


def read(version: Version, pieces: list[bytes]) -> Received:
    reader = Reader(version, connection=1, max_packet=LARGEST)
    whole = Received([], [])
    for piece in pieces:
        part = reader.receive(piece, AT)
        whole.deliveries.extend(part.deliveries)
        whole.signals.extend(part.signals)
    return whole


@given(st.data(), versions)
def test_any_split_of_a_stream_says_the_same(data: st.DataObject, version: Version) -> None:
    stream = data.draw(streams(version))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    edges = [0, *cuts, len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    whole = read(version, [stream])
    assert read(version, pieces) == whole
    assert read(version, [bytes((byte,)) for byte in stream]) == whole


@given(versions, st.lists(st.binary(max_size=2000), max_size=5), st.sampled_from(["", "accepted"]))
@settings(max_examples=500)
def test_whatever_comes_nothing_is_raised_and_nothing_follows_an_end(
    version: Version, pieces: list[bytes], begun: str
) -> None:
    start = [ACCEPTED_5 if version is Version.V5 else ACCEPTED] if begun else []
    received = read(version, start + pieces)
    ends = [type(each) in {Flawed, Refused, Disconnected} for each in received.signals]
    assert not any(ends[:-1])
    assert sum(isinstance(each, Accepted) for each in received.signals) <= 1
    assert all(each.qos in {0, 1} and bool(each.mid) == bool(each.qos) for each in received[0])


class Wire:
    """What paho writes to; it is never a socket."""

    def __init__(self) -> None:
        self.written = bytearray()

    def send(self, data: bytes) -> int:
        self.written += data
        return len(data)

    def close(self) -> None: ...

    def fileno(self) -> int:
        return -1


def by_paho(
    version: Version, topic: str, payload: bytes, mid: int, *, retain: bool, dup: bool, more: bool
) -> bytes:
    """One PUBLISH packet as paho encodes it."""
    protocol = MQTTv5 if version is Version.V5 else MQTTv311
    client = Client(CallbackAPIVersion.VERSION2, client_id="x", protocol=protocol)
    wire = Wire()
    client._sock = wire  # type: ignore[assignment]
    properties = None
    if more and version is Version.V5:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        properties.UserProperty = [("a", "b"), ("a", "c")]
        properties.MessageExpiryInterval = 7
        properties.CorrelationData = payload[:20]
    qos = 1 if mid else 0
    # QoS 0 asks for a place to tell that it is sent; one that nobody waits for will do.
    client._send_publish(
        mid, topic.encode(), payload, qos, retain, dup, MQTTMessageInfo(mid), properties
    )
    client._sock = None
    return bytes(wire.written)


@given(
    versions,
    st.lists(
        st.tuples(
            topics, st.binary(max_size=200), mids, st.booleans(), st.booleans(), st.booleans()
        ),
        max_size=6,
    ),
)
def test_what_paho_writes_is_read_as_it_was_meant(
    version: Version, wanted: list[tuple[str, bytes, int, bool, bool, bool]]
) -> None:
    stream = ACCEPTED_5 if version is Version.V5 else ACCEPTED
    for topic, payload, mid, retain, dup, more in wanted:
        stream += by_paho(
            version, topic, payload, mid, retain=retain, dup=dup and mid > 0, more=more
        )
    reader = Reader(version, connection=1)
    found = reader.receive(stream, AT)
    assert [type(each) for each in found.signals] == [Accepted]
    assert [
        (each.topic, each.payload, each.mid, each.retain, each.dup) for each in found.deliveries
    ] == [
        (topic, payload, mid, retain, dup and mid > 0)
        for topic, payload, mid, retain, dup, _ in wanted
    ]
