from pathlib import Path

import alembic.command
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from core.db import Database, metadata
from core.errors import Unavailable
from hub.schema import _configuration, migrate, newest, revision


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'hub.db'}")


def test_a_migrated_database_is_what_the_tables_say(database: Database) -> None:
    with database:
        assert migrate(database) == (None, newest())

        def differences(connection: Connection) -> object:
            return compare_metadata(MigrationContext.configure(connection), metadata)

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
