"""The form for a call: a repeat is the same incident, a key that is used again is refused."""

import re
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from alerts.queries import board
from dashboard.access import Role
from dashboard.app import create_app
from tests.support.dashboards import Dashboards

KEY = re.compile(r'name="key" value="([^"]+)"')


class Form:
    """A dispatcher's browser with the form open."""

    def __init__(self, hub: Dashboards) -> None:
        self.hub = hub
        self.client = TestClient(create_app(hub.context("staff")), follow_redirects=False)
        self.client.headers["accept-language"] = "en"
        self.csrf = hub.sign_in(self.client, Role.DISPATCHER)

    def key(self, page: str = "") -> str:
        found = KEY.search(page or self.client.get("/incidents/new").text)
        assert found is not None
        return found[1]

    def send(self, **fields: str) -> Response:
        return self.client.post("/incidents/new", data={"csrf": self.csrf, **fields})

    def incidents(self) -> int:
        return len(self.hub.database.read(board))


@pytest.fixture
def form(tmp_path: Path) -> Form:
    return Form(Dashboards(tmp_path))


def test_every_rendering_has_a_key_of_its_own(form: Form) -> None:
    assert form.key() != form.key()


def test_a_form_sent_twice_is_one_incident(form: Form) -> None:
    told = {"key": form.key(), "place": "示例广场 电梯", "kind": "trapped"}
    first, again = form.send(**told), form.send(**told | {"note": "示例"})
    assert (first.status_code, again.headers["location"]) == (303, first.headers["location"])
    assert form.incidents() == 1


@pytest.mark.parametrize(
    "other", [{"place": "示例大厦"}, {"kind": "fault"}, {"lift_code": "235274", "place": ""}]
)
def test_a_key_used_again_for_another_call_loses_nothing(form: Form, other: dict[str, str]) -> None:
    told = {"key": form.key(), "place": "示例广场 电梯", "kind": "trapped"}
    form.send(**told)
    refused = form.send(**told | other)
    assert refused.status_code == 409
    assert "has not been sent" in refused.text
    assert form.send(**told | other | {"key": form.key(refused.text)}).status_code == 303
    assert form.incidents() == 2


def test_the_interface_refuses_a_key_used_again(form: Form) -> None:
    client = form.hub.client(role=Role.DISPATCHER)
    long = "k" * 63  # with the account's name longer than a key may be: only the ends differ
    send = [
        client.post("/api/v1/incidents", json=told, headers={"Idempotency-Key": key})
        for told, key in (
            ({"place": "示例广场"}, long + "a"),
            ({"place": "示例广场"}, long + "a"),
            ({"place": "示例大厦"}, long + "b"),
            ({"place": "示例街"}, long + "b"),
        )
    ]
    assert [each.status_code for each in send] == [201, 200, 201, 409]
    assert send[3].json()["reason"] == "key_reused"
    assert form.incidents() == 2
