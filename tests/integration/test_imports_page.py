"""An administrator imports a file in the browser; everybody else is turned away before the body."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboard.access import Role
from dashboard.app import create_app
from dashboard.guards import LARGER
from dashboard.web.pages_imports import jobs_of
from devices import queries
from devices.import_work import Importer
from devices.lift_csv import LIFTS
from tests.support.dashboards import Dashboards

CONTENT = LIFTS.template().encode()
BAD = CONTENT + CONTENT.splitlines(keepends=True)[1].replace(b"990001", b"12", 1)


class Seat:
    """An administrator's browser, and the importer beside the pages."""

    def __init__(self, folder: Path) -> None:
        self.hub = Dashboards(folder)
        context = self.hub.context("staff")
        self.client = TestClient(create_app(context), raise_server_exceptions=False)
        self.csrf = self.hub.sign_in(self.client, Role.ADMINISTRATOR)
        staged = context.data_folder / "imports"
        self.importer = Importer(jobs_of(context), self.hub.database, staged, context.clock)

    def upload(self, content: bytes, **more: str) -> str:
        told = {"csrf": self.csrf, "kind": "lifts", "datum": "wgs84", **more}
        answer = self.client.post("/imports", data=told, files={"file": ("电梯.csv", content)})
        assert answer.status_code == 200, answer.text
        return answer.url.path

    def act(self, address: str, act: str, **more: str) -> str:
        answer = self.client.post(f"{address}/{act}", data={"csrf": self.csrf, **more})
        assert answer.status_code == 200, answer.text
        return answer.text

    def look(self, address: str) -> str:
        answer = self.client.get(address, headers={"Accept-Language": "en"})
        assert answer.status_code == 200, answer.text
        return answer.text

    @property
    def lifts(self) -> int:
        return self.hub.database.read(queries.counts).lifts


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    return Seat(tmp_path)


def test_a_file_is_uploaded_checked_and_applied_with_its_bad_row_left_out(seat: Seat) -> None:
    before = seat.lifts
    address = seat.upload(BAD)
    assert 'hx-trigger="every 1s"' in seat.look(address)
    seat.importer.run_once()
    page = seat.look(address)
    assert "Apply the good rows: 1" in page
    assert "is not of this form" in page
    assert seat.lifts == before
    assert "<progress" in seat.act(address, "apply", bad="skip")
    seat.importer.run_once()
    assert "every 1s" not in seat.look(f"/fragments{address.replace('/at', '')}")
    assert seat.lifts == before + 1
    report = seat.client.get(f"{address}/report.csv")
    assert "990001,inserted" in report.text
    assert "attachment" in report.headers["content-disposition"]
    assert "电梯.csv" in seat.look("/imports")


def test_a_file_that_nobody_wants_changes_nothing(seat: Seat) -> None:
    before, address = seat.lifts, seat.upload(CONTENT)
    seat.importer.run_once()
    seat.act(address, "stop")
    assert seat.importer.run_once() == 0
    assert seat.lifts == before
    assert "Go on" in seat.look(address)


def test_what_is_missing_or_unknown_is_said_beside_the_form(seat: Seat) -> None:
    told = {"csrf": seat.csrf, "kind": "dragons", "datum": "wgs84"}
    answer = seat.client.post("/imports", data=told, files={"file": ("x.csv", CONTENT)})
    assert answer.status_code == 422
    answer = seat.client.post("/imports", data={**told, "kind": "lifts"})
    assert answer.status_code == 422
    template = seat.client.get("/imports/template/firms.csv")
    assert template.text.startswith("\ufeffcode,name,phone_24h")


def test_a_file_beyond_the_limit_and_a_form_without_proof_are_refused(seat: Seat) -> None:
    length = {"Content-Length": str(LARGER["/imports"] + 1)}
    answer = seat.client.post("/imports", content=b"x", headers=length)
    assert answer.status_code == 413
    more = {"kind": "lifts", "datum": "wgs84"}
    answer = seat.client.post("/imports", data=more, files={"file": ("x.csv", CONTENT)})
    assert answer.status_code == 403


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.ADMINISTRATOR])
def test_nobody_else_may(seat: Seat, role: Role) -> None:
    csrf = seat.hub.sign_in(seat.client, role)
    assert seat.client.get("/imports").status_code == 403
    told = {"csrf": csrf, "kind": "lifts", "datum": "wgs84"}
    files = {"file": ("x.csv", CONTENT)}
    assert seat.client.post("/imports", data=told, files=files).status_code == 403
    assert not jobs_of(seat.hub.context("staff")).newest()
