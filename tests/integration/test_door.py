"""Firms' platforms push telemetry by HTTP: the same pipeline, once, and an answer for each."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from core.clock import ManualClock, SystemClock
from core.errors import InvalidMessage
from dashboard import accounts, roster
from dashboard.access import Role
from dashboard.api.telemetry import A_SECOND, AT_ONCE, MOST_OF_A_KIND, new_allowance
from dashboard.app import create_app
from dashboard.problems import TooManyRequests
from devices import commands
from devices.directory import load_directory
from devices.model import Gateway, MaintenanceFirm
from hub import gauges
from ingest.replay import Verb, ask, hindrance
from ingest.timeseries.embedded import EmbeddedStore
from tests.support.dashboards import NOON, TEST, Dashboards
from tests.support.telemetry import Room, millis

Answer = dict[str, Any]


class City:
    """Two firms, a gateway each, the staff surface, and a telemetry process that may be away."""

    def __init__(self, folder: Path) -> None:
        self.hub = Dashboards(folder)
        self.hub.database.write(self._fill)
        self.lift = self.hub.lift.rescue_code
        self.clock = ManualClock(SystemClock().now())
        self.room = self.telemetry()
        self.seq = 0

    def _fill(self, connection: Any) -> None:
        firm = commands.upsert_firm(
            connection, MaintenanceFirm(0, "F2", "示例维保二", "000-0009"), NOON, TEST
        )
        ours = self.hub.lift
        theirs = commands.upsert_lift(
            connection,
            replace(
                ours,
                id=0,
                rescue_code="600001",
                registration_code="31104101002026600001",
                firm_id=firm.id,
            ),
            NOON,
            TEST,
        )
        for name, lift in (("OURS", ours), ("THEIRS", theirs)):
            commands.enrol_gateway(connection, Gateway(name, "410100", (lift.id,)), NOON, TEST)

    def telemetry(self) -> Room:
        """A telemetry process over the same files; the one before may have been killed."""
        directory = self.hub.database.read(load_directory)
        return Room(self.hub.folder / "telemetry", clock=self.clock, registry=lambda: directory)

    def web(self, role: Role = Role.FIRM_ADMIN) -> TestClient:
        """A web process."""
        # A session that begins on another clock than the pages have is over one day.
        self.hub.clock = self.clock
        context = replace(self.hub.context("staff"), clock=SystemClock())
        headers = {"Authorization": f"Bearer {self.hub.tokens[role]}"}
        return TestClient(create_app(context), headers=headers, raise_server_exceptions=False)

    def item(self, gateway: str = "OURS", kind: str = "status", **told: object) -> Answer:
        self.seq += 1
        common = {"ts": millis(self.clock.now()), "seq": self.seq, "boot": "b1"}
        return {"gateway": gateway, "kind": kind, "message": {**common, **told}}

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()

        def answer() -> None:
            while not stop.wait(0.02):
                self.serve()

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def serve(self) -> None:
        self.clock.advance(timedelta(seconds=1))
        self.room.lane.serve_due()

    def floors(self) -> Sequence[object]:
        store = EmbeddedStore.reader(self.hub.folder / "telemetry")
        return [p.fields.get("floor") for p in store.last_points(self.lift, 1000)][::-1]


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path)
    yield made
    made.room.close()


def push(web: TestClient, items: Sequence[Answer], key: str = "batch-0001") -> Any:
    return web.post("/api/v1/telemetry", json={"items": items}, headers={"Idempotency-Key": key})


def outcomes(answer: Any) -> list[tuple[str, str]]:
    return [(each["outcome"], each["reason"]) for each in answer.json()["items"]]


def test_every_object_is_answered_in_order_by_its_own_reason(city: City) -> None:
    same = city.item(floor=3)
    items = [
        same,
        city.item(floor="x"),
        city.item("THEIRS", floor=3),
        city.item("NOBODY", floor=3),
        city.item(kind="call", event_id="e1", phase="begin", source="button"),
        city.item(floor=3, lift="600001"),
        city.item(floor=999 % 200),
        same,
        city.item(floor=3),
        city.item(kind="sensor", point="x"),
    ]
    with city.running():
        answer = push(city.web(), items)
    assert answer.status_code == 200, answer.text
    assert answer.json()["done"]
    assert outcomes(answer) == [
        ("stored", ""),
        ("refused", "bad_field"),
        ("refused", "device_not_enrolled"),
        ("refused", "device_not_enrolled"),
        ("refused", "not_by_this_door"),
        ("refused", "not_its_lift"),
        ("refused", "floor_out_of_range"),
        ("duplicate", ""),
        ("unchanged", ""),
        ("refused", "bad_topic"),
    ]
    assert answer.json()["items"][1]["field"] == "floor"
    assert city.floors() == [3]
    assert [(kept.topic, kept.reason) for kept in reversed(city.room.refused())] == [
        ("door/v1/410100/OURS/status", "bad_field"),
        ("door/v1/410100/THEIRS/status", "not_the_senders"),
        ("door/v1/unknown/NOBODY/status", "device_not_enrolled"),
        ("door/v1/410100/OURS/call", "not_by_this_door"),
        ("door/v1/410100/OURS/status", "not_its_lift"),
        ("lift/v1/410100/OURS/status", "floor_out_of_range"),
        ("door/v1/410100/OURS/sensor", "bad_topic"),
    ]
    assert all("pushed by firm_admin" in kept.detail for kept in city.room.refused())


def counted(name: str, **labels: str) -> float:
    """What the process has counted under the door's lane."""
    told = gauges.read(generate_latest().decode())
    return told.total(name, lane="door", **labels)


