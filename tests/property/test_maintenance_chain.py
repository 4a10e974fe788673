"""Whatever is changed, taken out, doubled or moved in a chain is found, at its first place."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from devices.maintenance.record import (
    Record,
    RecordKind,
    amend,
    append,
    head_of,
    in_force,
    verify,
)

AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text("ab1", max_size=3), each),
    max_leaves=5,
)


@st.composite
def chains(draw: st.DrawFn) -> list[Record]:
    records: list[Record] = []
    for n in range(draw(st.integers(1, 8))):
        content = {"n": n, "x": draw(PLAIN)}
        corrects = draw(st.booleans())
        if records and corrects:
            old = draw(st.sampled_from(records))
            records.append(
                amend(
                    head_of(records[-1]),
                    old,
                    id=f"r{n}",
                    content=content,
                    why="mended",
                    recorded_at=AT,
                    recorded_by="f",
                )
            )
        else:
            records.append(
                append(
                    head_of(records[-1]) if records else None,
                    id=f"r{n}",
                    lift_code="100001",
                    kind=RecordKind.VISIT,
                    content=content,
                    recorded_at=AT,
                    recorded_by="f",
                )
            )
    return records


@given(chains())
def test_an_honest_chain_holds_and_counts_each_visit_once(records: list[Record]) -> None:
    assert verify(records, head_of(records[-1])) is None
    firsts = [r for r in records if r.amends is None]
    assert len(in_force(records)) == len(firsts)


@given(chains(), st.data())
def test_any_tampering_is_found_where_it_begins(records: list[Record], data: st.DataObject) -> None:
    head = head_of(records[-1])
    at = data.draw(st.integers(0, len(records) - 1))
    match data.draw(st.sampled_from(["change", "drop", "swap", "double"])):
        case "change":
            forged = [*records]
            forged[at] = replace(records[at], recorded_by="somebody else")
            place = at
        case "drop":
            forged, place = records[:at] + records[at + 1 :], at
        case "double":
            forged, place = records[: at + 1] + records[at:], at + 1
        case _:
            other = data.draw(st.integers(0, len(records) - 1))
            forged, place = [*records], min(at, other)
            forged[at], forged[other] = records[other], records[at]
            if at == other:
                return
    broken = verify(forged, head)
    assert broken is not None
    assert broken.seq == place + 1
