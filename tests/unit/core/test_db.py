import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, select, text
from sqlalchemy.exc import DatabaseError, OperationalError, StatementError

from core import journal
from core.db import Database, add_once, put
from core.errors import Unavailable
from core.journal import Actor, Entry, Subject, journal_table
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOTED = Entry(Subject("lift", "235274"), "noted", Actor("system", "test"), NOW)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def verbs(connection: Connection) -> list[str]:
    return list(connection.execute(select(journal_table.c.verb)).scalars())


def test_a_write_that_raises_leaves_nothing_and_the_next_one_works(database: Database) -> None:
    def fails(connection: Connection) -> None:
        journal.append(connection, NOTED)
        raise KeyError("half way")

    with pytest.raises(KeyError):
        database.write(fails)
    assert database.read(verbs) == []
    database.write(lambda c: journal.append(c, NOTED))
    assert database.read(verbs) == ["noted"]


def test_what_write_returned_is_in_the_file(database: Database) -> None:
    database.write(lambda c: journal.append(c, NOTED))
    other = sqlite3.connect(database.path)
    try:
        assert other.execute("SELECT verb FROM journal").fetchall() == [("noted",)]
    finally:
        other.close()


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        database.read(lambda c: journal.append(c, NOTED))


def test_a_reader_sees_one_snapshot_while_others_write(database: Database) -> None:
    def look(connection: Connection) -> tuple[list[str], list[str]]:
        before = verbs(connection)
        database.write(lambda c: journal.append(c, NOTED))
        return before, verbs(connection)

    assert database.read(look) == ([], [])
    assert database.read(verbs) == ["noted"]


def test_writers_of_many_threads_take_turns(database: Database) -> None:
    threads = [
        threading.Thread(target=database.write, args=(lambda c: journal.append(c, NOTED),))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(database.read(verbs)) == 20
    assert database.read(lambda c: journal.verify(c, NOTED.subject)) is None


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(Exception, match="FOREIGN KEY"):
        database.write(
            lambda c: c.execute(
                text("INSERT INTO gateway_lift (gateway_id, lift_id) VALUES ('nobody', 1)")
            )
        )


def test_instants_come_back_aware_and_naive_ones_are_refused(database: Database) -> None:
    east = NOW.astimezone(timezone(timedelta(hours=8)))
    entry = Entry(NOTED.subject, "noted", NOTED.actor, east)
    database.write(lambda c: journal.append(c, entry))
    (at,) = database.read(lambda c: c.execute(select(journal_table.c.at)).scalars().all())
    assert (at, at.tzinfo) == (NOW, UTC)
    naive = Entry(NOTED.subject, "noted", NOTED.actor, NOW.replace(tzinfo=None))
    with pytest.raises(StatementError, match="naive"):
        database.write(lambda c: journal.append(c, naive))


def test_a_chain_holds_whatever_zone_its_instants_were_told_in(database: Database) -> None:
    east = NOW.astimezone(timezone(timedelta(hours=8)))
    entry = Entry(NOTED.subject, "noted", NOTED.actor, east)
    database.write(lambda c: journal.append(c, entry))
    assert database.read(lambda c: journal.verify(c, NOTED.subject)) is None


def test_another_kind_of_database_is_refused_by_its_setting() -> None:
    with pytest.raises(ValueError, match=r"database\.url"):
        Database("postgresql://hub@db.example/hub")


def test_a_closed_database_refuses_to_write_at_once(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    database.close()
    database.close()
    with pytest.raises(Unavailable, match="closed"):
        database.write(verbs)


def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_itself(
    database: Database,
) -> None:
    with pytest.raises(RuntimeError, match="inside"):
        database.write(lambda _: database.write(verbs))


def test_a_file_held_by_another_is_busy_and_free_again_afterwards(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    with Database(url, busy_for=timedelta(milliseconds=50)) as database:
        other = sqlite3.connect(database.path, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable, match="locked") as refused:
                database.write(lambda c: journal.append(c, NOTED))
            assert refused.value.reason == "busy"
            assert database.read(verbs) == []  # readers need not wait for a writer
            other.execute("ROLLBACK")
        finally:
            other.close()
        database.write(lambda c: journal.append(c, NOTED))
        assert database.read(verbs) == ["noted"]


def test_a_full_disk_is_named_keeps_nothing_and_passes(database: Database) -> None:
    def limit(pages: int) -> None:
        database.write(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count = {pages}"))

    wordy = Entry(NOTED.subject, "noted", NOTED.actor, NOW, facts={"text": "x" * 100_000})
    limit(1)  # SQLite takes the number of pages that are in use
    with pytest.raises(Unavailable, match="full") as refused:
        database.write(lambda c: journal.append(c, wordy))
    assert refused.value.reason == "disk_full"
    assert database.read(verbs) == []
    limit(1_000_000)
    database.write(lambda c: journal.append(c, wordy))
    assert database.read(lambda c: journal.verify(c, NOTED.subject)) is None
    assert database.read(verbs) == ["noted"]


def test_a_wrong_statement_is_no_excuse_to_try_again(database: Database) -> None:
    for door in (database.read, database.write):
        with pytest.raises(OperationalError, match="no such table"):
            door(lambda c: c.execute(text("SELECT * FROM unheard_of")))
    assert database.write(verbs) == []


def test_a_broken_file_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_bytes(b"this was never a database" * 400)
    with Database(f"sqlite:///{tmp_path / 'hub.db'}") as database:
        for door in (database.read, database.write):
            with pytest.raises(DatabaseError, match="not a database"):
                door(verbs)


THINGS = Table("thing", MetaData(), Column("name", String, primary_key=True), Column("n", Integer))


def test_once_is_a_unique_key_and_put_overwrites(database: Database) -> None:
    def rows(connection: Connection) -> list[tuple[str, int]]:
        return [(row.name, row.n) for row in connection.execute(select(THINGS))]

    database.write(THINGS.create)
    assert database.write(lambda c: add_once(c, THINGS, {"name": "a"}, n=1))
    assert not database.write(lambda c: add_once(c, THINGS, {"name": "a"}, n=2))
    assert database.read(rows) == [("a", 1)]
    database.write(lambda c: put(c, THINGS, {"name": "a"}, n=3))
    assert database.read(rows) == [("a", 3)]
    database.write(lambda c: put(c, THINGS, {"name": "a"}, n=4))
    assert database.read(rows) == [("a", 4)]


def test_an_error_tells_nothing_of_what_a_statement_was_given(database: Database) -> None:
    phone = "0371-00001234"
    secret = Table("no_such_table", MetaData(), Column("reporter_phone", String(32)))
    given = secret.insert().values(reporter_phone=phone)
    asked = select(secret).where(secret.c.reporter_phone == phone)
    with pytest.raises(OperationalError) as written:
        database.write(lambda c: c.execute(given).rowcount)
    with pytest.raises(OperationalError) as read:
        database.read(lambda c: c.execute(asked).all())
    for told in (written.value, read.value):
        assert phone not in f"{told} {told!r}"
        assert "parameters hidden" in str(told)
