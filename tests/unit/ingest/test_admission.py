"""What numbering tells, and which floors and speeds a lift can have."""

import pytest

from ingest.admission import (
    REMEMBERED_GAPS,
    Admitted,
    Numbers,
    Refused,
    Seen,
    admit,
    plausible,
)

FLOORS = (-1, 10)


def taken(*numbers: int, boot: str = "b") -> Seen:
    seen: Seen | None = None
    for seq in numbers:
        answer = admit(seen, boot, seq)
        assert isinstance(answer, Admitted)
        seen = answer.seen
    assert seen is not None
    return seen


@pytest.mark.parametrize(
    ("floor", "speed", "reason"),
    [
        (11, None, "floor_out_of_range"),
        (-2, None, "floor_out_of_range"),
        (1, 3.6, "speed_out_of_range"),
        (1, -3.6, "speed_out_of_range"),
    ],
)
def test_a_refusal_names_its_reason(floor: int, speed: float | None, reason: str) -> None:
    answer = plausible(floor, speed, FLOORS, 1.75)
    assert isinstance(answer, Refused)
    assert answer.reason == reason


@pytest.mark.parametrize(("floor", "speed"), [(10, 3.5), (-1, -2.1), (None, None), (0, 0.0)])
def test_a_lift_may_be_where_it_has_floors_and_overspeed_is_told(
    floor: int | None, speed: float | None
) -> None:
    assert plausible(floor, speed, FLOORS, 1.75) is None


def test_a_lift_of_unknown_rated_speed_may_have_any() -> None:
    assert plausible(1, 19.0, FLOORS, 0) is None


def test_a_gap_is_counted_once_and_may_be_filled_later() -> None:
    answer = admit(taken(3, 4), "b", 7)
    assert answer == Admitted(Seen(Numbers("b", 7, (1, 3, 5, 7))), lost=2)
    late = admit(answer.seen, "b", 5)
    assert late == Admitted(Seen(Numbers("b", 7, (1, 3, 6, 7))))
    again = admit(late.seen, "b", 5)
    assert isinstance(again, Refused)


def test_the_same_number_of_the_same_boot_is_a_duplicate() -> None:
    answer = admit(taken(3, 4), "b", 4)
    assert isinstance(answer, Refused)
    assert answer.reason == "duplicate"


def test_a_restarted_gateway_counts_from_anew() -> None:
    answer = admit(taken(900), "c", 1)
    assert answer == Admitted(Seen(Numbers("c", 1), Numbers("b", 900, (1, 900))))


def test_what_a_gateway_kept_from_before_its_restart_is_neither_doubled_nor_lost() -> None:
    restarted = admit(taken(899, 901), "c", 1)
    assert isinstance(restarted, Admitted)
    late = admit(restarted.seen, "b", 900)
    assert isinstance(late, Admitted)
    assert isinstance(admit(late.seen, "b", 900), Refused)
    onwards = admit(late.seen, "c", 2)
    assert isinstance(onwards, Admitted)
    assert (onwards.lost, onwards.seen.now.highest) == (0, 2)
    assert isinstance(admit(onwards.seen, "c", 1), Refused)


def test_the_first_gap_after_the_hubs_own_restart_proves_no_loss() -> None:
    recalled = Seen(Numbers("b", 4), certain=False)
    first = admit(recalled, "b", 9)
    assert isinstance(first, Admitted)
    assert first.lost == 0
    assert isinstance(admit(first.seen, "b", 6), Admitted)  # it may come again, unacknowledged
    second = admit(first.seen, "b", 12)
    assert isinstance(second, Admitted)
    assert second.lost == 2


def test_gaps_are_remembered_within_bounds() -> None:
    answer = admit(taken(1), "b", 10_000_000)
    assert isinstance(answer, Admitted)
    assert len(answer.seen.now.missing) == REMEMBERED_GAPS
    assert answer.lost == 9_999_998


def test_what_a_boot_said_before_the_first_that_was_heard_of_it_may_come_yet() -> None:
    for earlier in (None, Seen(Numbers("a", 9))):
        first = admit(earlier, "b", 3)
        assert isinstance(first, Admitted)
        assert first.lost == 0
        late = admit(first.seen, "b", 1)
        assert isinstance(late, Admitted)
        assert isinstance(admit(late.seen, "b", 1), Refused)
        assert isinstance(admit(late.seen, "b", 3), Refused)
