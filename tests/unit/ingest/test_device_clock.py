"""When it happened, by clocks that are right, unset, ahead, slow, or of a gateway catching up."""

from ingest.device_clock import (
    AHEAD,
    SECOND,
    STALE_MS,
    TRUE_LAG,
    TRUSTED,
    WATCHED,
    DeviceClock,
    Told,
    happened,
)

NOW = 1_795_420_800_000  # 2026-11-23 08:00 UTC
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def told_each(lags: list[tuple[int, int]], clock: DeviceClock = TRUSTED) -> list[Told]:
    """For (receipt after NOW, lag) in turn."""
    answers = []
    for after, lag in lags:
        received = NOW + after
        answers.append(happened(clock, received - lag, received))
        clock = answers[-1].clock
    return answers


def test_a_clock_that_is_right_is_believed() -> None:
    (told,) = told_each([(0, 400)])
    assert (told.event_ms, told.skewed) == (NOW - 400, False)


def test_nothing_happens_after_it_was_received() -> None:
    (told,) = told_each([(0, -AHEAD)])
    assert (told.event_ms, told.skewed) == (NOW, False)


def test_a_clock_ten_minutes_ahead_is_set_right_by_its_smallest_lag() -> None:
    first, second, third = told_each(
        [(0, -10 * MINUTE + 500), (1_000, -10 * MINUTE + 200), (2_000, -10 * MINUTE + 900)]
    )
    assert (first.event_ms, first.skewed) == (NOW, True)
    assert second.event_ms == NOW + 1_000
    assert (third.event_ms, third.skewed) == (NOW + 2_000 - 700, True)


def test_a_clock_that_says_1970_or_2036_tells_the_order_all_the_same() -> None:
    for first_says in (0, 2_085_978_496_000):
        first = happened(TRUSTED, first_says, NOW)
        second = happened(first.clock, first_says + 3_000, NOW + 3_400)
        assert first.event_ms == NOW
        assert second.event_ms == NOW + 3_000
        assert second.skewed


def test_a_gateway_that_catches_up_is_believed() -> None:
    answers = told_each([(n * 100, 2 * HOUR - n * MINUTE) for n in range(60)])
    assert not any(told.skewed for told in answers)
    assert answers[-1].event_ms == NOW + 5_900 - (2 * HOUR - 59 * MINUTE)


def test_a_lag_that_stays_is_a_slow_clock() -> None:
    answers = told_each([(n * MINUTE, HOUR + (n % 3) * SECOND) for n in range(10)])
    assert not answers[1].skewed
    assert answers[-1].skewed
    assert answers[-1].event_ms == NOW + 9 * MINUTE
    assert 5 * MINUTE == WATCHED


def test_a_clock_that_was_set_right_is_trusted_again() -> None:
    answers = told_each([(0, -HOUR), (1_000, 300), (2_000, 300)])
    assert [told.skewed for told in answers] == [True, False, False]
    assert answers[-1].clock.offset == 0


def test_what_is_older_than_a_week_by_a_right_clock_is_stale() -> None:
    told = told_each([(0, 300), (MINUTE, STALE_MS + MINUTE)])[-1]
    assert told.event_ms is None


def test_a_clock_a_year_behind_from_the_first_word_is_skewed_not_stale() -> None:
    (told,) = told_each([(0, 365 * 24 * HOUR)])
    assert (told.event_ms, told.skewed) == (NOW, True)


def test_the_edge_of_a_true_lag() -> None:
    (told,) = told_each([(0, TRUE_LAG)])
    assert told.clock.right_at == NOW
    (late,) = told_each([(0, TRUE_LAG + 1)])
    assert late.clock.watched_from == NOW
