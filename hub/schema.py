"""Bring the relational database to the schema that this version needs."""

from pathlib import Path

import alembic.command
import alembic.config
import alembic.script
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

import alerts.tables
import core.journal
import dashboard.tables
import devices.maintenance.tables
import devices.rosters.tables
import devices.tables
from core.db import Database
from core.errors import Unavailable
from devices import word_index

ROOMS = (
    core.journal,
    devices.maintenance.tables,
    devices.rosters.tables,
    devices.tables,
    alerts.tables,
    dashboard.tables,
)  # imported so that metadata is whole


def migrate(database: Database) -> tuple[str | None, str]:
    """Upgrade to the newest revision; answers (revision before, revision now).

    All in one transaction: a migration that fails leaves the database as it was.
    """

    def run(connection: Connection) -> tuple[str | None, str]:
        before = MigrationContext.configure(connection).get_current_revision()
        if before is not None and before not in _known():
            raise Unavailable(
                f"the database is at revision {before}, which this version does not know: "
                "it was written by a newer hub; install that version"
            )
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        alembic.command.upgrade(configuration, "head")
        return before, newest()

    told = database.write(run)
    while database.write(word_index.catch_up):
        pass  # lifts that an earlier version did not index, some at a time
    return told


def revision(database: Database) -> str | None:
    """The revision that the database is at; None before the first migration."""
    return database.read(
        lambda connection: MigrationContext.configure(connection).get_current_revision()
    )


def newest() -> str:
    """The revision that this version needs."""
    head = alembic.script.ScriptDirectory.from_config(_configuration()).get_current_head()
    if head is None:
        raise RuntimeError("the package holds no migration: it was installed incompletely")
    return head


def _known() -> set[str]:
    script = alembic.script.ScriptDirectory.from_config(_configuration())
    return {each.revision for each in script.walk_revisions()}


def _configuration() -> alembic.config.Config:
    configuration = alembic.config.Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return configuration
