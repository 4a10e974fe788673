"""A small data folder as this version leaves it, kept for the versions to come.

Before a migration is added, run `python -m tests.support.saved tests/data/saved/REVISION.tar.gz`
in the state before it: everything the register can hold, an account and an open incident are
written, and the folder is kept as `hub backup` keeps one. Tests restore every archive that lies
there and bring it to the newest schema.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from alerts.policy import PolicyBook
from core.db import Database
from core.journal import Actor
from dashboard import accounts
from dashboard.access import Role
from devices import queries, register_import
from hub import schema
from hub.backup import backup

FOLDER = Path(__file__).parents[1] / "data" / "saved"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("account", "admin")
FIRST = ("divisions", "firms", "use_units", "stations", "kitchens", "lifts")  # others name these


def archives() -> list[Path]:
    """Every folder that an earlier state saved, oldest first."""
    return sorted(FOLDER.glob("*.tar.gz"))


def fill(database: Database) -> None:
    """A sample of everything."""
    sheets = register_import.sheets()
    kinds = [kind for kind in FIRST if kind in sheets]
    for kind in (*kinds, *sorted(sheets.keys() - set(kinds))):
        content = sheets[kind].template().encode()
        register_import.run(database, kind, content, NOW, BY, dry=False)

    def people(connection: Connection) -> None:
        accounts.create_account(
            connection,
            name="supervisor",
            display_name="Sample supervisor",
            password_hash="!",
            role=Role.PROVINCE_SUPERVISOR,
            now=NOW,
            actor=BY,
        )
        told = Intake(
            event_key="form:1",
            kind=Kind.TRAPPED,
            source=Source.FORM,
            lift=queries.lift_by_code(connection, "990001"),
            reporter_phone="0371-00000009",
        )
        open_incident(connection, told, PolicyBook(), NOW, BY)

    database.write(people)


def save(archive: Path) -> None:
    """Write such a folder's backup."""
    with TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        with Database(f"sqlite:///{data / 'hub.db'}") as database:
            schema.migrate(database)
            fill(database)
        archive.parent.mkdir(parents=True, exist_ok=True)
        backup(data, archive, NOW, version="saved")


if __name__ == "__main__":
    save(Path(sys.argv[1]))
