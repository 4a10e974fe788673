from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import Conflict, InvalidMessage
from devices.maintenance.record import (
    Broken,
    Record,
    RecordKind,
    amend,
    append,
    canonical_bytes,
    head_of,
    in_force,
    kept_until,
    verify,
)

AT = datetime(2026, 6, 1, 8, tzinfo=UTC)


def chain(length: int) -> list[Record]:
    records: list[Record] = []
    for n in range(length):
        records.append(
            append(
                head_of(records[-1]) if records else None,
                id=f"r{n + 1}",
                lift_code="100001",
                kind=RecordKind.VISIT,
                content={"n": n, "说明": "正常"},
                recorded_at=AT + timedelta(days=15 * n),
                recorded_by="firm1",
            )
        )
    return records


def corrected(records: list[Record], old: Record, n: int, why: str = "wrong number") -> Record:
    return amend(
        head_of(records[-1]),
        old,
        id=f"a{len(records) + 1}",
        content={"n": n},
        why=why,
        recorded_at=AT + timedelta(days=90),
        recorded_by="firm1",
    )


def test_a_chain_holds_and_a_correction_is_a_new_record() -> None:
    records = chain(3)
    records.append(corrected(records, records[1], 10))
    records.append(corrected(records, records[-1], 20))
    assert verify(records, head_of(records[-1])) is None
    assert [r.content["n"] for r in in_force(records)] == [0, 20, 2]
    assert records[3].amends == "r2"
    assert records[3].why == "wrong number"
    assert records[1].content["n"] == 1


def test_a_correction_says_why_and_changes_something() -> None:
    records = chain(1)
    with pytest.raises(InvalidMessage) as refused:
        corrected(records, records[0], 7, why=" ")
    assert refused.value.field == "why"
    with pytest.raises(Conflict) as same:
        amend(
            head_of(records[0]),
            records[0],
            id="x",
            content=dict(records[0].content),
            why="again",
            recorded_at=AT,
            recorded_by="firm1",
        )
    assert same.value.reason == "unchanged"


def test_the_first_broken_record_is_named() -> None:
    records = chain(5)
    head = head_of(records[-1])
    changed = [*records[:2], replace(records[2], content={"n": 99}), *records[3:]]
    assert verify(changed) == Broken(3, "r3", "content does not match its digest")
    later = [*records[:2], replace(records[2], recorded_at=AT), *records[3:]]
    assert verify(later) == Broken(3, "r3", "content does not match its digest")
    assert verify(records[:2] + records[3:]) == Broken(3, "", "record is missing")
    assert verify(records[1:]) == Broken(1, "", "record is missing")
    assert verify(records[:4], head) == Broken(5, "", "record is missing")
    assert verify([], head) == Broken(1, "", "record is missing")
    assert verify(records, head_of(records[3])) == Broken(5, "r5", "record is beyond the kept head")


def test_a_chain_made_anew_does_not_fit_the_kept_head() -> None:
    records = chain(3)
    forged: list[Record] = []
    for record in records:
        forged.append(
            append(
                head_of(forged[-1]) if forged else None,
                id=record.id,
                lift_code="100001",
                kind=RecordKind.VISIT,
                content={"n": 0},
                recorded_at=record.recorded_at,
                recorded_by="firm1",
            )
        )
    assert verify(forged) is None
    broken = verify(forged, head_of(records[-1]))
    assert broken == Broken(3, "r3", "digest is not that of the kept head")


def test_a_record_of_another_lift_does_not_fit() -> None:
    records = chain(2)
    broken = verify([records[0], replace(records[1], lift_code="100002")])
    assert broken == Broken(2, "r2", "record is of another lift")


def test_equal_records_have_equal_bytes_whatever_the_order_of_their_keys() -> None:
    record = chain(1)[0]
    turned = replace(record, content=dict(reversed([*record.content.items()])))
    assert canonical_bytes(turned) == canonical_bytes(record)
    assert "正常".encode() in canonical_bytes(record)


@pytest.mark.parametrize(
    "content", [{"n": float("nan")}, {"n": AT}, {2: 1, 10: 1}, {"n": "\ud800"}]
)
def test_content_that_would_not_come_back_the_same_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(InvalidMessage):
        append(
            None,
            id="r",
            lift_code="1",
            kind=RecordKind.VISIT,
            content=content,
            recorded_at=AT,
            recorded_by="f",
        )


def test_records_are_kept_four_years_or_more() -> None:
    assert kept_until(date(2026, 6, 1)) == date(2030, 6, 1)
    assert kept_until(date(2028, 2, 29), 5) == date(2033, 3, 1)
    assert kept_until(date(2026, 6, 1), 1) == date(2030, 6, 1)
