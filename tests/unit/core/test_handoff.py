import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from core import handoff
from core.handoff import Cursor

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
    rows = handoff.after(file, Cursor())
    assert [(r.event_id, r.payload, r.at) for r in rows] == [
        ("e1", b"e1", NOW),
        ("e2", b"e2", NOW),
    ]
    assert handoff.after(file, rows[-1].cursor) == []


def test_a_folder_is_read_in_order_of_file_names_across_the_border_of_days(tmp_path: Path) -> None:
    hand_off(tmp_path / "2026-11-24.db", "c")
    hand_off(tmp_path / "2026-11-23.db", "a", "b")
    (tmp_path / "notes.txt").write_text("no database")
    seen: list[str] = []
    cursor = Cursor()
    while rows := handoff.after(tmp_path, cursor, limit=2):
        seen += [row.event_id for row in rows]
        cursor = rows[-1].cursor
    assert seen == ["a", "b", "c"]
    hand_off(tmp_path / "2026-11-24.db", "d")
    assert [row.event_id for row in handoff.after(tmp_path, cursor)] == ["d"]


def test_what_is_not_there_yet_is_no_error(tmp_path: Path) -> None:
    assert handoff.after(tmp_path, Cursor()) == []
    assert handoff.after(tmp_path / "video.db", Cursor()) == []
    assert handoff.after(tmp_path / "none" / "video.db", Cursor()) == []
    sqlite3.connect(tmp_path / "empty.db").close()
    assert handoff.after(tmp_path, Cursor()) == []


def test_a_row_that_was_not_committed_is_not_seen(tmp_path: Path) -> None:
    file = tmp_path / "video.db"
    hand_off(file, "e1")
    owner = sqlite3.connect(file)
    try:
        owner.execute("PRAGMA journal_mode = WAL")
        handoff.append(owner, event_id="e2", at=NOW, payload=b"")
        assert [row.event_id for row in handoff.after(file, Cursor())] == ["e1"]
        owner.commit()
        assert [row.event_id for row in handoff.after(file, Cursor())] == ["e1", "e2"]
    finally:
        owner.close()
