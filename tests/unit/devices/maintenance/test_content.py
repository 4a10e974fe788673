import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from core.errors import InvalidMessage
from core.geo import Position
from devices.maintenance import content
from devices.maintenance.period import CalledForBy, Period
from devices.maintenance.random_checks import drawn
from devices.maintenance.record import RecordKind, append, verify
from devices.maintenance.submission import (
    Answer,
    Answered,
    Checked,
    CheckIn,
    Hazard,
    Means,
    Submission,
)

AT = datetime(2026, 6, 1, 9, tzinfo=timezone(timedelta(hours=8)))
VISIT = Submission(
    item_list="A@1",
    period=Period.QUARTER,
    called_for_by=CalledForBy.DEMAND,
    workers=("w1", "w2"),
    check_ins=(CheckIn("w1", AT, Means.POSITION, position=Position(31.2, 121.4)),),
    started_at=AT,
    finished_at=AT + timedelta(hours=1),
    sent_at=AT + timedelta(hours=2),
    answers=(Answered("A-1-1", Answer.NOT_APPLICABLE, "无机房", ("sha256:0",)),),
    hazards=(Hazard.OTHER,),
    signed_by=("w1",),
    planned_next=date(2026, 6, 15),
)


def test_a_visit_comes_back_as_it_was_said() -> None:
    plain = json.loads(json.dumps(content.handed_in(VISIT)))
    assert content.read(plain) == VISIT
    assert plain["started_at"] == "2026-06-01T09:00:00+08:00"


def test_a_record_keeps_what_was_said_beside_what_the_hub_made_of_it() -> None:
    skew = timedelta(minutes=20)
    checked = Checked((), ("clock_skew_s:1200",), skew, AT + skew, AT + skew)
    kept = content.visit_record(VISIT, checked, "firm1")
    assert kept["work_type"] == "FM"
    assert kept["skew_s"] == 1200
    record = append(
        None,
        id="r1",
        lift_code="100001",
        kind=RecordKind.VISIT,
        content=kept,
        recorded_at=AT.astimezone(UTC),
        recorded_by="firm1",
    )
    assert verify([record]) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"started_at": "2026-06-01T09:00:00"}, "started_at"),
        ({"period": "weekly"}, "period"),
        ({"hazards": ["S9"]}, "hazards[0]"),
        ({"workers": None}, "workers"),
        (
            {"check_ins": [{"worker": "w1", "at": "2026-06-01T09:00:00", "means": "code"}]},
            "check_ins[0].at",
        ),
    ],
)
def test_what_cannot_be_read_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidMessage) as refused:
        content.read({**content.handed_in(VISIT), **change})
    assert refused.value.field == field


def test_a_position_that_is_no_place_is_refused() -> None:
    there = {"worker": "w1", "at": AT.isoformat(), "means": "position"}
    wrong = {**there, "position": {"latitude": 91, "longitude": 0}}
    with pytest.raises(InvalidMessage):
        content.read({**content.handed_in(VISIT), "check_ins": [wrong]})


def test_a_draw_can_be_repeated_and_adding_a_visit_moves_no_other() -> None:
    visits = [f"v{n}" for n in range(100)]
    first = drawn(visits, "seed", 10)
    assert first == drawn(reversed(visits), "seed", 10)
    assert first != drawn(visits, "another", 10)
    more = drawn([*visits, "v100"], "seed", 11)
    assert [v for v in more if v != "v100"][:10] == list(first)
    assert len(drawn(visits, "seed", 1000)) == 100
