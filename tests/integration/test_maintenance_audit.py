"""`hub audit verify` names the first broken record of a lift's maintenance."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner

from core.db import Database
from core.journal import Actor
from devices import queries
from devices.maintenance import audit, planning, record, store
from devices.maintenance import queries as log
from devices.maintenance.record import RecordKind
from devices.model import Lift
from hub.cli import app
from tests.support.dashboards import NOON
from tests.support.maintenance_routes import rules
from tests.support.small_city import found_city


def write(connection: Connection, lift: Lift, visit: str, note: str) -> None:
    written = record.append(
        store.head(connection, lift.rescue_code),
        id=f"sample-{note}",
        lift_code=lift.rescue_code,
        kind=RecordKind.LEGACY,
        content={"note": f"sample {note} of this lift"},
        recorded_at=NOON,
        recorded_by="sample",
    )
    store.append_record(
        connection, written, visit_id=visit, firm_id=lift.firm_id or 0, actor=Actor("system", "t")
    )


@pytest.fixture
def city(tmp_path: Path) -> tuple[Path, str]:
    """A city whose first lift has three records."""
    found_city(tmp_path)
    with Database(f"sqlite:///{tmp_path / 'hub.db'}") as database:

        def fill(connection: Connection) -> str:
            lift = next(
                each
                for each in queries.find_lifts(connection, "", 50, 0).items
                if each.firm_id is not None
            )
            planning.settle(connection, lift.id, NOON, rules())
            visit = log.coming(connection, [lift.id])[lift.id].id
            for note in ("1", "2", "3"):
                write(connection, lift, visit, note)
            return lift.rescue_code

        code = database.write(fill)
    return tmp_path, code


def tampered(statement: str) -> Callable[[Path], None]:
    def work(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "hub.db")) as database:
            database.execute(statement)
            database.commit()

    return work


def one_byte(folder: Path) -> None:
    """Flip a byte of the file itself, within the content of the second record."""
    with closing(sqlite3.connect(folder / "hub.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = folder / "hub.db"
    whole = file.read_bytes()
    at = whole.index(b"sample 2 of this lift") + 7
    file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x81]) + whole[at + 1 :])


def verified(folder: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", "verify", "--data", str(folder)])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (one_byte, "record 2"),
        (tampered("UPDATE maintenance_record SET why = 'x' WHERE seq = 2"), "record 2 sample-2"),
        (tampered("UPDATE maintenance_record SET content = X'7B' WHERE seq = 1"), "record 1"),
        (tampered("DELETE FROM maintenance_record WHERE seq = 1"), "record 1 : record is missing"),
        (tampered("DELETE FROM maintenance_record WHERE seq = 3"), "record 3 : record is missing"),
        (tampered("DELETE FROM maintenance_record"), "record 1 : record is missing"),
    ],
)
def test_the_first_broken_record_is_named(
    city: tuple[Path, str], harm: Callable[[Path], None], told: str
) -> None:
    folder, code = city
    assert verified(folder)[0] == 0
    harm(folder)
    status, said = verified(folder)
    assert status == 1
    assert f"maintenance of lift {code}: {told}" in said.replace("\n", " ")


def test_a_chain_without_its_head_in_the_journal_does_not_hold(city: tuple[Path, str]) -> None:
    folder, code = city
    tampered("DELETE FROM journal WHERE subject_kind = 'maintenance'")(folder)
    with Database(f"sqlite:///{folder / 'hub.db'}") as database:
        found = database.read(lambda c: audit.walked(c, code))
    assert found is not None
    assert (found.seq, found.why) == (1, "record is beyond the kept head")
