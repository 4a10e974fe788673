"""The staff and public surfaces over HTTP, on a real database."""

from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core import handoff
from dashboard.access import Action, Role, may
from dashboard.problems import TooManyRequests
from dashboard.reports import MOST_PER_ADDRESS, PublicReports, Told
from dashboard.web import media
from devices import findings
from devices.findings import PublicReport
from tests.support.dashboards import CAMERA, SECRET, Dashboards
from video import layout


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


def open_incident(client: TestClient, **more: object) -> str:
    answer = client.post("/api/v1/incidents", json={"lift_code": "235274", "people": 2, **more})
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["id"]
    return number


def test_a_rescue_from_call_to_close(hub: Dashboards) -> None:
    seat, crew = hub.client(role=Role.DISPATCHER), hub.client(role=Role.FIRM_ADMIN)
    number = open_incident(seat)
    (order,) = crew.get("/api/v1/assignments?state=open").json()["items"]
    assert order["incident"] == number
    for step, body in (
        ("accept", {"responder": "示例救援员"}),
        ("en-route", None),
        ("arrive", {"proof": "qr"}),
        ("freed", {}),
    ):
        answer = crew.post(f"/api/v1/assignments/{order['id']}/{step}", json=body)
        assert answer.status_code == 200, answer.text
    for verb, sent in (("confirm", {}), ("cause", {"code": "101", "text": "示例"}), ("close", {})):
        answer = seat.post(f"/api/v1/incidents/{number}/{verb}", json=sent)
        assert answer.status_code == 200, answer.text
    told = seat.get(f"/api/v1/incidents/{number}").json()
    assert told["state"] == "closed"
    assert {"opened", "accepted", "arrived", "closed"} <= {h["verb"] for h in told["timeline"]}


def test_the_same_key_answers_the_same_incident(hub: Dashboards) -> None:
    seat = hub.client(role=Role.DISPATCHER)
    sent, key = {"lift_code": "235274"}, {"Idempotency-Key": "form-0001"}
    first = seat.post("/api/v1/incidents", json=sent, headers=key)
    again = seat.post("/api/v1/incidents", json=sent, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert again.json()["merged"] is False


@pytest.mark.parametrize("role", Role)
def test_who_may_take_a_call(hub: Dashboards, role: Role) -> None:
    answer = hub.client(role=role).post("/api/v1/incidents", json={"lift_code": "235274"})
    assert answer.status_code == (201 if may(role, Action.OPEN_INCIDENT) else 403)


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.FIRM_ADMIN, 200),
        (Role.STATION, 404),
        (Role.PROVINCE_SUPERVISOR, 403),
        (Role.DISPATCHER, 200),
    ],
)
def test_who_may_answer_an_assignment(hub: Dashboards, role: Role, status: int) -> None:
    number = open_incident(hub.client(role=Role.DISPATCHER))
    seat = hub.client(role=Role.DISPATCHER)
    order = seat.get(f"/api/v1/incidents/{number}").json()["assignments"][0]["id"]
    answer = hub.client(role=role).post(f"/api/v1/assignments/{order}/accept")
    assert answer.status_code == status, answer.text


def test_a_station_is_not_told_of_other_peoples_incidents(hub: Dashboards) -> None:
    number = open_incident(hub.client(role=Role.DISPATCHER))
    station = hub.client(role=Role.STATION)
    assert station.get("/api/v1/incidents").json()["total"] == 0
    assert station.get(f"/api/v1/incidents/{number}").status_code == 404


