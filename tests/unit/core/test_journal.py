from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, update

from core import journal
from core.db import Database
from core.journal import Actor, Entry, Subject, journal_table, personal_table
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
INCIDENT = Subject("incident", "20261123-0007")
OTHER = Subject("incident", "20261123-0008")
BY = Actor("account", "dispatcher")


def write(database: Database, entry: Entry) -> None:
    database.write(lambda c: journal.append(c, entry))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        for n, verb in enumerate(("opened", "dispatched", "closed")):
            at = NOW + timedelta(seconds=n, microseconds=n)
            facts = {"level": n, "place": "示例路 1 号"}
            personal = {"phone": "0000-1234", "name": "Sample Caller"} if n == 0 else {}
            write(opened, Entry(INCIDENT, verb, BY, at, facts, personal, "because"))
            write(opened, Entry(OTHER, verb, BY, NOW))
        yield opened


def test_a_chain_reads_back_as_written_and_holds(database: Database) -> None:
    chain = database.read(lambda c: journal.history(c, INCIDENT))
    assert [(r.seq, r.entry.verb) for r in chain] == [
        (1, "opened"),
        (2, "dispatched"),
        (3, "closed"),
    ]
    assert chain[0].entry.at == NOW
    assert chain[0].entry.personal == {"phone": "0000-1234", "name": "Sample Caller"}
    assert chain[1].entry.facts == {"level": 1, "place": "示例路 1 号"}
    assert database.read(lambda c: journal.verify(c, INCIDENT)) is None


@pytest.mark.parametrize("address", ["", "203.0.113.7"])
def test_entries_written_together_stand_in_order_on_one_chain(
    database: Database, address: str
) -> None:
    by = Actor("account", "dispatcher", address)
    together = [Entry(INCIDENT, verb, by, NOW) for verb in ("reopened", "freed", "closed_again")]
    database.write(lambda c: journal.append_all(c, together))
    database.write(lambda c: journal.append_all(c, []))
    chain = database.read(lambda c: journal.history(c, INCIDENT))
    assert [r.entry.verb for r in chain[3:]] == ["reopened", "freed", "closed_again"]
    assert [r.seq for r in chain] == [1, 2, 3, 4, 5, 6]
    assert [r.entry.personal.get("address", "") for r in chain[3:]] == [address] * 3
    assert database.read(lambda c: journal.verify(c, INCIDENT)) is None


def test_a_subject_without_entries_has_an_empty_chain_that_holds(database: Database) -> None:
    nobody = Subject("incident", "none")
    assert database.read(lambda c: journal.history(c, nobody)) == []
    assert database.read(lambda c: journal.verify(c, nobody)) is None


def _second(connection: Connection, **values: object) -> None:
    t = journal_table.c
    where = (t.subject_id == INCIDENT.id, t.seq == 2)
    connection.execute(update(journal_table).where(*where).values(**values))


@pytest.mark.parametrize(
    "tamper",
    [
        lambda c: _second(c, verb="cancelled"),
        lambda c: _second(c, facts={"level": 3}),
        lambda c: _second(c, reason="another"),
        lambda c: _second(c, actor_id="nobody"),
        lambda c: _second(c, at=NOW),
        lambda c: _second(c, prev_hash="0" * 64),
        lambda c: _second(c, hash="f" * 64),
        lambda c: _second(c, seq=9),
        lambda c: c.execute(
            delete(journal_table).where(
                journal_table.c.subject_id == INCIDENT.id, journal_table.c.seq == 2
            )
        ),
        lambda c: c.execute(update(personal_table).values(value="somebody else")),
        lambda c: c.execute(update(personal_table).values(name="alias-" + personal_table.c.name)),
    ],
)
def test_tampering_in_the_middle_is_found_in_its_own_chain_only(
    database: Database, tamper: Callable[[Connection], object]
) -> None:
    database.write(tamper)
    assert database.read(lambda c: journal.verify(c, INCIDENT)) is not None
    assert database.read(lambda c: journal.verify(c, OTHER)) is None


def test_personal_data_stands_outside_the_chain_and_can_be_erased(database: Database) -> None:
    def shown(connection: Connection) -> str:
        return str(connection.execute(journal_table.select()).all())

    assert "1234" not in database.read(shown)
    database.write(lambda c: c.execute(delete(personal_table)))
    assert database.read(lambda c: journal.verify(c, INCIDENT)) is None
    assert database.read(lambda c: journal.history(c, INCIDENT))[0].entry.personal == {}


def test_no_entry_stays_without_its_change(database: Database) -> None:
    def fails(connection: Connection) -> None:
        journal.append(connection, Entry(INCIDENT, "noted", BY, NOW))
        raise LookupError

    with pytest.raises(LookupError):
        database.write(fails)
    assert len(database.read(lambda c: journal.history(c, INCIDENT))) == 3


def test_history_shows_facts_as_they_were_given(database: Database) -> None:
    first = database.read(lambda c: journal.history(c, INCIDENT))[0]
    assert first.entry.facts == {"level": 0, "place": "示例路 1 号"}
