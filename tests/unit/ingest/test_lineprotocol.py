"""Points as lines: types that never change, times that never meet, names that stay names."""

import types
import typing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from core.errors import InvalidMessage
from devices.protocol import messages as m
from ingest.timeseries import lineprotocol
from ingest.timeseries.port import Point, Value

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOT_FIELDS = {"ts", "lift", "point", "event_id", "cameras"}
KINDS = (m.Event, m.Status, m.Stats, m.Heartbeat, m.CommandAck, m.Sensor, m.CameraFinding)


def a_point(seq: int | None = 1, boot: str = "b1", **fields: Value) -> Point:
    return Point("100001", NOON, NOON, fields, "status", "G1", seq, boot)


def plain(annotation: object) -> set[type]:
    """The types that a field of a message may have, without bounds and None."""
    if typing.get_origin(annotation) is typing.Annotated:
        return plain(typing.get_args(annotation)[0])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return set().union(*map(plain, typing.get_args(annotation))) - {type(None)}
    assert isinstance(annotation, type)
    return {str if issubclass(annotation, str) else annotation}


@pytest.mark.parametrize("struct", KINDS)
def test_every_field_of_every_message_has_its_one_type(struct: type[msgspec.Struct]) -> None:
    for name, annotation in typing.get_type_hints(struct, include_extras=True).items():
        if name not in NOT_FIELDS:
            assert plain(annotation) == {lineprotocol.TYPES[name]}, name


def test_a_line_reads_as_influxdb_wants_it() -> None:
    point = a_point(7, floor=-1, load_kg=75, occupied=True, door="open", detail='a "b" \\')
    told = lineprotocol.encode(point).decode()
    head, _, ns = told.rpartition(" ")
    assert head == (
        "status,gateway=G1,lift=100001 received_at_us=1795435200000000i,seq=7i,"
        'boot="b1",floor=-1i,load_kg=75.0,occupied=true,door="open",detail="a \\"b\\" \\\\"'
    )
    assert int(ns) // 1_000_000 == 1795435200000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("floor", "ground"),
        ("floor", 1.5),
        ("floor", True),
        ("load_kg", "heavy"),
        ("occupied", 1),
        ("door", 3),
        ("run_count", 1 << 63),
        ("floor", float("nan")),
        ("load_kg", float("inf")),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_field(field: str, value: Value) -> None:
    with pytest.raises(InvalidMessage) as told:
        lineprotocol.encode(structs.replace(a_point(), fields={field: value}))
    assert (told.value.reason, told.value.field) == ("wrong_type", field)


def test_equal_values_of_other_types_do_not_borrow_each_others_line() -> None:
    for value, told in ((1, "new_field=1.0,"), (True, "new_field=true,"), (1.0, "new_field=1.0,")):
        assert told.encode() in lineprotocol.encode(a_point(new_field=value, floor=1))


@given(st.sets(st.integers(0, 999_999), max_size=50), st.text(max_size=8))
def test_messages_of_a_boot_never_meet_within_a_millisecond(seqs: set[int], boot: str) -> None:
    times = {lineprotocol.nanoseconds(a_point(seq, boot)) for seq in seqs}
    assert len(times) == len(seqs)
    later = structs.replace(a_point(1, boot), device_at=NOON + timedelta(milliseconds=1))
    next_millisecond = lineprotocol.nanoseconds(later) // 1_000_000 * 1_000_000
    assert all(each < next_millisecond for each in times)


@given(st.text(min_size=1, max_size=40))
def test_a_tag_is_one_word_and_comes_back(text: str) -> None:
    assert lineprotocol.untag(lineprotocol.stored_tag(text)) == text
    bare = lineprotocol.tag(text).replace("\\ ", "").replace("\\,", "").replace("\\=", "")
    assert not set(bare) & set(" ,=\\\n\r\t")
