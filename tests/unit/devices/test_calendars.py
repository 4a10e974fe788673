from datetime import date
from typing import Any

import pytest

from devices.calendars import parse
from devices.days import WorkCalendar


def test_holidays_are_days_and_stretches() -> None:
    calendar = parse({"closed": ["2026-10-01/2026-10-03", "2026-12-25"], "worked": ["2026-10-10"]})
    assert isinstance(calendar, WorkCalendar)
    assert not calendar.works_on(date(2026, 10, 2))
    assert not calendar.works_on(date(2026, 12, 25))
    assert calendar.works_on(date(2026, 10, 10))  # a Saturday
    assert not calendar.works_on(date(2026, 10, 11))


def test_weekdays_may_be_others_or_none() -> None:
    friday = parse({"rest_weekdays": ["fri"]})
    assert isinstance(friday, WorkCalendar)
    assert not friday.works_on(date(2026, 10, 2))
    assert friday.works_on(date(2026, 10, 3))
    assert parse({"rest_weekdays": []}) == WorkCalendar(frozenset())


@pytest.mark.parametrize(
    ("tree", "field", "reason"),
    [
        ({"holidays": []}, "holidays", "unknown_key"),
        ({"rest_weekdays": ["sunday"]}, "rest_weekdays", "bad_form"),
        ({"closed": "2026-10-01"}, "closed", "bad_form"),
        ({"closed": ["1 October"]}, "closed[1]", "bad_form"),
        ({"closed": ["2026-10-08/2026-10-01"]}, "closed[1]", "bad_order"),
        ({"closed": ["2020-01-01/2026-10-01"]}, "closed[1]", "bad_order"),
        (
            {"closed": ["2026-10-01"], "worked": ["2026-10-01"]},
            "worked[2026-10-01]",
            "closed_and_worked",
        ),
    ],
)
def test_what_is_wrong_is_told_by_field(tree: dict[str, Any], field: str, reason: str) -> None:
    found = parse(tree)
    assert isinstance(found, tuple)
    assert [(each.field, each.reason) for each in found] == [(field, reason)]