def test_what_the_door_refuses_closes_the_books_and_can_be_replayed(city: City) -> None:
    names = ("hub_ingest_received_total", "hub_ingest_outcome_total")
    before = [counted(name) for name in names]
    refused = counted(names[1], outcome="quarantined")
    items = [city.item("LATER", floor=3), city.item("THEIRS", floor=4), city.item(floor=5)]
    with city.running():
        push(city.web(), items)
        push(city.web(), items)  # once more under its key: nothing is kept twice
    assert [counted(name) - was for name, was in zip(names, before, strict=True)] == [3, 3]
    assert counted(names[1], outcome="quarantined") - refused == 2
    theirs, later = city.room.refused()
    assert later.raw == json.dumps(items[0]["message"], separators=(",", ":")).encode()
    found = hindrance(theirs)
    assert found is not None
    assert found.reason == "not_the_senders"
    folder = city.hub.folder / "telemetry"
    ask(folder, Verb.REPLAY, [later.id], "test", city.clock.now())
    city.serve()
    answer = city.room.refused()[1].answer
    assert answer is not None
    assert (answer.outcome, answer.reason) == ("refused", "device_not_enrolled")
    city.hub.database.write(
        lambda c: commands.enrol_gateway(
            c, Gateway("LATER", "410100", (city.hub.lift.id,)), NOON, TEST
        )
    )
    city.room.close()
    city.room = city.telemetry()
    ask(folder, Verb.REPLAY, [later.id], "test", city.clock.now())
    city.serve()
    assert sorted(map(str, city.floors())) == ["3", "5"]


def test_what_its_sender_mended_is_taken_under_its_number_also_after_a_kill(city: City) -> None:
    wrong = city.item(floor="x")
    with city.running():
        push(city.web(), [wrong])
    city.room.close()
    city.room = city.telemetry()
    wrong["message"]["floor"] = 7
    with city.running():
        assert outcomes(push(city.web(), [wrong], "batch-0002")) == [("stored", "")]
    assert city.floors() == [7]


def test_a_queue_of_the_version_before_is_taken(city: City) -> None:
    item = city.item(floor=3)
    file = city.hub.folder / "telemetry" / "asked" / "door.db"
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as old:
        old.execute(
            "CREATE TABLE asked (id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL,"
            " topic TEXT NOT NULL, payload BLOB NOT NULL) STRICT"
        )
        at_us = millis(city.clock.now()) * 1000
        topic, payload = "lift/v1/410100/OURS/status", json.dumps(item["message"]).encode()
        old.execute("INSERT INTO asked VALUES (1,?,?,?)", (at_us, topic, payload))
        old.commit()
    city.serve()
    with city.running():
        push(city.web(), [city.item(floor=4)])
    assert city.floors() == [3, 4]


def test_a_firm_is_told_which_lift_keeps_it_from_its_gateway(city: City) -> None:
    def share(connection: Connection) -> None:
        nobodys = replace(
            city.hub.lift,
            id=0,
            rescue_code="600002",
            registration_code="31104101002026600002",
            firm_id=None,
        )
        kept = commands.upsert_lift(connection, nobodys, NOON, TEST)
        both = Gateway("OURS", "410100", (city.hub.lift.id, kept.id))
        commands.enrol_gateway(connection, both, NOON, TEST)

    city.hub.database.write(share)
    with city.running():
        answer = push(city.web(), [city.item(floor=3), city.item("THEIRS", floor=3)])
    ours, theirs = answer.json()["items"]
    assert (ours["outcome"], ours["reason"]) == ("refused", "device_not_enrolled")
    assert "600002 without a firm" in ours["detail"]
    assert "600001" not in theirs["detail"]


def test_a_batch_sent_again_is_taken_once_and_another_under_its_key_is_refused(city: City) -> None:
    items = [city.item(floor=n) for n in (1, 2)]
    with city.running():
        first = push(city.web(), items)
        again = push(city.web(), items)  # a web process that was started anew
        other = push(city.web(), [city.item(floor=4)])
    assert first.json() == again.json()
    assert other.status_code == 409
    assert other.json()["reason"] == "key_used"
    assert city.floors() == [1, 2]


