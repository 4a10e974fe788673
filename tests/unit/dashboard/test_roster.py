from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from core.clock import ManualClock
from core.db import Database
from core.errors import Conflict, InvalidMessage, NotFound
from core.journal import Actor
from dashboard import accounts, roster, tables
from dashboard.access import Role
from dashboard.accounts import NewSession, Refused, hash_password
from devices import commands
from devices.model import MaintenanceFirm
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
TEST = Actor("system", "test")
CLOCK = ManualClock(NOW)
ONE_TIME = "a one-time sample"


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


def add(database: Database, name: str, role: Role, **where: str) -> None:
    database.write(
        lambda c: roster.add(
            c,
            name=name,
            display_name="",
            role=role,
            scope=roster.scope_by_codes(
                c, **{"area": "", "firm": "", "station": "", "use_unit": "", **where}
            ),
            password_hash=hash_password(ONE_TIME),
            now=NOW,
            actor=TEST,
        )
    )


def test_an_account_is_made_with_a_password_to_change_and_its_scope(database: Database) -> None:
    firm = MaintenanceFirm(0, "F001", "示例维保", "0371-00000001")
    database.write(lambda c: commands.upsert_firm(c, firm, NOW, TEST))
    add(database, "firm1", Role.FIRM_ADMIN, firm="F001")
    add(database, "wang", Role.DISPATCHER, area="410100")
    begun = accounts.sign_in(database, CLOCK, name="firm1", password=ONE_TIME)
    assert isinstance(begun, NewSession)
    assert begun.account.must_change_password
    assert begun.account.scope.firm_id == 1
    assert [(each.name, each.where, each.state) for each in database.read(roster.listed)] == [
        ("firm1", "F001", "password not yet changed"),
        ("wang", "410100", "password not yet changed"),
    ]


@pytest.mark.parametrize(
    ("name", "role", "where", "error"),
    [
        ("two words", Role.DISPATCHER, {}, InvalidMessage),
        ("x", Role.DISPATCHER, {"area": "Zhengzhou"}, InvalidMessage),
        ("x", Role.FIRM_ADMIN, {}, InvalidMessage),
        ("x", Role.FIRM_ADMIN, {"firm": "F9"}, NotFound),
        ("x", Role.STATION, {"station": "S9"}, NotFound),
        ("taken", Role.DISPATCHER, {}, Conflict),
    ],
)
def test_an_account_that_would_see_the_wrong_things_is_refused(
    database: Database, name: str, role: Role, where: dict[str, str], error: type[Exception]
) -> None:
    make(database, "taken", Role.PROVINCE_SUPERVISOR)
    with pytest.raises(error):
        add(database, name, role, **where)
    assert len(database.read(roster.listed)) == 1


def test_a_token_ends_on_its_day(database: Database) -> None:
    add(database, "wang", Role.DISPATCHER)
    token = database.write(
        lambda c: roster.add_token(c, account="wang", name="api", now=NOW, actor=TEST, days=2)
    )
    ends = NOW + timedelta(days=2)
    assert [t.expires_at for t in database.read(lambda c: roster.tokens(c, "wang"))] == [ends]
    just_before = ends - timedelta(seconds=1)
    assert accounts.signed_by_api_token(database, token, now=just_before) is not None
    assert accounts.signed_by_api_token(database, token, now=ends) is None
    with pytest.raises(InvalidMessage):
        database.write(
            lambda c: roster.add_token(c, account="wang", name="no", now=NOW, actor=TEST, days=0)
        )


def test_a_reset_ends_sessions_and_opens_a_disabled_account(database: Database) -> None:
    add(database, "wang", Role.DISPATCHER)
    begun = accounts.sign_in(database, CLOCK, name="wang", password=ONE_TIME)
    assert isinstance(begun, NewSession)
    token = database.write(
        lambda c: roster.add_token(c, account="wang", name="api", now=NOW, actor=TEST)
    )
    database.write(lambda c: roster.disable(c, name="wang", now=NOW, actor=TEST))
    assert accounts.signed_by_session(database, begun.token, now=NOW) is None
    assert isinstance(accounts.sign_in(database, CLOCK, name="wang", password=ONE_TIME), Refused)
    fresh = hash_password("another one-time sample")
    database.write(lambda c: roster.reset(c, name="wang", password_hash=fresh, now=NOW, actor=TEST))
    assert accounts.signed_by_session(database, begun.token, now=NOW) is None
    assert accounts.signed_by_api_token(database, token, now=NOW) is None
    again = accounts.sign_in(database, CLOCK, name="wang", password="another one-time sample")
    assert isinstance(again, NewSession)
    assert again.account.must_change_password


def test_the_last_administrator_and_the_demos_accounts_are_left_alone(database: Database) -> None:
    make(database, "demo", Role.ADMINISTRATOR, demo=True)
    make(database, "admin", Role.ADMINISTRATOR)
    for name, why in (("admin", "last administrator"), ("demo", "the demo's")):
        with pytest.raises(Conflict, match=why):
            database.write(lambda c, n=name: roster.disable(c, name=n, now=NOW, actor=TEST))  # type: ignore[misc]
    assert [each.state for each in database.read(roster.listed)] == ["enabled", "enabled"]
    with pytest.raises(NotFound):
        database.write(lambda c: roster.disable(c, name="nobody", now=NOW, actor=TEST))


def test_a_token_works_until_it_is_revoked(database: Database) -> None:
    make(database, "wang", Role.DISPATCHER)
    token = database.write(
        lambda c: roster.add_token(c, account="wang", name="wall", now=NOW, actor=TEST)
    )
    assert accounts.signed_by_api_token(database, token, now=NOW) is not None
    with pytest.raises(Conflict, match="choose another name"):
        database.write(
            lambda c: roster.add_token(c, account="wang", name="wall", now=NOW, actor=TEST)
        )
    assert [t.name for t in database.read(lambda c: roster.tokens(c, "wang"))] == ["wall"]
    database.write(
        lambda c: roster.revoke_token(c, account="wang", name="wall", now=NOW, actor=TEST)
    )
    assert accounts.signed_by_api_token(database, token, now=NOW) is None
    with pytest.raises(NotFound):
        database.write(
            lambda c: roster.revoke_token(c, account="wang", name="wall", now=NOW, actor=TEST)
        )