def test_a_session_needs_its_csrf_token(hub: Dashboards) -> None:
    client = hub.client()
    csrf = hub.sign_in(client, Role.DISPATCHER)
    sent = {"lift_code": "235274"}
    refused = client.post("/api/v1/incidents", json=sent)
    assert (refused.status_code, refused.json()["reason"]) == (403, "forbidden")
    wrong = client.post("/api/v1/incidents", json=sent, headers={"X-CSRF-Token": "x"})
    assert wrong.status_code == 403
    proof = {"X-CSRF-Token": csrf}
    foreign = client.post(
        "/api/v1/incidents", json=sent, headers={**proof, "Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 403
    assert client.post("/api/v1/incidents", json=sent, headers=proof).status_code == 201


@pytest.mark.parametrize("token", ["", "wrong"])
def test_nobody_gets_in_without_a_token(hub: Dashboards, token: str) -> None:
    answer = hub.client().get("/api/v1/lifts", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_browser_is_sent_to_sign_in_and_back(hub: Dashboards) -> None:
    answer = hub.client().get(
        f"/media/{CAMERA}/snapshot.jpg?x=1", headers={"Accept": "text/html"}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/sign-in?next=%2Fmedia%2F{CAMERA}%2Fsnapshot.jpg%3Fx%3D1"


def test_problems_name_the_field_and_the_reason(hub: Dashboards) -> None:
    seat = hub.client(role=Role.DISPATCHER)
    answer = seat.post("/api/v1/incidents", json={"lift_code": "1"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "reason", "field"}
    assert (told["status"], told["reason"], told["field"]) == (422, "invalid", "lift_code")
    unknown = seat.post("/api/v1/incidents", json={"lift_code": "999999"}).json()
    assert (unknown["reason"], unknown["field"]) == ("lift_unknown", "lift_code")
    number = open_incident(seat)
    stale = seat.post(f"/api/v1/incidents/{number}/located", json={"version": 999})
    assert (stale.status_code, stale.json()["reason"]) == (409, "stale_version")
    wrong = seat.post(f"/api/v1/incidents/{number}/close")
    assert (wrong.status_code, wrong.json()["reason"]) == (409, "wrong_state")
    assert seat.get("/api/v1/nothing").json()["reason"] == "not_found"


def test_a_body_that_is_too_long_is_refused(hub: Dashboards) -> None:
    seat = hub.client(role=Role.DISPATCHER)
    answer = seat.post("/api/v1/incidents", content=b"x" * 300_000)
    assert answer.status_code == 413
    pieces = seat.post("/api/v1/incidents", content=(b"x" * 100_000 for _ in range(3)))
    assert pieces.status_code == 413


@pytest.mark.parametrize("surface", ["staff", "public"])
def test_every_answer_tells_browsers_what_not_to_do(hub: Dashboards, surface: str) -> None:
    headers = hub.client(surface, tls=True).get("/health/live").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "max-age" in headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in hub.client(surface).get("/health/live").headers


def test_health_and_figures(hub: Dashboards) -> None:
    staff, public = hub.client(), hub.client("public")
    told = staff.get("/health/ready").json()
    assert told["checks"]["database"]["ok"]
    assert "checks" not in public.get("/health/ready").json()
    assert "hub_http_request_seconds" in staff.get("/metrics").text
    assert public.get("/metrics").status_code == 404


def test_the_interface_describes_itself(hub: Dashboards) -> None:
    told = hub.client().get("/api/v1/openapi.json").json()
    assert "/api/v1/assignments/{assignment_id}/{step}" in told["paths"]
    assert hub.client("public").get("/api/v1/openapi.json").status_code == 404


def test_lifts_and_kitchens(hub: Dashboards) -> None:
    seat = hub.client(role=Role.DISPATCHER)
    assert seat.get("/api/v1/lifts?q=2352").json()["total"] == 1
    lift = seat.get("/api/v1/lifts/235274").json()
    assert (lift["received_at"], lift["open_incidents"]) == (None, [])
    history = seat.get("/api/v1/lifts/235274/history?field=floor&step=60")
    assert history.json() == {"lift": "235274", "field": "floor", "points": []}
    fine = seat.get("/api/v1/lifts/235274/history?field=floor&step=1")
    assert fine.json()["field"] == "step"
    kitchen = seat.get("/api/v1/kitchens/K0001").json()
    assert kitchen["cameras"][0]["state"] == "offline"
    assert "sample.mp4" not in str(kitchen)
    assert hub.client(role=Role.FIRM_ADMIN).get("/api/v1/kitchens").status_code == 403


def lay_video(hub: Dashboards) -> None:
    folder = layout.hls_folder(hub.video_root, CAMERA)
    folder.mkdir(parents=True)
    (folder / "index.m3u8").write_text('#EXTM3U\n#EXT-X-MAP:URI="init-1.mp4"\ns00000001.m4s\n')
    (folder / "s00000001.m4s").write_bytes(b"segment")


def test_a_viewing_link_opens_playlist_and_segments_until_it_ends(hub: Dashboards) -> None:
    lay_video(hub)
    anybody = hub.client("public")
    address = media.playlist_url(hub.context("public"), CAMERA)
    playlist = anybody.get(address)
    assert playlist.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert playlist.headers["Cache-Control"] == "no-store"
    segment = f"/media/{CAMERA}/{playlist.text.splitlines()[-1]}"
    assert anybody.get(segment).content == b"segment"
    assert anybody.get(segment).headers["Content-Type"] == "video/iso.segment"
    assert anybody.get(segment + "x").status_code == 403
    assert anybody.get(segment.split("?", maxsplit=1)[0]).status_code == 403
    hub.clock.advance(media.LINK_LASTS)
    assert anybody.get(segment).status_code == 403


def test_closing_time_ends_what_is_running(hub: Dashboards) -> None:
    lay_video(hub)
    hub.clock.advance(timedelta(hours=7, minutes=30))
    anybody = hub.client("public")
    address = media.playlist_url(hub.context("public"), CAMERA)
    assert anybody.get(address).status_code == 200
    hub.clock.advance(timedelta(minutes=31))
    assert anybody.get(address).status_code == 403


def test_a_staff_link_is_good_for_its_viewer_only(hub: Dashboards) -> None:
    lay_video(hub)
    staff = hub.client()
    address = media.playlist_url(hub.context("staff"), CAMERA, viewer="dispatcher")
    assert staff.get(address).status_code == 401
    hub.sign_in(staff, Role.PROVINCE_SUPERVISOR)
    assert staff.get(address).status_code == 403
    hub.sign_in(staff, Role.DISPATCHER)
    assert staff.get(address).status_code == 200
    hub.sign_in(staff, Role.FIRM_ADMIN)
    assert staff.get(address).status_code == 403


@pytest.mark.parametrize(
    "path", ["../../state.db", "..%2f..%2fstate.db", "state.db", "%2e%2e/%2e%2e/state.db"]
)
def test_no_address_climbs_out_of_a_cameras_folder(hub: Dashboards, path: str) -> None:
    lay_video(hub)
    (hub.video_root / "state.db").write_bytes(b"secret")
    address = media.playlist_url(hub.context("public"), CAMERA).replace("index.m3u8", path)
    answer = hub.client("public").get(address)
    assert answer.status_code == 404
    assert b"secret" not in answer.content


@pytest.fixture
def reports(hub: Dashboards) -> PublicReports:
    return PublicReports(hub.context("public").reports_file, SECRET, hub.clock)


def test_a_public_report_is_a_hand_off_row_before_the_reporter_is_thanked(
    hub: Dashboards, reports: PublicReports
) -> None:
    token = reports.take(
        "235274", Told(trapped=True, people=3, reporter_phone=" 138 0000 0000 "), address="a"
    )
    (row,) = handoff.after(hub.context("public").reports_file)
    found = findings.decode(row.payload)
    assert isinstance(found, PublicReport)
    assert (found.lift, found.people, found.trapped) == ("235274", 3, True)
    assert found.reporter_phone == "138 0000 0000"
    progress = hub.database.read(lambda c: reports.progress(c, token))
    assert progress.state == "received"
    reports.close()


def test_floods_are_told_to_telephone(hub: Dashboards, reports: PublicReports) -> None:
    for _ in range(MOST_PER_ADDRESS):
        reports.take("235274", Told(trapped=True), address="a")
    with pytest.raises(TooManyRequests, match="telephone"):
        reports.take("235274", Told(trapped=True), address="a")
    reports.take("235274", Told(trapped=True), address="b")
    hub.clock.advance(timedelta(minutes=10))
    reports.take("235274", Told(trapped=True), address="a")
    reports.close()
