"""Day files of another process: what has just been removed is empty, and harms no reader."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from ingest import inbox
from ingest.quarantine import QuarantineFilter, QuarantineReader
from ingest.timeseries import dayfiles, turns
from ingest.timeseries.dayfiles import answered_up_to
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Answer, Batch, Quarantined, Window
from ingest.timeseries.reading import open_reader, reading
from tests.support.rescue import START

GONE = "2026-01-01.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    clock = ManualClock(START)
    with closing(EmbeddedStore(tmp_path, clock)) as store:
        refused = Quarantined("lift/v1/410100/G1/status", START, "bad_json", "", "", b"{")
        store.commit(Batch(START, quarantined=[refused]))
    return tmp_path


def test_a_file_that_went_before_it_was_opened_is_empty(tmp_path: Path) -> None:
    seen = 0
    with reading(tmp_path / GONE) as connection:
        seen += len(connection.execute("SELECT * FROM quarantine").fetchall())
    assert seen == 0
    assert not (tmp_path / GONE).exists()
    assert turns.turn_of(tmp_path / GONE) == (0, 0)


def test_a_file_that_went_between_opening_and_asking_is_empty(folder: Path) -> None:
    (file,) = dayfiles.day_files(folder)
    answered = []
    with reading(file) as connection:
        for name in folder.glob(f"{file.name}*"):
            name.unlink()
        answered = connection.execute("SELECT * FROM quarantine").fetchall()
    assert answered == []


def test_what_is_there_and_broken_is_told(folder: Path) -> None:
    (file,) = dayfiles.day_files(folder)
    with pytest.raises(Exception, match="no such column"), reading(file) as connection:
        connection.execute("SELECT nonsense FROM quarantine")


def test_every_reader_goes_on_where_retention_takes_a_day_away(folder: Path) -> None:
    """A name that leads nowhere is what a reader holds when the file goes behind its back."""
    (folder / GONE).symlink_to(folder / "nowhere")
    quarantine, store = QuarantineReader(folder), EmbeddedStore.reader(folder)
    assert [kept.reason for kept in quarantine.list(10)] == ["bad_json"]
    keys, total = quarantine.keys(QuarantineFilter(), limit=10)
    assert (len(quarantine.fetch(keys)), total) == (1, 1)
    assert quarantine.keys(QuarantineFilter(), "reason", limit=10)[1] == 1
    assert quarantine.counts() == {"bad_json": 1}
    assert quarantine.count_since(START - timedelta(days=1)) == 1
    assert quarantine.crowded_out() == 0
    assert store.last_points("100001", 5) == []
    hour = timedelta(hours=1)
    window = Window("100001", "floor", START - 400 * 24 * hour, START + hour, hour)
    assert all(sample.count == 0 for sample in store.window(window).points)
    assert store.messages() == {}
    assert store.counts((START - timedelta(days=400)).date(), START.date()) == {}
    assert store.memories() == {}
    assert answered_up_to(folder, "door") == 0
    assert inbox.answers(folder, "door", [1]) == []


def test_what_was_answered_is_known_behind_files_of_days_to_come(tmp_path: Path) -> None:
    """A clock that was ahead for days is put back: the newest names hold the oldest answers."""
    clock = ManualClock(START + timedelta(days=300))
    for row in range(1, 5):
        with closing(EmbeddedStore(tmp_path, clock)) as store:
            store.commit(Batch(clock.now(), answers=[Answer("door", row, "stored")]))
        clock.advance(timedelta(days=1))
    clock = ManualClock(START)
    with closing(EmbeddedStore(tmp_path, clock)) as store:
        store.commit(Batch(START, answers=[Answer("door", 5, "stored")]))
    assert answered_up_to(tmp_path, "door") == 5
    assert [each.row for each in inbox.answers(tmp_path, "door", [5])] == [5]


def test_a_reader_never_makes_a_file(tmp_path: Path) -> None:
    with closing(open_reader(tmp_path / GONE)):
        pass
    assert list(tmp_path.iterdir()) == []
