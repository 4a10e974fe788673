import json
from pathlib import Path

import msgspec
import pytest

from core.errors import InvalidMessage
from devices.codes import EVENT_CODES
from devices.protocol import codec, topics
from devices.protocol import messages as m
from devices.protocol.messages import Kind
from devices.protocol.topics import KINDS, Realm, Topic
from tests.support.wire import EXAMPLES, topic_of

STATUS = Topic(Realm.LIFT, "410100", "G0017", Kind.STATUS)
CALL = Topic(Realm.LIFT, "410100", "G0017", Kind.CALL)
EVENT = Topic(Realm.LIFT, "410100", "G0017", Kind.EVENT)
HEARTBEAT = Topic(Realm.LIFT, "410100", "G0017", Kind.HEARTBEAT)
ONE = b'{"ts": 1764000000123, "seq": 1, "boot": "b7f3"}'


def example(name: str) -> dict[str, object]:
    (path,) = (each for each in EXAMPLES if each.stem == name)
    read: dict[str, object] = json.loads(path.read_bytes())
    return read


def changed(name: str, **fields: object) -> bytes:
    return json.dumps(example(name) | fields).encode()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_of_the_contract_reads_and_writes_back(path: Path) -> None:
    topic = topic_of(path)
    read = codec.decode(topic, path.read_bytes())
    assert (read.refusals, read.unknown_fields, read.objects) == ((), 0, 1)
    again = codec.decode(topic, codec.encode(read.messages[0]))
    assert again.messages == read.messages
    written = json.loads(codec.encode(read.messages[0]))
    assert json.loads(path.read_bytes()).items() <= written.items()


def test_examples_cover_every_kind_of_every_realm() -> None:
    shown = {(topic_of(path).realm, topic_of(path).kind) for path in EXAMPLES}
    assert shown == {(realm, kind) for realm, kinds in KINDS.items() for kind in kinds}


def test_an_array_is_read_object_by_object() -> None:
    payload = b"[" + ONE + b', {"ts": "soon"}, 7, ' + ONE + b"]"
    read = codec.decode(STATUS, payload)
    assert len(read.messages) == 2
    assert read.objects == 4
    assert [(r.index, r.reason) for r in read.refusals] == [(1, "bad_field"), (2, "bad_field")]
    assert read.refusals[0].field == "ts"


def test_200_objects_are_read_and_201_are_refused_whole() -> None:
    assert len(codec.decode(STATUS, b"[" + b",".join([ONE] * 200) + b"]").messages) == 200
    read = codec.decode(STATUS, b"[" + b",".join([ONE] * 201) + b"]")
    assert (read.messages, read.refusals[0].reason) == ((), "too_many")
    with pytest.raises(InvalidMessage, match="200"):
        codec.encode([m.Status(ts=1, seq=1, boot="b")] * 201)


def test_an_empty_array_holds_nothing() -> None:
    assert codec.decode(STATUS, b"[]") == codec.Decoded()


def test_a_call_of_4_kib_is_read_and_one_byte_more_is_refused() -> None:
    body = changed("lift.call")
    assert codec.decode(CALL, body.ljust(4096)).messages
    assert codec.decode(CALL, body.ljust(4097)).refusals[0].reason == "too_large"


def test_other_kinds_take_256_kib() -> None:
    assert codec.decode(STATUS, ONE.ljust(256 * 1024)).messages
    refusal = codec.decode(STATUS, ONE.ljust(256 * 1024 + 1)).refusals[0]
    assert (refusal.reason, len(refusal.raw)) == ("too_large", 4096)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"{",
        b"[",
        b"[,]",
        b"nonsense",
        ONE + ONE,
        b'{"ts": NaN, "seq": 1, "boot": "b"}',
        b'{"ts": 1, "seq": 1, "boot": "b", "load_kg": Infinity}',
        b'{"ts": 1, "seq": 1, "boot": "b", "x": NaN}',
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b'{"ts": 1, "seq": 1, "boot": "b", "x": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_json_is_refused(payload: bytes) -> None:
    read = codec.decode(STATUS, payload)
    assert (read.messages, [r.reason for r in read.refusals]) == ((), ["bad_json"])


