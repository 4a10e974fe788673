from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from core.db import Database, metadata
from core.errors import Unavailable
from hub.schema import migrate, newest, revision


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