def test_while_telemetry_is_away_a_batch_is_safe_and_told_later(city: City) -> None:
    items = [city.item(floor=1), city.item(floor="x")]
    away = push(city.web(), items)
    assert away.status_code == 202
    assert outcomes(away) == [("taken", ""), ("refused", "bad_field")]
    city.serve()
    later = push(city.web(), items)
    assert later.status_code == 200
    assert outcomes(later) == [("stored", ""), ("refused", "bad_field")]


def test_a_kill_at_any_moment_neither_loses_nor_doubles(city: City) -> None:
    items = [city.item(floor=n) for n in (1, 2, 3)]
    push(city.web(), items)
    city.room.store.failures_before = 1
    with pytest.raises(OSError, match="full"):
        city.serve()  # read, and killed before the commit
    city.room.close()
    city.room = city.telemetry()
    city.serve()
    city.room.close()  # killed after the commit
    city.room = city.telemetry()
    city.serve()
    assert city.floors() == [1, 2, 3]
    assert outcomes(push(city.web(), items)) == [("stored", "")] * 3


def test_a_commit_that_fails_for_a_while_is_made_later_of_the_same_draft(city: City) -> None:
    items = [city.item(floor=n) for n in (1, 2)]
    push(city.web(), items)
    city.room.close()
    city.clock = SystemClock()  # type: ignore[assignment]  # the lane's own loop waits
    city.room = city.telemetry()
    city.room.store.failures_before = 2
    stop = threading.Event()
    lane = threading.Thread(target=city.room.lane.run, args=(stop,))
    lane.start()
    try:
        answer = push(city.web(), items)
    finally:
        stop.set()
        lane.join()
    assert outcomes(answer) == [("stored", "")] * 2
    assert city.floors() == [1, 2]


def test_who_may_push_and_how_much(city: City) -> None:
    one = [city.item(floor=1)]
    assert push(city.web(Role.STATION), one).status_code == 403
    assert push(city.web(Role.DISPATCHER), one).status_code == 403
    with city.running():
        theirs = [city.item("THEIRS", floor=2)]
        assert outcomes(push(city.web(Role.ADMINISTRATOR), theirs)) == [("stored", "")]
    web = city.web()
    assert web.post("/api/v1/telemetry", json={"items": one}).status_code == 422  # no key
    many = push(web, [city.item(floor=1)] * (MOST_OF_A_KIND + 1))
    assert (many.status_code, many.json()["reason"]) == (422, "too_many")
    statuses = [push(web, []).status_code for _ in range(3)]
    assert statuses == [422] * 3
    del web.headers["Authorization"]
    csrf = city.hub.sign_in(web, Role.ADMINISTRATOR)
    web.headers["X-CSRF-Token"] = csrf
    assert push(web, one).status_code == 403


def test_a_token_for_telemetry_opens_nothing_else(city: City) -> None:
    issue = partial(
        roster.add_token,
        account="firm_admin",
        name="platform",
        now=NOON,
        actor=TEST,
        only_for="telemetry",
    )
    web = city.web()
    web.headers["Authorization"] = f"Bearer {city.hub.database.write(issue)}"
    assert web.get("/api/v1/lifts").status_code == 403
    with city.running():
        assert outcomes(push(web, [city.item(floor=1)])) == [("stored", "")]
    with pytest.raises(InvalidMessage):
        city.hub.database.write(partial(issue, name="other", only_for="everything"))


def test_who_pushes_too_often_is_told_when_to_come_again(city: City) -> None:
    allowance = new_allowance()
    for _ in range(int(AT_ONCE)):
        allowance.take(1, 100.0)
    with pytest.raises(TooManyRequests):
        allowance.take(1, 100.1)
    allowance.take(2, 100.1)  # another account
    allowance.take(1, 100.0 + 1 / A_SECOND)
    web = city.web()
    bad = [city.item("NOBODY", floor=1)]
    web.app.state.telemetry_allowance = allowance  # type: ignore[attr-defined]
    account = city.hub.database.read(lambda c: accounts.account_by_name(c, "firm_admin"))
    now = SystemClock().monotonic() + 1000
    for _ in range(int(AT_ONCE)):
        allowance.take(account.id, now)
    answer = push(web, bad)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


def test_answered_objects_leave_the_file_and_numbers_go_on(city: City) -> None:
    with city.running():
        for n in range(4):
            push(city.web(), [city.item(floor=n)], f"batch-{n:04}")
    for file in (city.hub.folder / "telemetry" / "asked").iterdir():
        file.unlink()
    with city.running():
        answer = push(city.web(), [city.item(floor=9)], "batch-0001")
    assert outcomes(answer) == [("stored", "")]
    assert city.floors() == [0, 1, 2, 3, 9]
