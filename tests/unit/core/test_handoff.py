import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from core import handoff

NOW = datetime(2026, 11, 23, 8, 0, 0, 123457, tzinfo=UTC)


def hand_off(file: Path, *event_ids: str) -> list[bool]:
    connection = sqlite3.connect(file)
    try:
        with connection:
            handoff.create(connection)
            return [
                handoff.append(connection, event_id=each, at=NOW, payload=each.encode())
                for each in event_ids
            ]
    finally:
        connection.close()


def test_a_row_is_handed_off_once_and_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "video.db"
    assert hand_off(file, "e1", "e2", "e1") == [True, True, False]
    rows = handoff.after(file)
    assert [(r.event_id, r.payload, r.at) for r in rows] == [
        ("e1", b"e1", NOW),
        ("e2", b"e2", NOW),
    ]
    assert handoff.after(file, rows[-1].cursor.row) == []


def test_a_long_file_is_read_in_steps(tmp_path: Path) -> None:
    file = tmp_path / "video.db"
    hand_off(file, "a", "b", "c")
    first = handoff.after(file, limit=2)
    assert [row.event_id for row in first] == ["a", "b"]
    assert [row.event_id for row in handoff.after(file, first[-1].cursor.row, limit=2)] == ["c"]


def test_the_files_of_a_source_stand_in_order_of_their_names(tmp_path: Path) -> None:
    for name in ("2026-11-24.db", "2026-11-23.db", "notes.txt"):
        (tmp_path / name).touch()
    assert [file.name for file in handoff.files(tmp_path)] == ["2026-11-23.db", "2026-11-24.db"]
    assert handoff.files(tmp_path / "2026-11-23.db") == [tmp_path / "2026-11-23.db"]
    assert handoff.files(tmp_path / "video.db") == []


def test_what_is_not_there_yet_is_no_error(tmp_path: Path) -> None:
    assert handoff.after(tmp_path / "video.db") == []
    assert handoff.after(tmp_path / "none" / "video.db") == []
    (tmp_path / "empty.db").touch()
    assert handoff.after(tmp_path / "empty.db") == []


def test_a_file_made_anew_is_read_from_its_start(tmp_path: Path) -> None:
    file = tmp_path / "video.db"
    hand_off(file, "a", "b", "c")
    seen = handoff.after(file)[-1].cursor.row
    file.unlink()
    hand_off(file, "d")
    assert [row.event_id for row in handoff.after(file, seen)] == ["d"]


def test_a_row_that_was_not_committed_is_not_seen(tmp_path: Path) -> None:
    file = tmp_path / "video.db"
    hand_off(file, "e1")
    owner = sqlite3.connect(file)
    try:
        owner.execute("PRAGMA journal_mode = WAL")
        handoff.append(owner, event_id="e2", at=NOW, payload=b"")
        assert [row.event_id for row in handoff.after(file)] == ["e1"]
        owner.commit()
        assert [row.event_id for row in handoff.after(file)] == ["e1", "e2"]
    finally:
        owner.close()