@pytest.mark.parametrize(
    "payload", [b"\xff\xfe", b'{"boot": "\xc0\xaf"}', b'{"boot": "\xed\xa0\x80"}']
)
def test_what_is_no_utf8_is_refused(payload: bytes) -> None:
    assert codec.decode(STATUS, payload).refusals[0].reason == "bad_utf8"


@pytest.mark.parametrize(
    ("topic", "payload", "field"),
    [
        (STATUS, b"7", ""),
        (STATUS, b"null", ""),
        (STATUS, changed("lift.status", ts=10**30), "ts"),
        (STATUS, changed("lift.status", ts=-1), "ts"),
        (STATUS, changed("lift.status", ts=1764000000123.5), "ts"),
        (STATUS, changed("lift.status", ts=True), "ts"),
        (STATUS, changed("lift.status", seq=2**63), "seq"),
        (STATUS, changed("lift.status", seq=10**400), "seq"),
        (STATUS, changed("lift.status", boot=""), "boot"),
        (STATUS, changed("lift.status", boot="x" * 33), "boot"),
        (STATUS, changed("lift.status", floor=200), "floor"),
        (STATUS, changed("lift.status", floor=-10), "floor"),
        (STATUS, changed("lift.status", floor="12"), "floor"),
        (STATUS, changed("lift.status", speed_m_s=20.01), "speed_m_s"),
        (STATUS, changed("lift.status", load_kg=-1), "load_kg"),
        (STATUS, changed("lift.status", car_temp_c=91), "car_temp_c"),
        (STATUS, changed("lift.status", mode="party"), "mode"),
        (STATUS, changed("lift.status", door_zone=0), "door_zone"),
        (STATUS, changed("lift.status", lift="23527"), "lift"),
        (STATUS, changed("lift.status", lift="235274\n"), "lift"),
        (CALL, changed("lift.call", people=100), "people"),
        (CALL, changed("lift.call", note="x" * 501), "note"),
        (CALL, changed("lift.call", phase="middle"), "phase"),
        (CALL, changed("lift.call", test={"microphone": True}), "test.loudspeaker"),
        (EVENT, changed("lift.event", code="Stop"), "code"),
        (EVENT, changed("lift.event", event_id="a b"), "event_id"),
        (HEARTBEAT, changed("lift.heartbeat", battery_pct=101), "battery_pct"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(topic: Topic, payload: bytes, field: str) -> None:
    read = codec.decode(topic, payload)
    assert read.messages == ()
    assert read.refusals[0].reason in {"bad_field", "missing_field"}
    assert read.refusals[0].field == field


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" + b"0" * 400 + b".5"])
def test_a_number_beyond_every_double_is_refused(number: bytes) -> None:
    payload = b'{"ts": 1, "seq": 1, "boot": "b", "load_kg": ' + number + b"}"
    read = codec.decode(STATUS, payload)
    assert read.messages == ()
    assert read.refusals[0].reason in {"bad_field", "bad_json"}


@pytest.mark.parametrize("field", ["ts", "seq", "boot"])
def test_a_missing_field_is_named(field: str) -> None:
    body = {k: v for k, v in example("lift.status").items() if k != field}
    refusal = codec.decode(STATUS, json.dumps(body).encode()).refusals[0]
    assert (refusal.reason, refusal.field) == ("missing_field", field)


def test_unknown_fields_are_counted_and_ignored() -> None:
    read = codec.decode(STATUS, changed("lift.status", colour="red", weight={"of": "car"}))
    assert (len(read.messages), read.unknown_fields) == (1, 2)


def test_a_refused_call_still_tells_its_event_id() -> None:
    refusal = codec.decode(CALL, changed("lift.call", people="two")).refusals[0]
    assert refusal.event_id == "G0017-b7f3-000042"
    hostile = codec.decode(CALL, changed("lift.call", event_id="#/+ \u0000")).refusals[0]
    assert hostile.event_id is None


def test_every_canonical_event_code_passes_the_wire() -> None:
    for key in EVENT_CODES:
        assert codec.decode(EVENT, changed("lift.event", code=key)).messages


def test_an_event_code_that_nobody_knows_is_refused_by_its_field() -> None:
    refusal = codec.decode(EVENT, changed("lift.event", code="door.sesame")).refusals[0]
    assert (refusal.reason, refusal.field) == ("bad_field", "code")
    assert refusal.detail == '"door.sesame" is no event code of the contract'


def test_what_cannot_be_read_tells_its_event_id_where_only_one_stands_in_it() -> None:
    whole = changed("lift.call", note="x" * 5000)
    for payload, reason in (
        (whole[:-2], "too_large"),
        (whole[:3000], "bad_json"),
        (whole.replace(b"xxx", b"\xff\xfe", 1)[:3000], "bad_utf8"),
    ):
        refusal = codec.decode(CALL, payload).refusals[0]
        assert (refusal.reason, refusal.field) == (reason, "payload")
        assert refusal.event_id == "G0017-b7f3-000042"
    two = whole + whole.replace(b"000042", b"000043")
    assert codec.decode(CALL, two).refusals[0].event_id is None


def test_absent_fields_are_left_out_on_the_wire() -> None:
    assert (
        codec.encode(m.Receipt(event_id="e", accepted=True)) == b'{"event_id":"e","accepted":true}'
    )
    assert msgspec.json.decode(codec.encode(m.Status(ts=1, seq=2, boot="b"))) == {
        "ts": 1,
        "seq": 2,
        "boot": "b",
    }


@pytest.mark.parametrize("realm", list(Realm))
def test_topics_are_built_and_parsed_alike(realm: Realm) -> None:
    for kind in KINDS[realm]:
        topic = Topic(realm, "410100", "G-0017_a", kind)
        assert topics.parse(str(topic)) == topic
    assert str(CALL) == "lift/v1/410100/G0017/call"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "topic"),
        ("lift/v1/410100/G0017", "topic"),
        ("lift/v1/410100/G0017/call/x", "topic"),
        ("/lift/v1/410100/G0017/call", "topic"),
        ("bus/v1/410100/G0017/call", "topic"),
        ("lift/v2/410100/G0017/call", "topic"),
        ("lift/v1/41010/G0017/call", "area"),
        ("lift/v1/410100\n/G0017/call", "area"),
        ("lift/v1/４１０１００/G0017/call", "area"),
        ("lift/v1/410100//call", "device"),
        ("lift/v1/410100/G0017\n/call", "device"),
        ("lift/v1/410100/G 17/call", "device"),
        ("lift/v1/410100/+/call", "device"),
        ("lift/v1/410100/" + "G" * 33 + "/call", "device"),
        ("lift/v1/410100/G0017/sensor", "kind"),
        ("kitchen/v1/410100/K1/call", "kind"),
        ("lift/v1/410100/G0017/CALL", "kind"),
    ],
)
def test_a_wrong_topic_names_its_level(text: str, field: str) -> None:
    with pytest.raises(InvalidMessage) as refused:
        topics.parse(text)
    assert (refused.value.reason, refused.value.field) == ("bad_topic", field)


def test_the_emergency_lane_carries_calls_only_and_telemetry_none() -> None:
    assert topics.EMERGENCY_FILTERS == ("lift/v1/+/+/call",)
    assert not [each for each in topics.TELEMETRY_FILTERS if each.endswith(("/call", "/+", "#"))]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_quick_way_reads_what_the_careful_one_reads(path: Path) -> None:
    topic, payload = topic_of(path), path.read_bytes()
    assert (codec.exact(topic)(payload),) == codec.decode(topic, payload).messages


def test_the_quick_way_leaves_what_is_not_flawless_to_the_careful_one() -> None:
    strange = ONE.replace(b"}", b', "colour": "red"}')
    for payload in (strange, b'{"ts": 1}', b"[" + ONE + b"]", b'{"boot": "\xff"}', b"[" * 10_000):
        with pytest.raises(codec.INEXACT):
            codec.exact(STATUS)(payload)
    read = codec.decode(STATUS, strange)
    assert (read.messages, read.unknown_fields) == (codec.decode(STATUS, ONE).messages, 1)
