"""What gateways sign in with: kept as a broker needs it, changed only by the book."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from core import journal
from core.db import Database
from core.errors import Conflict, HubError, NotFound
from core.ids import salt, typed_secret
from core.journal import Actor, Subject
from devices import commands, credential_commands, tables
from devices.credential_commands import Chosen, chosen, door_of, issue, revoke, valid, version
from devices.credentials import SALT, fits, verifier
from devices.directory import registry_version
from devices.model import Gateway
from hub import schema

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("system", "cli")
SALTED = b"0123456789ab"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'hub.db'}") as database:
        schema.migrate(database)

        def enrol(connection: Connection) -> None:
            for name in ("G1", "G2", "hub"):
                commands.enrol_gateway(connection, Gateway(name, "410100"), NOW, BY)

        database.write(enrol)
        yield database


def give(database: Database, *names: str, rotate: bool = False) -> None:
    made = {name: verifier(f"word of {name}", salt(SALT)) for name in names}
    database.write(lambda c: issue(c, made, NOW, BY, rotate=rotate))


def states(database: Database) -> dict[str, str]:
    found = database.read(lambda c: chosen(c, Chosen()))
    return {each.gateway_id: each.state for each in found}


def test_only_the_password_itself_fits_what_is_kept_of_it() -> None:
    kept = verifier("right", SALTED)
    assert fits("right", kept)
    assert not fits("wrong", kept)


@pytest.mark.parametrize("kept", ["", "x", "$7$101$", "$7$101$!!$!!", "$6$101$MDEy$MDEy"])
def test_nothing_fits_what_is_no_verifier(kept: str) -> None:
    assert not fits("", kept)


def test_a_password_is_typed_without_mistakes() -> None:
    drawn = typed_secret()
    assert len(drawn) == 26
    assert not set("ILOUabc-_") & set(drawn)


def test_what_is_kept_names_no_password(database: Database) -> None:
    give(database, "G1")
    rows = database.read(lambda c: list(c.execute(select(tables.gateway_credential))))
    assert "word of G1" not in str(rows)
    assert fits("word of G1", dict(database.read(lambda c: list(valid(c))))["G1"])


def test_a_second_one_is_refused_and_rotating_ends_the_first(database: Database) -> None:
    give(database, "G1")
    first = database.read(lambda c: door_of(c, "G1"))
    with pytest.raises(Conflict, match="rotate it"):
        give(database, "G1")
    give(database, "G1", rotate=True)
    second = database.read(lambda c: door_of(c, "G1"))
    assert first
    assert second
    assert first.verifier != second.verifier
    with pytest.raises(Conflict, match="issue one"):
        give(database, "G2", rotate=True)


def test_a_revoked_one_lets_nobody_in_and_may_be_issued_again(database: Database) -> None:
    give(database, "G1", "G2")
    ended = database.write(lambda c: revoke(c, ["G1"], NOW, BY, why="stolen"))
    assert ended == ["G1"]
    assert [name for name, _ in database.read(lambda c: list(valid(c)))] == ["G2"]
    assert states(database) == {"G1": "revoked", "G2": "valid", "hub": "none"}
    assert database.write(lambda c: revoke(c, ["G1"], NOW, BY)) == []
    give(database, "G1")
    assert states(database)["G1"] == "valid"


@pytest.mark.parametrize("name", ["G9", "hub"])
def test_nobody_unknown_and_not_the_hub_itself_gets_one(database: Database, name: str) -> None:
    with pytest.raises(HubError):
        give(database, "G1", name)
    assert set(states(database).values()) == {"none"}  # all or nothing


def test_revoking_names_an_unknown_gateway(database: Database) -> None:
    with pytest.raises(NotFound):
        database.write(lambda c: revoke(c, ["G9"], NOW, BY))


def test_every_change_is_journalled_and_moves_the_version_of_credentials_alone(
    database: Database,
) -> None:
    registered, before = database.read(registry_version), database.read(version)
    give(database, "G1", "G2")
    give(database, "G1", rotate=True)
    database.write(lambda c: revoke(c, ["G2"], NOW, BY, why="stolen"))
    entries = database.read(
        lambda c: journal.history(c, Subject("registry", credential_commands.KIND))
    )
    assert [e.entry.verb.partition(".")[2] for e in entries] == ["issued", "rotated", "revoked"]
    assert entries[0].entry.facts["codes"] == ["G1", "G2"]
    assert "word of" not in str(entries)
    assert (before, database.read(version)) == (0, 3)
    assert database.read(registry_version) == registered


def test_gateways_are_chosen_by_place(database: Database) -> None:
    database.write(lambda c: commands.enrol_gateway(c, Gateway("G3", "410200"), NOW, BY))
    found = database.read(lambda c: chosen(c, Chosen(area="410200")))
    assert [each.gateway_id for each in found] == ["G3"]
