"""Both surfaces on loopback ports, with something to see on every page."""

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Connection

from alerts import refusals
from alerts.actions import IncidentAction, act_on_incident
from alerts.findings import apply_finding
from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from alerts.policy import PolicyBook
from core.clock import ManualClock
from dashboard.app import create_app
from devices import commands
from devices.calls import RefusedCall
from devices.directory import Directory, load_directory
from devices.findings import ConditionRaised, Severity
from devices.model import Gateway
from tests.support.dashboards import CAMERA, NOON, TEST, Dashboards
from tests.support.ports import free_port
from tests.support.telemetry import STATUS, Room
from tests.support.wait import wait_until
from video import snapshot
from video.state import StateWriter
from video.stream import Stream, StreamState

GATEWAY = "G1"  # of STATUS
MOVING: Mapping[str, object] = {
    "mode": "normal",
    "car": "running",
    "direction": "up",
    "door": "closed",
    "occupied": True,
    "speed_m_s": 1.5,
    "load_kg": 140.0,
    "power": "mains",
}
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI////////////////////"
    "////////////////////////////////2wBDAVVaWnhpeOuCguv/////////////////////////////////////"
    "////////////////////////////////////wAARCAAIABADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAA"
    "AAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk"
    "M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKT"
    "lJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QA"
    "HwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdh"
    "cRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hp"
    "anN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk"
    "5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwBlFFFAH//Z"
)


@dataclass(frozen=True, slots=True)
class ServedPages:
    """Where the pages are, and what there is to look at."""

    dashboards: Dashboards
    staff: str
    public: str
    running: str
    closed: str


@contextmanager
def served_pages(folder: Path) -> Iterator[ServedPages]:
    """Seed a small hub in `folder` and serve it until the end of the block."""
    pages = Dashboards(folder)
    running, closed = pages.database.write(lambda connection: _incidents(connection, pages))
    _telemetry(pages)
    _pictures(pages)
    with (
        _serving(create_app(pages.context("staff"))) as staff,
        _serving(create_app(pages.context("public"))) as public,
    ):
        yield ServedPages(pages, staff, public, running, closed)


def _incidents(connection: Connection, pages: Dashboards) -> tuple[str, str]:
    """One that runs and one that is closed; an alarm; a call that could not be taken."""
    policies = PolicyBook()
    began = NOON - timedelta(minutes=2)
    call = Intake(
        event_key="sample-1",
        kind=Kind.TRAPPED,
        source=Source.BUTTON,
        lift=pages.lift,
        people=2,
        injured=True,
        vulnerable="示例：一位老人",
        floor=7,
        reporter_phone="000-0003",
    )
    running = open_incident(connection, call, policies, began, TEST)
    elsewhere = Intake(
        event_key="sample-2",
        kind=Kind.FAULT,
        source=Source.FORM,
        area="410100",
        place="示例路 9 号",
        note="示例：灯不亮",
    )
    closed = open_incident(connection, elsewhere, policies, began, TEST)
    act_on_incident(
        connection,
        closed.incident_id,
        IncidentAction.FALSE_ALARM,
        NOON - timedelta(minutes=1),
        TEST,
        text="示例：已恢复",
    )
    alarm = ConditionRaised(
        event_id="sample-3",
        subject_kind="lift",
        subject=pages.lift.rescue_code,
        code="door.not_closing",
        severity=Severity.MINOR,
        since=began,
    )
    apply_finding(connection, alarm, policies, began)
    topic = f"lift/v1/410100/{GATEWAY}/call"
    refused = RefusedCall(topic, "lift_unknown", "lift", "no lift '999999'", began)
    refusals.tell(connection, refused)
    return running.incident_id, closed.incident_id


def _telemetry(pages: Dashboards) -> None:
    """An hour of one lift, and a message that could not be read."""
    gateway = Gateway(GATEWAY, pages.lift.area, lift_ids=(pages.lift.id,))
    pages.database.write(lambda c: commands.enrol_gateway(c, gateway, NOON, TEST))
    clock = ManualClock(NOON - timedelta(hours=1))
    code = pages.lift.rescue_code

    def registry() -> Directory:
        return pages.database.read(load_directory)

    with Room(pages.folder / "telemetry", clock=clock, registry=registry) as room:
        for minute in range(0, 60, 5):
            room.after(300)
            room.say(STATUS, lift=code, floor=minute // 5, **MOVING)
            room.settle()
        room.broker.put(STATUS, b'{"floor": }')
        room.settle()
        assert room.shown(code) is not None


def _pictures(pages: Dashboards) -> None:
    """A camera that is live, with a still."""
    with closing(StateWriter(pages.video_root)) as states:
        live = Stream(StreamState.LIVE, NOON - timedelta(hours=1), last_picture_at=NOON)
        states.record({CAMERA: live}, NOON)
    snapshot.keep(pages.video_root, CAMERA, JPEG, NOON)


@contextmanager
def _serving(app: FastAPI) -> Iterator[str]:
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, ws="none", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name=f"pages on {port}")
    thread.start()
    try:
        wait_until(lambda: server.started, what="the pages to be served")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
