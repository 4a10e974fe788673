"""What an EMQX asks and is answered, in its own format: over HTTP as it sends it."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from core.ids import salt
from dashboard import emqx
from devices import commands, credential_commands
from devices.credentials import SALT, verifier
from devices.model import Gateway
from tests.support.dashboards import BROKER_TOKEN, NOON, TEST, Dashboards

AREA = "410100"
LIFT, KITCHEN, NAMELESS, GONE = "G0017", "K0021", "G0099", "G0404"
OWN = f"lift/v1/{AREA}/{LIFT}"
BEARER = {"Authorization": f"Bearer {BROKER_TOKEN.decode()}"}


class Emqx:
    """An EMQX that asks the staff surface."""

    def __init__(self, folder: Path) -> None:
        self.hub = Dashboards(folder)
        self.client = self.hub.client()
        self.hub.database.write(self._fill)

    def _fill(self, connection: Connection) -> None:
        for gateway in (
            Gateway(LIFT, AREA, (self.hub.lift.id,)),
            Gateway(KITCHEN, AREA, (), kitchen_id=1),
            Gateway(NAMELESS, AREA, ()),
            Gateway(GONE, AREA, ()),
        ):
            commands.enrol_gateway(connection, gateway, NOON, TEST)
        made = {name: verifier(f"word of {name}", salt(SALT)) for name in (LIFT, KITCHEN, GONE)}
        credential_commands.issue(connection, made, NOON, TEST)
        credential_commands.revoke(connection, [GONE], NOON, TEST)

    def enters(self, name: str, password: str = "", client: str = "any") -> dict[str, object]:
        told = {"username": name, "password": password or f"word of {name}", "clientid": client}
        answer = self.client.post("/broker/emqx/authn", json=told, headers=BEARER)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        found: dict[str, object] = answer.json()
        return found

    def may(self, action: str, topic: str, name: str = LIFT) -> str:
        told = {"username": name, "topic": topic, "action": action}
        answer = self.client.post("/broker/emqx/authz", json=told, headers=BEARER)
        assert answer.status_code == 200
        return str(answer.json()["result"])


@pytest.fixture
def broker(tmp_path: Path) -> Emqx:
    return Emqx(tmp_path)


def test_a_gateway_comes_in_with_all_that_it_may_do(broker: Emqx) -> None:
    told = broker.enters(LIFT)
    assert told["result"] == "allow"
    assert told["is_superuser"] is False
    rules = told["acl"]
    assert isinstance(rules, list)
    assert {"permission": "allow", "action": "publish", "topic": f"{OWN}/call"} in rules
    receipts = f"lift/v1/+/{LIFT}/receipt"
    assert {"permission": "allow", "action": "subscribe", "topic": receipts} in rules
    assert rules[-1] == {"permission": "deny", "action": "all", "topic": "#"}
    named = [rule["topic"] for rule in rules[:-1]]
    assert all(LIFT in topic.split("/") for topic in named)
    assert not any(topic.startswith("kitchen/") and "cmd" not in topic for topic in named)
    ends = told["expire_at"]
    assert isinstance(ends, int)
    assert timedelta(hours=12) <= timedelta(seconds=ends - NOON.timestamp()) <= timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "password", "client", "expected"),
    [
        (LIFT, "wrong", "any", "deny"),
        (LIFT, "undefined", "any", "deny"),  # what EMQX makes of none
        (GONE, "", "any", "deny"),
        (LIFT, "", "hub-emergency", "deny"),  # the hub's own session
        (NAMELESS, "", "any", "ignore"),  # somebody else of the chain may know
        ("hub", "", "hub-emergency", "ignore"),
        ("", "", "any", "ignore"),
        ("#", "", "any", "ignore"),
    ],
)
def test_whoever_is_not_that_gateway_does_not_come_in(
    broker: Emqx, name: str, password: str, client: str, expected: str
) -> None:
    assert broker.enters(name, password, client) == {"result": expected, "is_superuser": False}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"username": 1}', b'{"username": "\xff"}'])
def test_what_emqx_never_sends_is_refused(broker: Emqx, body: bytes) -> None:
    for path in ("authn", "authz"):
        answer = broker.client.post(f"/broker/emqx/{path}", content=body, headers=BEARER)
        assert answer.status_code == 422


@pytest.mark.parametrize(
    ("action", "topic", "expected"),
    [
        ("publish", f"{OWN}/status", "allow"),
        ("publish", f"{OWN}/call", "allow"),
        ("publish", f"gb24476/{AREA}/{LIFT}/up", "allow"),
        ("publish", f"lift/v1/{AREA}/G0018/call", "deny"),
        ("publish", f"lift/v1/410200/{LIFT}/call", "deny"),
        ("publish", f"kitchen/v1/{AREA}/{LIFT}/sensor", "deny"),
        ("publish", f"{OWN}/receipt", "deny"),
        ("publish", f"gb24476/{AREA}/G0018/up", "deny"),
        ("publish", "hub/v1/shard/x", "deny"),
        ("publish", "", "deny"),
        ("subscribe", f"{OWN}/receipt", "allow"),
        ("subscribe", f"lift/v1/+/{LIFT}/cmd", "allow"),
        ("subscribe", f"{OWN}/status", "deny"),
        ("subscribe", "lift/v1/+/+/receipt", "deny"),
        ("subscribe", "#", "deny"),
    ],
)
def test_each_topic_is_answered_for_an_emqx_that_asks_every_time(
    broker: Emqx, action: str, topic: str, expected: str
) -> None:
    assert broker.may(action, topic) == expected


def test_a_kitchen_speaks_as_a_kitchen(broker: Emqx) -> None:
    assert broker.may("publish", f"kitchen/v1/{AREA}/{KITCHEN}/sensor", KITCHEN) == "allow"
    assert broker.may("publish", f"lift/v1/{AREA}/{KITCHEN}/call", KITCHEN) == "deny"
    assert broker.may("publish", f"{OWN}/call", "hub") == "ignore"
    assert broker.may("publish", f"{OWN}/call", GONE) == "deny"


def test_a_change_holds_from_its_commit(broker: Emqx) -> None:
    assert broker.enters(LIFT)["result"] == "allow"
    broker.hub.database.write(lambda c: credential_commands.revoke(c, [LIFT], NOON, TEST))
    assert broker.enters(LIFT)["result"] == "deny"
    assert broker.may("publish", f"{OWN}/call") == "deny"


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer wrong", BEARER["Authorization"][7:]])
def test_nobody_but_the_broker_is_answered(broker: Emqx, token: str) -> None:
    told = {"username": LIFT, "password": f"word of {LIFT}"}
    for path in ("authn", "authz"):
        answer = broker.client.post(
            f"/broker/emqx/{path}", json=told, headers={"Authorization": token}
        )
        assert answer.status_code == 401


def test_without_a_broker_of_that_kind_the_address_answers_nobody(tmp_path: Path) -> None:
    public = Dashboards(tmp_path).client("public")
    assert public.post("/broker/emqx/authn", json={}, headers=BEARER).status_code == 404


def test_a_storm_is_answered_in_parts(broker: Emqx) -> None:
    told = {"username": "#", "password": "x", "clientid": "y"}

    def status(client: TestClient) -> int:
        return client.post("/broker/emqx/authn", json=told, headers=BEARER).status_code

    answers = [status(broker.client) for _ in range(int(emqx.AT_ONCE) + 1)]
    assert answers[-1] == 429
    assert set(answers[:-1]) == {200}
    broker.hub.clock.advance(timedelta(seconds=1))
    assert status(broker.client) == 200
