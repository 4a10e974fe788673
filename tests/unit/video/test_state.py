from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import handoff
from devices import findings
from devices.findings import CameraBack, CameraDark
from video.state import NOT_WATCHED, VIDEO_SILENT, StateReader, StateWriter
from video.stream import Stream, StreamState

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
OFFLINE = Stream(StreamState.OFFLINE, NOW, reason="timeout")
LIVE = Stream(StreamState.LIVE, LATER, last_picture_at=LATER)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StateWriter]:
    pen = StateWriter(tmp_path)
    yield pen
    pen.close()


def told(root: Path) -> list[findings.Finding]:
    rows = handoff.after(root / "handoff.db")
    return [findings.decode(row.payload) for row in rows]


def test_a_reader_sees_what_was_recorded(tmp_path: Path, writer: StateWriter) -> None:
    reader = StateReader(tmp_path)
    assert reader.camera("K1").reason == NOT_WATCHED
    writer.record({"K1": LIVE, "K2": OFFLINE}, LATER)
    seen = reader.camera("K1")
    assert (seen.state, seen.since, seen.last_picture_at) == (StreamState.LIVE, LATER, LATER)
    assert set(reader.cameras()) == {"K1", "K2"}


def test_a_reader_before_the_first_fleet_knows_nobody(tmp_path: Path) -> None:
    assert StateReader(tmp_path / "none").cameras() == {}


def test_one_darkness_is_told_once_and_ended_once(tmp_path: Path, writer: StateWriter) -> None:
    for stream in (OFFLINE, OFFLINE, LIVE, LIVE):
        writer.record({"K1": stream}, LATER)
    dark, back = told(tmp_path)
    assert isinstance(dark, CameraDark)
    assert isinstance(back, CameraBack)
    assert (dark.reason, dark.since, dark.event_id) == ("timeout", NOW, back.event_id)


def test_a_mere_stall_is_told_to_nobody(tmp_path: Path, writer: StateWriter) -> None:
    writer.record({"K1": Stream(StreamState.STALLED, NOW, reason="no_pictures")}, NOW)
    assert told(tmp_path) == []


def test_a_darkness_outlives_a_restart(tmp_path: Path, writer: StateWriter) -> None:
    writer.record({"K1": OFFLINE}, NOW)
    writer.close()
    second = StateWriter(tmp_path)
    second.record({"K1": Stream(StreamState.CONNECTING, LATER)}, LATER)
    second.record({"K1": Stream(StreamState.OFFLINE, LATER)}, LATER)
    assert len(told(tmp_path)) == 1
    second.record({"K1": LIVE}, LATER)
    assert [type(finding) for finding in told(tmp_path)] == [CameraDark, CameraBack]
    second.close()


def test_a_camera_taken_out_ends_its_darkness(tmp_path: Path, writer: StateWriter) -> None:
    writer.record({"K1": OFFLINE}, NOW)
    writer.forget("K1", LATER)
    assert [type(finding) for finding in told(tmp_path)] == [CameraDark, CameraBack]
    assert writer.known() == frozenset()


def test_a_change_that_cannot_be_told_is_not_recorded(tmp_path: Path, writer: StateWriter) -> None:
    writer._connection.execute("DROP TABLE alerts.handoff")
    with pytest.raises(Exception, match="no such table"):
        writer.record({"K1": OFFLINE}, NOW)
    assert StateReader(tmp_path).cameras() == {}


def test_live_is_not_believed_of_a_silent_process(tmp_path: Path, writer: StateWriter) -> None:
    writer.record({"K1": LIVE}, LATER)
    seen = StateReader(tmp_path).camera("K1")
    assert seen.believed(LATER + timedelta(seconds=10)) == seen
    doubted = seen.believed(LATER + timedelta(minutes=1))
    assert (doubted.state, doubted.reason) == (StreamState.OFFLINE, VIDEO_SILENT)
