"""Every reason not to take a message, and what numbering tells."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.admission import Admitted, Refused, Seen, admit

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
FLOORS = (-1, 10)


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@pytest.mark.parametrize(
    ("ts", "floor", "reason"),
    [
        (0, 1, "skewed_clock"),
        (ms(datetime(2036, 2, 7, tzinfo=UTC)), 1, "skewed_clock"),
        (9_007_199_254_740_991, 1, "skewed_clock"),
        (ms(NOW + timedelta(minutes=6)), 1, "skewed_clock"),
        (ms(NOW - timedelta(days=8)), 1, "stale"),
        (ms(NOW), 11, "floor_out_of_range"),
        (ms(NOW), -2, "floor_out_of_range"),
    ],
)
def test_a_refusal_names_its_reason(ts: int, floor: int, reason: str) -> None:
    answer = admit(None, ts=ts, boot="b", seq=1, now=NOW, floor=floor, floors=FLOORS)
    assert isinstance(answer, Refused)
    assert answer.reason == reason


def test_a_gap_is_counted_once_and_may_be_filled_later() -> None:
    answer = admit(Seen("b", 4), ts=ms(NOW), boot="b", seq=7, now=NOW)
    assert answer == Admitted(Seen("b", 7, frozenset({5, 6})), lost=2)
    late = admit(Seen("b", 7, frozenset({5, 6})), ts=ms(NOW), boot="b", seq=5, now=NOW)
    assert late == Admitted(Seen("b", 7, frozenset({6})))


def test_the_same_number_of_the_same_boot_is_a_duplicate() -> None:
    answer = admit(Seen("b", 4), ts=ms(NOW), boot="b", seq=4, now=NOW)
    assert isinstance(answer, Refused)
    assert answer.reason == "duplicate"


def test_a_restarted_gateway_counts_from_anew() -> None:
    answer = admit(Seen("b", 900), ts=ms(NOW), boot="c", seq=1, now=NOW)
    assert answer == Admitted(Seen("c", 1))
