from datetime import UTC, datetime, timedelta

import pytest

from devices.presence import Presence, PresenceLimits, changes_at, presence

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LIMITS = PresenceLimits(timedelta(seconds=90), timedelta(seconds=300))


@pytest.mark.parametrize(
    ("silent_s", "expected"),
    [
        (-5, Presence.ONLINE),
        (0, Presence.ONLINE),
        (89.999, Presence.ONLINE),
        (90, Presence.LATE),
        (299.999, Presence.LATE),
        (300, Presence.OFFLINE),
        (10**8, Presence.OFFLINE),
    ],
)
def test_presence_follows_silence(silent_s: float, expected: Presence) -> None:
    assert presence(NOW - timedelta(seconds=silent_s), NOW, LIMITS) is expected


def test_what_was_never_heard_is_neither_late_nor_offline() -> None:
    assert presence(None, NOW, LIMITS) is Presence.NEVER


def test_a_last_will_is_believed_at_once() -> None:
    assert presence(NOW, NOW, LIMITS, said_offline=True) is Presence.OFFLINE


def test_presence_changes_exactly_when_it_says() -> None:
    at: datetime | None = NOW
    seen = []
    while at is not None:
        seen.append(presence(NOW, at, LIMITS))
        at = changes_at(NOW, at, LIMITS)
    assert seen == [Presence.ONLINE, Presence.LATE, Presence.OFFLINE]


def test_limits_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="late_after"):
        PresenceLimits(timedelta(seconds=2), timedelta(seconds=1))
