"""The demo never mixes with a hub that serves people."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from core.clock import SystemClock
from core.db import Database
from core.errors import Conflict
from core.journal import Actor
from dashboard import accounts, roster, tables
from dashboard.access import Role
from devices import commands, queries
from hub import demo
from hub.folder import DataFolder
from simulators import city
from tests.support.databases import open_database
from tests.support.registry import sample_lift

CLOCK = SystemClock()
BY = Actor("system", "test")
SMALL = """
seed = 7
[city]
lifts = 4
firms = 1
stations = 1
kitchens = 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path)
    made.make()
    return made


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    file = tmp_path / "small.toml"
    file.write_text(SMALL)
    return str(file)


def test_the_demo_starts_again_on_its_own_folder_and_takes_lifts_to_try(
    database: Database, folder: DataFolder, scenario: str
) -> None:
    first = demo.seed(database, folder, scenario, CLOCK)
    lift = replace(sample_lift(1, "990001"), firm_id=None)
    database.write(lambda c: commands.upsert_lift(c, lift, CLOCK.now(), BY))
    again = demo.seed(database, folder, scenario, CLOCK)
    assert again.tokens == first.tokens
    signed = [database.read(partial(accounts.account_by_name, name=n)) for n in first.accounts]
    assert {each.role for each in signed} == set(Role)


def test_robots_have_accounts_of_their_own_and_no_password(
    database: Database, folder: DataFolder, scenario: str
) -> None:
    told = demo.seed(database, folder, scenario, CLOCK)
    for whose, token in told.tokens.items():
        signed = accounts.signed_by_api_token(database, token, now=CLOCK.now())
        assert signed is not None
        assert signed.account.name == "robot-" + whose.replace(":", "-")
        assert signed.account.display_name.startswith("演示机器人")
        assert signed.account.name not in told.accounts
    begun = accounts.sign_in(database, CLOCK, name="robot-dispatcher", password="!")
    assert not isinstance(begun, accounts.NewSession)


def test_a_demo_of_an_older_version_gets_robots_and_keeps_its_passwords(
    database: Database, folder: DataFolder, scenario: str
) -> None:
    first = demo.seed(database, folder, scenario, CLOCK)
    a = tables.account
    database.write(
        lambda c: c.execute(
            update(a).where(a.c.name == "robot-dispatcher").values(name="elsewhere")
        )
    )
    again = demo.seed(database, folder, scenario, CLOCK)
    assert again.accounts == first.accounts
    assert again.tokens["dispatcher"] != first.tokens["dispatcher"]


def test_a_start_that_was_cut_off_midway_is_gone_on_with(
    database: Database, folder: DataFolder, scenario: str
) -> None:
    lift = replace(city.generate(demo.scenario(scenario)).lifts[0], firm_id=None, use_unit_id=None)
    database.write(lambda c: commands.upsert_lift(c, lift, CLOCK.now(), BY))
    assert demo.seed(database, folder, scenario, CLOCK).tokens


def test_real_lifts_refuse_the_demo(database: Database, folder: DataFolder, scenario: str) -> None:
    database.write(lambda c: commands.upsert_lift(c, sample_lift(1, "990001"), CLOCK.now(), BY))
    with pytest.raises(Conflict, match=r"lifts that are not the demo's.*--no-demo.*--data"):
        demo.seed(database, folder, scenario, CLOCK)
    assert database.read(queries.rescue_codes) == ["990001"]


def test_a_real_account_refuses_the_demo_and_gets_no_token(
    database: Database, folder: DataFolder, scenario: str
) -> None:
    demo.seed(database, folder, scenario, CLOCK)
    demo.disable(database, CLOCK)
    made = roster.ensure_first_administrator(database, CLOCK)
    assert made is not None
    with pytest.raises(Conflict, match=r"not the demo's \(admin2\)"):
        demo.seed(database, folder, scenario, CLOCK)


def test_an_account_of_a_real_dispatcher_is_left_alone(
    database: Database, folder: DataFolder, scenario: str
) -> None:
    database.write(
        lambda c: accounts.create_account(
            c,
            name="dispatcher",
            display_name="示例",
            password_hash="!",
            role=Role.DISPATCHER,
            now=CLOCK.now(),
            actor=BY,
        )
    )
    with pytest.raises(Conflict, match="--no-demo"):
        demo.seed(database, folder, scenario, CLOCK)
    assert database.read(roster.own_accounts) == ("dispatcher",)
