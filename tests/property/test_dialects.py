"""Nothing that a vendor can send makes a mapping raise."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.protocol import messages as m
from devices.protocol.dialects.model import Heard, State
from devices.protocol.dialects.reading import Dialect
from tests.support.dialects import EXAMPLES, shipped

DIALECTS = st.sampled_from(sorted(shipped().values(), key=lambda each: each.name))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["0101", "2025-11-25 00:00:00", "B1", "9" * 5000, "235274", 1764000000]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def fields(dialect: Dialect) -> list[str]:
    named = {path.steps[0] for rule in dialect.rules for path in rule.paths()}
    return sorted(named | set(dialect.losses) | {"data", "ts", "extra"})


@st.composite
def near_misses(draw: st.DrawFn) -> tuple[Dialect, list[bytes]]:
    """A dialect and payloads that look like its own."""
    dialect = draw(DIALECTS)
    told: Any = st.dictionaries(st.sampled_from(fields(dialect)), VALUES, max_size=8)
    if dialect.objects:
        told = st.fixed_dictionaries({"data": told | st.lists(told, max_size=3) | VALUES})
    payloads = draw(st.lists(told | st.lists(told, max_size=3), min_size=1, max_size=4))
    return dialect, [json.dumps(each).encode() for each in payloads]


def check(dialect: Dialect, payloads: list[bytes], again: bool) -> None:  # noqa: FBT001
    state = State()
    for number, payload in enumerate(payloads):
        mapped = dialect.read(
            Heard("G1", "status"),
            payload,
            state,
            arrived_ms=1_764_000_000_000 + number,
            again=again,
        )
        state = mapped.state
        assert len(mapped.messages) == len(mapped.rules)
        assert all(isinstance(each, m.Message) for each in mapped.messages)
        assert all(each.reason and each.detail for each in mapped.refusals)
        assert all(each.name for each in mapped.losses)
        assert all(len(each.raw) <= 4096 for each in mapped.refusals)


@given(near_misses(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_near_misses_are_messages_refusals_or_losses(
    case: tuple[Dialect, list[bytes]],
    again: bool,  # noqa: FBT001
) -> None:
    check(*case, again)


@given(DIALECTS, st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_at_all(dialect: Dialect, payload: bytes) -> None:
    check(dialect, [payload], again=False)


@given(DIALECTS, st.data())
@settings(max_examples=200, deadline=None)
def test_a_real_payload_with_one_byte_changed(dialect: Dialect, data: st.DataObject) -> None:
    examples = json.loads((EXAMPLES / f"{dialect.name}.json").read_text("utf-8"))
    payload = bytearray(json.dumps(data.draw(st.sampled_from(examples))["said"]).encode())
    payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    check(dialect, [bytes(payload)], again=False)


def test_depth_and_breadth_end() -> None:
    for dialect in shipped().values():
        check(dialect, [b"[" * 100_000, b'{"a":' * 5000, b"9" * 5000, b" " * 300_000], again=False)
