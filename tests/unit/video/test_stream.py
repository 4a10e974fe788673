from datetime import UTC, datetime, timedelta

import pytest

from video.stream import (
    LIFE,
    Limits,
    Stream,
    StreamEvent,
    StreamState,
    begun,
    due,
    step,
)

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = NOW + timedelta(seconds=3)
LIMITS = Limits()


@pytest.mark.parametrize("state", StreamState)
@pytest.mark.parametrize("event", StreamEvent)
def test_every_cell_of_the_table_is_walked(state: StreamState, event: StreamEvent) -> None:
    before = Stream(state, NOW, reason="timeout", last_picture_at=NOW)
    after = step(before, event, LATER, "ended")
    assert after.state is LIFE[state][event]
    assert after.since == (NOW if after.state is state else LATER)
    if event is StreamEvent.PICTURE:
        assert (after.reason, after.last_picture_at) == ("", LATER)
    else:
        assert after.last_picture_at == NOW


def test_a_picture_makes_live_from_anywhere() -> None:
    assert {row[StreamEvent.PICTURE] for row in LIFE.values()} == {StreamState.LIVE}


def test_a_later_failure_brings_its_reason_without_a_new_beginning() -> None:
    stalled = step(step(begun(NOW), StreamEvent.PICTURE, NOW), StreamEvent.LOST, NOW, "timeout")
    refused = step(stalled, StreamEvent.LOST, LATER, "connection_refused")
    assert (refused.since, refused.reason) == (NOW, "connection_refused")


def test_silence_stalls_and_patience_ends() -> None:
    live = step(begun(NOW), StreamEvent.PICTURE, NOW)
    just_before = NOW + LIMITS.silent_after - timedelta(milliseconds=1)
    assert due(live, just_before, LIMITS) is None
    assert due(live, NOW + LIMITS.silent_after, LIMITS) is StreamEvent.SILENT
    stalled = step(live, StreamEvent.SILENT, NOW)
    assert due(stalled, NOW + LIMITS.offline_after, LIMITS) is StreamEvent.OVERDUE
    assert due(begun(NOW), NOW + LIMITS.offline_after, LIMITS) is StreamEvent.OVERDUE
    offline = step(stalled, StreamEvent.OVERDUE, LATER)
    assert due(offline, NOW + timedelta(days=9), LIMITS) is None
