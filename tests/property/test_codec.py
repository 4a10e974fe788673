from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol import codec, topics
from devices.protocol import messages as m
from devices.protocol.codec import _STRUCTS
from devices.protocol.messages import Kind
from devices.protocol.topics import Realm, Topic

KEYS = sorted(_STRUCTS)
TEXT = st.text(
    st.characters(exclude_categories=["Cs"]),  # surrogates are no text on the wire
    max_size=40,
)


def values(  # noqa: C901, PLR0911  (one case a type)
    spec: msgspec.inspect.Type,
) -> st.SearchStrategy[object]:
    """Whatever the type and its bounds admit."""
    match spec:
        case msgspec.inspect.IntType():
            return st.integers(spec.ge, spec.le)
        case msgspec.inspect.FloatType():
            return st.floats(spec.ge, spec.le, allow_nan=False, allow_infinity=False)
        case msgspec.inspect.StrType():
            if spec.pattern:
                chosen = st.from_regex(spec.pattern, fullmatch=True)
            else:
                chosen = st.text(
                    st.characters(exclude_categories=["Cs"]), max_size=spec.max_length or 40
                )
            low, high = spec.min_length or 0, spec.max_length or 1000
            return chosen.filter(lambda text: low <= len(text) <= high)
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.NoneType():
            return st.none()
        case msgspec.inspect.EnumType():
            return st.sampled_from(list(spec.cls))
        case msgspec.inspect.UnionType():
            return st.one_of([values(each) for each in spec.types])
        case msgspec.inspect.DictType():
            return st.dictionaries(values(spec.key_type), values(spec.value_type), max_size=4)
        case msgspec.inspect.StructType():
            fields = {each.name: values(each.type) for each in spec.fields}
            return st.builds(spec.cls, **fields)
        case _:
            raise AssertionError(f"no values are known for {spec}")


MESSAGES = {key: values(msgspec.inspect.type_info(_STRUCTS[key])) for key in KEYS}


@pytest.mark.parametrize("key", KEYS, ids="/".join)
@given(data=st.data())
def test_whatever_can_be_said_comes_back_the_same(
    key: tuple[Realm, Kind], data: st.DataObject
) -> None:
    topic = Topic(key[0], "410100", "G0017", key[1])
    said = data.draw(st.lists(MESSAGES[key], min_size=1, max_size=3))
    assert all(isinstance(each, get_args(m.Message)) for each in said)
    payload = codec.encode(said)  # type: ignore[arg-type]  # checked above
    if topic.kind is Kind.CALL and len(payload) > codec.MAX_CALL:
        assert codec.decode(topic, payload).refusals[0].reason == "too_large"
        return
    read = codec.decode(topic, payload)
    assert list(read.messages) == said
    assert (read.refusals, read.unknown_fields, read.objects) == ((), 0, len(said))


@given(st.sampled_from(KEYS), st.binary(max_size=300))
def test_no_bytes_break_the_reader_and_every_object_is_counted(
    key: tuple[Realm, Kind], payload: bytes
) -> None:
    read = codec.decode(Topic(key[0], "410100", "G0017", key[1]), payload)
    assert len(read.messages) + len(read.refusals) == read.objects


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.sampled_from(KEYS), JSON, st.dictionaries(st.sampled_from(m.Status.__struct_fields__), JSON)
)
def test_no_json_breaks_the_reader(
    key: tuple[Realm, Kind], whole: object, fields: dict[str, object]
) -> None:
    topic = Topic(key[0], "410100", "G0017", key[1])
    for said in (whole, fields, [whole, fields]):
        read = codec.decode(topic, msgspec.json.encode(said))
        assert len(read.messages) + len(read.refusals) == read.objects


@given(
    st.sampled_from(KEYS),
    st.from_regex(topics.AREA, fullmatch=True),
    st.from_regex(topics.DEVICE, fullmatch=True),
)
def test_every_topic_is_parsed_as_it_was_built(
    key: tuple[Realm, Kind], area: str, device: str
) -> None:
    topic = Topic(key[0], area, device, key[1])
    assert topics.parse(str(topic)) == topic
