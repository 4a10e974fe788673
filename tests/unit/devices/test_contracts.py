from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from devices.contracts import (
    Contract,
    NotHandedOver,
    Overlap,
    Sight,
    Unmaintained,
    called_firm,
    hand_over,
    holder_on,
    overlaps,
    sight,
    unmaintained,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
OLD = Contract("K-1", "100001", "old", date(2025, 1, 1))
ON = date(2026, 7, 1)
MIDNIGHT = datetime(2026, 6, 30, 16, tzinfo=UTC)  # of the hand-over, in Shanghai


def after(lifts: tuple[str, ...] = ("100001",)) -> list[Contract]:
    done = hand_over([OLD], lifts, from_firm="old", to_firm="new", number="K-2", on=ON)
    assert done.refused == ()
    return [*done.ended, *done.begun]


def test_a_hand_over_takes_effect_at_local_midnight() -> None:
    contracts = after()
    second = timedelta(seconds=1)
    assert called_firm(contracts, "100001", MIDNIGHT - second, SHANGHAI) == "old"
    assert called_firm(contracts, "100001", MIDNIGHT, SHANGHAI) == "new"
    assert called_firm(contracts, "100009", MIDNIGHT, SHANGHAI) is None


def test_an_incident_over_midnight_keeps_the_firm_of_its_call() -> None:
    called_at = MIDNIGHT - timedelta(minutes=5)
    before = called_firm([OLD], "100001", called_at, SHANGHAI)
    assert before == called_firm(after(), "100001", called_at, SHANGHAI) == "old"


def test_the_new_firm_sees_old_records_and_the_old_one_what_it_wrote() -> None:
    def seen(firm: str, written_by: str, now: datetime) -> Sight | None:
        return sight(
            after(), lift="100001", firm=firm, written_by=written_by, now=now, zone=SHANGHAI
        )

    before = MIDNIGHT - timedelta(hours=1)
    assert seen("new", "old", before) is None
    assert seen("new", "old", MIDNIGHT) is Sight.HOLDS_CONTRACT
    assert seen("old", "old", MIDNIGHT) is Sight.WROTE_IT
    assert seen("old", "new", MIDNIGHT) is None
    assert seen("other", "old", MIDNIGHT) is None


@pytest.mark.parametrize(
    ("contracts", "reason"),
    [
        ([], "nobody_holds_it"),
        ([Contract("K", "1", "third", date(2025, 1, 1))], "held_by_another"),
        ([Contract("K", "1", "old", ON)], "begins_on_that_day"),
        (
            [
                Contract("K", "1", "old", date(2025, 1, 1), date(2026, 12, 31)),
                Contract("L", "1", "old", date(2027, 1, 1)),
            ],
            "later_contract",
        ),
    ],
)
def test_what_cannot_be_handed_over_is_refused_with_its_reason(
    contracts: list[Contract], reason: str
) -> None:
    done = hand_over(contracts, ["1"], from_firm="old", to_firm="new", number="N", on=ON)
    assert done.refused == (NotHandedOver("1", reason),)
    assert done.ended == done.begun == ()


def test_a_hand_over_must_make_sense() -> None:
    same = hand_over([OLD], ["100001"], from_firm="old", to_firm="old", number="N", on=ON)
    assert same.refused == (NotHandedOver("100001", "same_firm"),)
    turned = hand_over(
        [OLD],
        ["100001"],
        from_firm="old",
        to_firm="new",
        number="N",
        on=ON,
        until=ON - timedelta(days=1),
    )
    assert turned.refused == (NotHandedOver("100001", "ends_before_it_begins"),)


def test_overlaps_are_reported_and_the_later_contract_holds() -> None:
    newer = Contract("K-3", "100001", "new", ON, date(2026, 12, 31))
    elsewhere = Contract("K-4", "100002", "new", ON)
    assert overlaps([newer, OLD, elsewhere]) == (Overlap(newer, OLD, ON, date(2026, 12, 31)),)
    assert holder_on([newer, OLD], "100001", ON) == newer
    assert holder_on([newer, OLD], "100001", date(2027, 1, 1)) == OLD
    assert overlaps(after()) == ()


def test_days_without_a_contract_are_reported() -> None:
    first = Contract("K", "1", "a", date(2026, 1, 10), date(2026, 1, 20))
    second = Contract("L", "1", "b", date(2026, 2, 1), date(2026, 2, 10))
    year = (date(2026, 1, 1), date(2026, 12, 31))
    assert unmaintained([second, first], "1", *year) == (
        Unmaintained("1", date(2026, 1, 1), date(2026, 1, 9)),
        Unmaintained("1", date(2026, 1, 21), date(2026, 1, 31)),
        Unmaintained("1", date(2026, 2, 11), date(2026, 12, 31)),
    )
    assert unmaintained([OLD], "100001", *year) == ()
