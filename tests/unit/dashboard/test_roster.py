from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from core.clock import ManualClock
from core.db import Database
from core.journal import Actor
from dashboard import accounts, roster, tables
from dashboard.access import Role
from dashboard.accounts import NewSession
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
TEST = Actor("system", "test")
CLOCK = ManualClock(NOW)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def make(database: Database, name: str, role: Role, *, demo: bool = False) -> None:
    database.write(
        lambda c: accounts.create_account(
            c,
            name=name,
            display_name=name,
            password_hash="!",
            role=role,
            demo=demo,
            now=NOW,
            actor=TEST,
        )
    )


def test_there_is_one_first_administrator(database: Database) -> None:
    made = roster.ensure_first_administrator(database, CLOCK)
    assert made is not None
    assert made.name == "admin"
    begun = accounts.sign_in(database, CLOCK, name="admin", password=made.password)
    assert isinstance(begun, NewSession)
    assert begun.account.must_change_password
    assert roster.ensure_first_administrator(database, CLOCK) is None


def test_the_demos_administrator_is_nobodys_and_keeps_its_name(database: Database) -> None:
    make(database, "admin", Role.ADMINISTRATOR, demo=True)
    make(database, "dispatcher", Role.DISPATCHER)
    made = roster.ensure_first_administrator(database, CLOCK)
    assert made is not None
    assert made.name == "admin2"
    assert isinstance(
        accounts.sign_in(database, CLOCK, name="admin2", password=made.password), NewSession
    )


def test_a_disabled_administrator_administers_nothing(database: Database) -> None:
    make(database, "admin", Role.ADMINISTRATOR)
    database.write(lambda c: c.execute(update(tables.account).values(disabled_at=NOW)).rowcount)
    made = roster.ensure_first_administrator(database, CLOCK)
    assert made is not None
    assert made.name == "admin2"
