"""The password file of the started broker follows the registry."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core.clock import ManualClock
from core.db import Database
from core.journal import Actor
from devices import commands, credential_commands
from devices.model import Gateway
from hub import schema
from hub.admittance import LATEST, LOOK, SETTLED, Admittance

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("system", "cli")
OWN = "hub:$7$own\n"


class Place:
    """A registry of forty gateways, and a password file beside it."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'hub.db'}"
        self.file = folder / "passwords"
        self.clock = ManualClock(NOW)
        self.database = Database(self.url)
        schema.migrate(self.database)
        self.database.write(self._enrol)
        self.admittance = Admittance(self.file, OWN, self.url, self.clock)

    @staticmethod
    def _enrol(connection: Connection) -> None:
        for number in range(40):
            commands.enrol_gateway(connection, Gateway(f"G{number:02}", "410100"), NOW, BY)

    def give(self, name: str) -> None:
        made = {name: "$7$kept"}
        self.database.write(lambda c: credential_commands.issue(c, made, NOW, BY))

    def passes(self, time: timedelta = LOOK) -> bool:
        self.clock.advance(time)
        return self.admittance.changed()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.admittance.close()
    made.database.close()


def test_a_change_is_written_once_nothing_more_comes(place: Place) -> None:
    place.admittance.begin()
    assert place.file.read_text() == OWN
    assert place.file.stat().st_mode & 0o777 == 0o600
    assert not place.passes(SETTLED)
    place.give("G01")
    assert not place.passes()  # more may come
    place.give("G02")
    assert not place.passes()
    assert place.passes()
    assert place.file.read_text() == f"{OWN}G01:$7$kept\nG02:$7$kept\n"
    assert not place.passes()


def test_the_lanes_come_back_before_the_first_change_is_passed_on(place: Place) -> None:
    place.admittance.begin()
    place.give("G01")
    looks = [place.passes() for _ in range(int(SETTLED / LOOK) + 1)]
    assert looks == [*[False] * int(SETTLED / LOOK), True]


def test_changes_that_never_end_are_written_at_the_latest(place: Place) -> None:
    place.admittance.begin()
    place.passes(SETTLED)
    written = 0
    for number in range(20):
        place.give(f"G{number:02}")
        written += place.passes()
    assert written == 1
    assert LATEST < 20 * LOOK


def test_a_revoked_gateway_stands_in_it_no_more(place: Place) -> None:
    place.give("G01")
    place.admittance.begin()
    assert "G01" in place.file.read_text()
    place.passes(SETTLED)
    place.database.write(lambda c: credential_commands.revoke(c, ["G01"], NOW, BY))
    place.passes()
    assert place.passes()
    assert place.file.read_text() == OWN


def test_without_a_database_those_of_before_hold(place: Place, tmp_path: Path) -> None:
    place.file.write_text("hub:$7$old\nG01:$7$kept\n")
    lost = Admittance(place.file, OWN, f"sqlite:///{tmp_path / 'lost' / 'hub.db'}", place.clock)
    lost.begin()
    assert place.file.read_text() == f"{OWN}G01:$7$kept\n"
    place.clock.advance(SETTLED)
    assert not lost.changed()
    lost.close()
