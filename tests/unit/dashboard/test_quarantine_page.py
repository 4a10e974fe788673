"""Replaying and dropping on the page: by whom, once, and told afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from core.journal import journal_table
from dashboard.access import Role
from dashboard.app import create_app
from ingest.replay import Verb, pending
from tests.support.dashboards import Dashboards
from tests.support.telemetry import Room

NEW = "lift/v1/410100/G9/status"


class Seat:
    """An administrator before a quarantine of two messages."""

    def __init__(self, folder: Path) -> None:
        self.hub = Dashboards(folder)
        self.room = Room(folder / "telemetry", clock=self.hub.clock)
        for floor in (3, 4):
            self.room.say(NEW, floor=floor)
        self.room.broker.put(NEW, b"x" * 5000)
        self.room.settle()
        self.client = TestClient(create_app(self.hub.context("staff")), follow_redirects=False)
        self.client.headers["Accept-Language"] = "en"
        self.csrf = self.hub.sign_in(self.client, Role.ADMINISTRATOR)

    def names(self) -> list[str]:
        return [kept.id for kept in self.room.refused()]

    def ask(self, verb: str, kept: list[str], back: str = "/quarantine") -> int:
        form = {"verb": verb, "kept": kept, "back": back, "csrf": self.csrf}
        return self.client.post("/quarantine/asked", data=form).status_code

    def page(self) -> str:
        return self.client.get("/quarantine").text


@pytest.fixture
def seat(tmp_path: Path) -> Iterator[Seat]:
    made = Seat(tmp_path)
    yield made
    made.room.close()


def test_a_replay_is_asked_for_answered_and_shown(seat: Seat) -> None:
    assert "Replay these 2" in seat.page()
    assert seat.ask("replay", seat.names()) == 303
    assert seat.page().count("Asked; telemetry answers soon") == 2  # one was cut off
    seat.room.replay()
    assert seat.page().count("Refused again") == 2
    assert pending(seat.room.folder) == {}
    j = journal_table.c
    query = select(j.verb, j.actor_id, j.facts).where(j.subject_kind == "quarantine")
    ((verb, who, facts),) = seat.hub.database.read(lambda c: c.execute(query).all())
    assert (verb, who, facts["objects"]) == ("replay_asked", "administrator", 2)


def test_the_page_shows_what_was_wrong_and_by_what_name_it_is_asked_for(seat: Seat) -> None:
    page = seat.page()
    assert all(f">{name}<" in page for name in seat.names())
    assert "gateway G9 is not enrolled; enrol it in the registry" in page
    file = seat.client.get("/quarantine.csv").content.decode("utf-8-sig")
    assert all(name in file for name in seat.names())


def test_what_is_dropped_is_gone(seat: Seat) -> None:
    first, *others = seat.names()
    assert seat.ask("drop", [first]) == 303
    assert pending(seat.room.folder) == {first: Verb.DROP}
    seat.room.replay()
    assert seat.names() == others


def test_nonsense_asks_for_nothing(seat: Seat) -> None:
    assert seat.ask("drop", ["../../hub.db/1"]) == 422
    assert seat.ask("burn", seat.names()) == 422
    assert seat.ask("drop", ["2020-01-01/1"]) == 303
    assert pending(seat.room.folder) == {}


def test_the_way_back_leads_nowhere_else(seat: Seat) -> None:
    form = {"verb": "drop", "kept": seat.names()[:1], "back": "//else.where", "csrf": seat.csrf}
    assert seat.client.post("/quarantine/asked", data=form).headers["location"] == "/"


def test_a_supervisor_looks_on(seat: Seat) -> None:
    seat.csrf = seat.hub.sign_in(seat.client, Role.PROVINCE_SUPERVISOR)
    assert "/quarantine/asked" not in seat.page()
    assert seat.ask("replay", seat.names()) == 403
