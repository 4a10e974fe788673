from functools import partial
from pathlib import Path

import alembic.command
import alembic.script
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from core.db import Database, metadata
from core.errors import Unavailable
from core.words import is_part_of_index
from dashboard import accounts, roster
from dashboard.scope import checked
from devices import queries
from devices.model import LiftStatus
from hub.backup import restore
from hub.schema import _configuration, migrate, newest, revision
from tests.support import saved


def _without_index(connection: Connection) -> MigrationContext:
    """SQLite keeps an index of words in tables of its own, which no metadata knows."""

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or not is_part_of_index(name or "")

    return MigrationContext.configure(connection, opts={"include_name": ours})


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'hub.db'}")


def test_a_migrated_database_is_what_the_tables_say(database: Database) -> None:
    with database:
        assert migrate(database) == (None, newest())

        def differences(connection: Connection) -> object:
            return compare_metadata(_without_index(connection), metadata)

        assert database.read(differences) == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    with database:
        migrate(database)
        assert migrate(database) == (newest(), newest())
        assert revision(database) == newest()


def test_a_database_of_a_newer_hub_is_refused_untouched(database: Database) -> None:
    with database:
        migrate(database)
        database.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
        with pytest.raises(Unavailable, match="newer hub"):
            migrate(database)
        assert revision(database) == "9999"


def test_how_far_a_source_was_followed_survives_the_cursor_per_file(database: Database) -> None:
    def first(connection: Connection) -> None:
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        alembic.command.upgrade(configuration, "0001")
        connection.execute(text("INSERT INTO hand_off_cursor VALUES ('public', 'reports.db', 7)"))

    with database:
        database.write(first)
        assert migrate(database) == ("0001", newest())
        kept = database.read(lambda c: c.execute(text("SELECT * FROM hand_off_cursor")).all())
        assert [tuple(row) for row in kept] == [("public", "reports.db", 7)]


def _everything(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    tables = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
    return {
        name: [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{name}"'))]  # noqa: S608
        for name in tables
        if not is_part_of_index(name)
    }


@pytest.mark.parametrize("archive", saved.archives(), ids=lambda each: each.name)
def test_a_folder_saved_by_an_earlier_state_is_brought_here_whole(
    archive: Path, tmp_path: Path
) -> None:
    restore(archive, tmp_path / "data")
    with Database(f"sqlite:///{tmp_path / 'data' / 'hub.db'}") as database:
        before = database.read(_everything)
        assert migrate(database) == (archive.name.removesuffix(".tar.gz"), newest())

        def differences(connection: Connection) -> object:
            return compare_metadata(_without_index(connection), metadata)

        assert database.read(differences) == []
        after = database.read(_everything)
        before.pop("account")  # who may see what: below
        for name, rows in before.items():
            width = len(rows[0]) if rows else 0
            assert [row[:width] for row in after[name]] == rows, name
        (lift,) = database.read(lambda c: queries.find_lifts(c, "示例")).items
        assert lift.status is LiftStatus.IN_USE
        assert database.read(lambda c: queries.kitchen_by_code(c, "K0001")).serves == ""


def test_a_folder_of_this_state_can_be_saved_for_the_next(tmp_path: Path) -> None:
    saved.save(tmp_path / "saved.tar.gz")
    restore(tmp_path / "saved.tar.gz", tmp_path / "data")
    with Database(f"sqlite:///{tmp_path / 'data' / 'hub.db'}") as database:
        assert revision(database) == newest()


def test_the_state_before_the_newest_migration_was_saved() -> None:
    script = alembic.script.ScriptDirectory.from_config(_configuration())
    head = script.get_revision(newest())
    assert head is not None
    assert f"{head.down_revision}.tar.gz" in {each.name for each in saved.archives()}


SAVED = Path(__file__).parents[2] / "data" / "saved" / "accounts" / "0005.tar.gz"


def test_accounts_of_a_folder_saved_before_there_were_eleven_roles_keep_their_sight(
    tmp_path: Path,
) -> None:
    restore(SAVED, tmp_path / "data")
    with Database(f"sqlite:///{tmp_path / 'data' / 'hub.db'}") as database:
        assert migrate(database) == ("0005", newest())
        listed = database.read(roster.listed)
        assert {each.name: (each.role.value, each.where) for each in listed} == {
            "admin": ("administrator", ""),
            "seat": ("dispatcher", "410100"),
            "province": ("province_supervisor", ""),
            "city": ("city_supervisor", "410100"),
            "district": ("district_supervisor", "410105"),
            "firm": ("firm_admin", "F1"),
            "station": ("station", "S1"),
        }
        assert [each.tokens for each in listed if each.name == "firm"] == [1]
        for each in listed:
            account = database.read(partial(accounts.account_by_name, name=each.name))
            checked(account.role, account.scope)
