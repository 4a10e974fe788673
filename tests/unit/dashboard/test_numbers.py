"""Numbers that nobody means are told as wrong; none breaks a page."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboard.access import Role
from dashboard.app import create_app
from dashboard.bounds import MOST, whole_number
from tests.support.dashboards import Dashboards

LONG = "9" * 5000
WIDE = str(MOST + 1)


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        (str(MOST), MOST),
        (WIDE, None),
        (LONG, None),
        ("", None),
        ("-1", None),
        ("²", None),
        ("１２", None),
        ("1_0", None),
    ],
)
def test_only_plain_digits_within_bounds_are_a_number(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("people", [LONG, WIDE, "²", "-1", "100"])
def test_a_report_with_a_number_that_is_none_is_told_so(hub: Dashboards, people: str) -> None:
    app = create_app(hub.context("public"))
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post(
            f"/l/{hub.lift.rescue_code}/report", data={"kind": "trapped", "people": people}
        )
    assert answer.status_code == 422


@pytest.mark.parametrize("number", [LONG, WIDE])
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/lifts?offset={}",
        "/api/v1/lifts?limit={}",
        "/api/v1/kitchens?offset={}",
        "/api/v1/incidents?offset={}",
        "/api/v1/assignments?offset={}",
        "/api/v1/assignments/{}",
        "/api/v1/lifts/{}",
        "/api/v1/incidents/{}",
    ],
)
def test_no_number_breaks_the_interface(hub: Dashboards, path: str, number: str) -> None:
    answer = hub.client(role=Role.DISPATCHER).get(path.format(number))
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "path",
    [
        "/lifts?offset={}",
        "/incidents?offset={}&level={}",
        "/incidents?from={}&to=9999-12-31",
        "/kitchens?offset={}",
        "/quarantine?offset={}",
        "/incidents/{}",
    ],
)
@pytest.mark.parametrize("number", [LONG, WIDE])
def test_no_number_breaks_a_page(hub: Dashboards, path: str, number: str) -> None:
    client = TestClient(create_app(hub.context("staff")), raise_server_exceptions=False)
    hub.sign_in(client, Role.ADMINISTRATOR)
    answer = client.get(path.replace("{}", number), headers={"accept": "text/html"})
    assert answer.status_code < 500


@pytest.mark.parametrize("length", [LONG, "²", "x"])
def test_no_length_of_a_body_breaks_the_guard(hub: Dashboards, length: str) -> None:
    answer = hub.client().post("/sign-in", headers={b"content-length": length.encode("latin-1")})
    assert answer.status_code == 413
