import os
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import Conflict, InvalidMessage
from hub.backup import backup, restore, verify

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets" / "mqtt.json").write_text("{}")
    (folder / "broker").mkdir()
    (folder / "broker" / "mosquitto.db").write_bytes(b"not a database of ours")
    with closing(sqlite3.connect(folder / "hub.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (42)")
        connection.commit()
    return folder


def test_a_backup_of_an_open_database_restores_to_the_same_rows(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    with closing(sqlite3.connect(data / "hub.db")) as open_elsewhere:
        open_elsewhere.execute("INSERT INTO t VALUES (43)")
        open_elsewhere.commit()
        checked = backup(data, archive, NOW, version="1")
    assert checked.integrity == ("hub.db",)
    assert archive.stat().st_mode & 0o077 == 0
    restore(archive, tmp_path / "again")
    with closing(sqlite3.connect(tmp_path / "again" / "hub.db")) as connection:
        assert connection.execute("SELECT x FROM t").fetchall() == [(42,), (43,)]
    assert not (tmp_path / "again" / "broker").exists()


def test_a_damaged_archive_is_named_by_its_first_wrong_file(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    backup(data, archive, NOW, version="1")
    unpacked = tmp_path / "unpacked"
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    (unpacked / "secrets" / "mqtt.json").write_text("{ }")
    damaged = tmp_path / "damaged.tar.gz"
    with tarfile.open(damaged, "w:gz") as tar:
        for file in unpacked.rglob("*"):
            tar.add(file, arcname=file.relative_to(unpacked), recursive=False)
    with pytest.raises(InvalidMessage, match=r"secrets/mqtt\.json"):
        verify(damaged)


def test_half_an_archive_is_refused(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    backup(data, archive, NOW, version="1")
    archive.write_bytes(archive.read_bytes()[:200])
    with pytest.raises(InvalidMessage, match="not a whole backup"):
        verify(archive)


def test_nothing_is_overwritten(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    backup(data, archive, NOW, version="1")
    with pytest.raises(Conflict):
        backup(data, archive, NOW, version="1")
    with pytest.raises(Conflict):
        restore(archive, data)


@pytest.mark.parametrize("there", [True, False])
def test_a_restore_that_fails_leaves_the_folder_as_it_was(
    data: Path, tmp_path: Path, *, there: bool
) -> None:
    archive, target = tmp_path / "b.tar.gz", tmp_path / "again"
    backup(data, archive, NOW, version="1")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    if there:
        target.mkdir()
    with pytest.raises(InvalidMessage):
        restore(archive, target)
    assert target.exists() == there
    assert not there or list(target.iterdir()) == []
    archive.write_bytes(whole)
    assert restore(archive, target).integrity == ("hub.db",)


def test_a_restore_that_was_cut_off_is_begun_again(data: Path, tmp_path: Path) -> None:
    archive, target = tmp_path / "b.tar.gz", tmp_path / "again"
    backup(data, archive, NOW, version="1")
    (target / ".restoring" / "secrets").mkdir(parents=True)
    (target / ".restoring" / "hub.db").write_bytes(b"half")
    restore(archive, target)
    assert sorted(each.name for each in target.iterdir()) == ["hub.db", "secrets"]


def test_a_backup_into_the_data_folder_holds_no_other_and_does_not_grow(data: Path) -> None:
    (data / "backups").mkdir()
    (data / "backups" / "left-over.tar.gz.partial").write_bytes(os.urandom(100_000))
    first = backup(data, data / "backups" / "one.tar.gz", NOW, version="1")
    second = backup(data, data / "backups" / "two.tar.gz", NOW, version="1")
    beside = backup(data, data / "three.tar.gz", NOW, version="1")
    again = backup(data, data / "four.tar.gz", NOW, version="1")
    assert first.files == second.files == beside.files == again.files
    assert first.bytes == again.bytes


def test_a_backup_that_fails_leaves_nothing_behind(data: Path, tmp_path: Path) -> None:
    (data / "telemetry.db").write_bytes(b"no database at all" * 100)
    archives = tmp_path / "archives"
    archives.mkdir()
    with pytest.raises(InvalidMessage, match=r"telemetry\.db"):
        backup(data, archives / "b.tar.gz", NOW, version="1")
    assert list(archives.iterdir()) == []


@pytest.mark.parametrize("kind", ["flipped", "other", "text"])
def test_what_is_no_backup_is_told_without_names_of_the_moment(
    data: Path, tmp_path: Path, kind: str
) -> None:
    archive = tmp_path / "b.tar.gz"
    if kind == "flipped":
        backup(data, archive, NOW, version="1")
        content = bytearray(archive.read_bytes())
        for at in range(20, len(content), 7):
            content[at] ^= 0xFF
        archive.write_bytes(content)
    elif kind == "other":
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(data / "hub.db", arcname="hub.db")
    else:
        archive.write_text("no archive at all")
    with pytest.raises(InvalidMessage, match="not a") as told:
        verify(archive)
    assert tempfile.gettempdir() not in str(told.value)
    assert "Errno" not in str(told.value)


def test_an_archive_that_is_not_there_is_named_itself(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as told:
        verify(tmp_path / "none.tar.gz")
    assert told.value.filename == str(tmp_path / "none.tar.gz")
