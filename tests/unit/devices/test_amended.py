"""A picture of the registry with what has changed over it is what a whole reading shows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, text

from core import journal
from core.clock import ManualClock
from core.db import Database, metadata
from core.journal import Entry, Subject
from devices import amended, commands, tables
from devices.amended import AmendedLifts
from devices.directory import Directory, amend_directory, load_directory
from devices.model import Gateway, Lift
from hub.registry import BESIDE, RELOAD_EVERY_S, Registry
from tests.support.databases import open_database
from tests.support.wait import wait_until
from tests.unit.devices.test_registry import BY, FIRM, KITCHEN, LIFT, NOW


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        opened.write(lambda c: [put(c, n) for n in range(1, 6)])
        yield opened


def put(connection: Connection, number: int, **told: object) -> Lift:
    """A lift with a gateway of its own."""
    lift = replace(
        LIFT, rescue_code=f"{number:06}", registration_code=f"{number:020}", building=f"B{number}"
    )
    kept = commands.upsert_lift(connection, replace(lift, **told), NOW, BY)  # type: ignore[arg-type]
    commands.enrol_gateway(connection, Gateway(f"G{number}", "410100", (kept.id,)), NOW, BY)
    return kept


def whole(database: Database) -> Directory:
    return database.read(partial(load_directory, bare=True))


def amend(database: Database, known: Directory) -> Directory:
    found = database.read(partial(amend_directory, known=known))
    assert found is not None
    return found


def same(one: Directory, other: Directory, codes: Sequence[str] = ()) -> None:
    assert one.version == other.version
    assert dict(one.gateways) == dict(other.gateways)
    assert dict(one.lifts_by_id) == dict(other.lifts_by_id)
    assert dict(one.lifts_by_code) == dict(other.lifts_by_code)
    assert len(one.lifts_by_code) == len(other.lifts_by_code)
    assert (len(one.gateways), len(one.lifts_by_id)) == (
        len(other.gateways),
        len(other.lifts_by_id),
    )
    assert one.kitchen_codes == other.kitchen_codes
    assert one.areas() >= other.areas()
    assert one.dialects() >= other.dialects()
    for code in (*codes, "000001", f"{1:020}", "999999"):
        assert one.lift(code) == other.lift(code)


def test_every_kind_of_change_is_seen_by_amending(database: Database) -> None:
    known = whole(database)
    lift = database.write(lambda c: put(c, 1, max_floor=30, registration_code=f"{777:020}"))
    known = amend(database, known)
    same(known, whole(database), [f"{777:020}"])
    assert known.news is not None
    assert known.news == amended.News(known.news.since, frozenset({"000001"}))
    assert known.lift(f"{1:020}") is None
    database.write(lambda c: put(c, 9))
    known = amend(database, known)
    same(known, whole(database), ["000009"])
    moved = Gateway("G1", "410200", (lift.id,), None, "camera-box")
    database.write(lambda c: commands.enrol_gateway(c, moved, NOW, BY))
    known = amend(database, known)
    same(known, whole(database))
    assert known.gateway("G1") == moved
    kitchen = database.write(lambda c: commands.upsert_kitchen(c, KITCHEN, NOW, BY))
    theirs = Gateway("K1", "410100", (), kitchen.id)
    database.write(lambda c: commands.enrol_gateway(c, theirs, NOW, BY))
    known = amend(database, known)
    same(known, whole(database))
    version = known.version
    database.write(lambda c: commands.upsert_firm(c, FIRM, NOW, BY))
    known = amend(database, known)
    assert known.version > version
    assert known.news == amended.News(version)
    same(known, whole(database))


def test_what_is_gone_is_found_no_more(database: Database) -> None:
    known = whole(database)

    def remove(connection: Connection) -> None:
        connection.execute(text("DELETE FROM gateway_lift WHERE gateway_id = 'G2'"))
        connection.execute(text("DELETE FROM gateway WHERE id = 'G2'"))
        told = known.lift("000002")
        assert told is not None
        for table in metadata.tables.values():  # whatever else stands under the lift
            for key in table.foreign_keys:
                if key.column is tables.lift.c.id:
                    connection.execute(delete(table).where(key.parent == told.id))
        connection.execute(text("DELETE FROM lift WHERE rescue_code = '000002'"))
        for kind, code in (("gateway", "G2"), ("lift", "000002")):
            entry = Entry(Subject("registry", kind), f"{kind}.removed", BY, NOW, {"code": code})
            journal.append(connection, entry)

    database.write(remove)
    known = amend(database, known)
    same(known, whole(database), ["000002", f"{2:020}"])
    database.write(lambda c: put(c, 2))
    same(amend(database, known), whole(database), ["000002"])


@pytest.mark.parametrize("facts", [{"generation": 3, "inserted": 200_000}, {}, {"code": 7}])
def test_what_the_journal_does_not_name_is_read_whole(
    database: Database, facts: dict[str, object]
) -> None:
    known = whole(database)
    entry = Entry(Subject("registry", "lift"), "lifts.imported", BY, NOW, facts)
    database.write(lambda c: journal.append(c, entry))
    assert database.read(partial(amend_directory, known=known)) is None
    assert database.read(partial(amend_directory, known=database.read(load_directory))) is None


def test_a_registry_of_a_province_is_read_beside_whoever_asks(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        number = BESIDE

        def fill(connection: Connection) -> None:
            put(connection, 1)
            names = [c.name for c in tables.lift.columns]
            others = ", ".join(
                {
                    "id": "n",
                    "rescue_code": "printf('%06d', n)",
                    "registration_code": "printf('%020d', n)",
                }.get(name, name)
                for name in names
            )
            connection.execute(
                text(
                    f"INSERT INTO lift ({', '.join(names)}) SELECT {others} FROM lift,"  # noqa: S608
                    " (WITH RECURSIVE c(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM c"
                    f" WHERE n < {number}) SELECT n FROM c)"
                )
            )

        database.write(fill)
        clock = ManualClock(NOW)
        registry = Registry(database, clock, bare=True)

        def after_a_second() -> Directory:
            clock.advance(timedelta(seconds=2 * RELOAD_EVERY_S))
            return registry()

        before = registry()
        database.write(lambda c: put(c, 1, max_floor=40))
        assert isinstance(after_a_second().lifts_by_id, AmendedLifts)
        entry = Entry(Subject("registry", "lift"), "lifts.imported", BY, NOW, {"inserted": 1})
        database.write(lambda c: journal.append(c, entry))
        wait_until(
            lambda: not isinstance(after_a_second().lifts_by_id, AmendedLifts),
            what="the whole registry",
        )
        assert registry().version > before.version
        assert registry().news is None
