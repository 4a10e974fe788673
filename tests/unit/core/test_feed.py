from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core import feed, journal
from core.clock import ManualClock, SystemClock
from core.db import Database
from core.journal import Actor, Entry, Subject
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def happen(database: Database, *verbs: str) -> None:
    def write(connection: Connection) -> None:
        for verb in verbs:
            entry = Entry(Subject("incident", "1"), verb, Actor("system", "test"), NOW)
            journal.append(connection, entry)

    database.write(write)


def test_an_empty_journal_has_no_head(database: Database) -> None:
    assert database.read(feed.head) == 0
    assert database.read(lambda c: feed.after(c, 0)) == []


def test_entries_come_once_and_in_order(database: Database) -> None:
    happen(database, "a", "b", "c")
    first = database.read(lambda c: feed.after(c, 0, limit=2))
    rest = database.read(lambda c: feed.after(c, first[-1].id, limit=2))
    assert [each.verb for each in first + rest] == ["a", "b", "c"]
    assert rest[-1].id == database.read(feed.head)
    assert rest[-1].at == NOW


async def test_a_follower_misses_nothing_that_happened_while_it_was_away(
    database: Database,
) -> None:
    happen(database, "a", "b")
    following = feed.follow(database, ManualClock(NOW), 1)
    assert [each.verb for each in await anext(following)] == ["b"]


async def test_a_follower_is_told_that_nothing_happened_then_what_does(
    database: Database,
) -> None:
    following = feed.follow(database, SystemClock(), 0)
    assert await anext(following) == []
    happen(database, "a")
    assert [each.verb for each in await anext(following)] == ["a"]
    assert await anext(following) == []
