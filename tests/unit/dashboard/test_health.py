"""The health page and /health/ready: what is expected is looked at, and a missing one is told."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core import metrics
from core.clock import machine_ticks
from core.pulse import Pulse
from dashboard.access import Role
from dashboard.app import create_app
from dashboard.deps import Watched
from tests.support.dashboards import Dashboards

PARTS = ("rescue.lane", "rescue.engine", "telemetry.lane", "web.pages")


class House:
    """A surface whose processes are as a test says."""

    def __init__(self, folder: Path) -> None:
        self.boards = Dashboards(folder)
        self.pulses = folder / "pulse"
        self.watched = Watched(
            parts=lambda: PARTS,
            pulses=self.pulses,
            hand_offs={"telemetry/0": folder / "telemetry"},
            last_backup=folder / "backups" / "last",
        )

    def live(self, *parts: str, ago_s: float = 0) -> None:
        for part in parts:
            Pulse(self.pulses / part, lambda: machine_ticks() - ago_s).beat()

    def client(self, surface: str = "staff") -> TestClient:
        context = dataclasses.replace(self.boards.context(surface), watched=self.watched)
        return TestClient(create_app(context))

    def ask(self, surface: str = "staff") -> tuple[int, dict[str, dict[str, object]], str]:
        answer = self.client(surface).get("/health/ready")
        told = json.loads(answer.content)
        return answer.status_code, told.get("checks", {}), told["status"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    for lane in ("emergency", "telemetry"):
        metrics.MQTT_CONNECTED.labels(lane).set(1)
    yield House(tmp_path)
    metrics.MQTT_CONNECTED.clear()


def test_a_hub_that_works_is_ok(house: House) -> None:
    house.live(*PARTS)
    status, checks, told = house.ask()
    assert (status, told) == (200, "ok")
    assert checks["part rescue.engine"]["ok"]
    assert checks["backup"] == {
        "ok": False,
        "weight": "noted",
        "detail": "none",
        "remedy": "Run `hub backup` every night; the runbook tells how.",
    }


def test_an_engine_without_a_cycle_for_ten_seconds_is_red_and_named(house: House) -> None:
    house.live(*PARTS)
    house.live("rescue.engine", ago_s=11)
    status, checks, told = house.ask()
    assert (status, told) == (503, "failing")
    assert checks["part rescue.engine"]["detail"] == "hangs: silent for 11 s"
    assert "restart" in str(checks["part rescue.engine"]["remedy"])
    assert checks["part rescue.lane"]["ok"]


def test_a_part_that_has_not_started_is_not_ok(house: House) -> None:
    house.live("web.pages")
    status, checks, _ = house.ask()
    assert status == 503
    assert checks["part rescue.lane"]["detail"] == "no sign of life yet"


def test_a_part_whose_rounds_fail_is_told_from_one_that_hangs(house: House) -> None:
    house.live(*PARTS)
    ago = [30.0]
    lane = Pulse(house.pulses / "telemetry.lane", lambda: machine_ticks() - ago[0])
    lane.beat()
    ago[0] = 0
    lane.turned()
    status, checks, told = house.ask()
    assert (status, told) == (200, "degraded")
    assert checks["part telemetry.lane"]["detail"] == "runs, and nothing has succeeded for 30 s"


def test_a_lane_that_has_not_spoken_is_expected_all_the_same(house: House) -> None:
    metrics.MQTT_CONNECTED.clear()
    house.live(*PARTS)
    _, checks, told = house.ask()
    assert told == "degraded"
    assert checks["lane emergency"]["detail"] == "no broker"


def test_the_public_surface_takes_reports_while_the_rescue_process_is_away(house: House) -> None:
    assert house.ask("public") == (200, {}, "ok")


def test_load_balancers_ask_with_head(house: House) -> None:
    house.live(*PARTS)
    client = house.client()
    for path in ("/health/live", "/health/ready"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_a_backup_is_as_old_as_its_mark(house: House) -> None:
    house.live(*PARTS)
    mark = house.watched.last_backup
    mark.parent.mkdir()
    mark.touch()
    _, checks, _ = house.ask()
    assert checks["backup"]["ok"]


def test_a_step_of_the_clock_is_amber(house: House) -> None:
    house.live(*PARTS)
    metrics.CLOCK_STEP.set(-30)
    try:
        _, checks, told = house.ask()
    finally:
        metrics.CLOCK_STEP.set(0)
    assert told == "degraded"
    assert "-30" in str(checks["clock"]["detail"])


def test_a_second_look_costs_nothing(house: House) -> None:
    house.live(*PARTS)
    client = house.client()
    assert client.get("/health/ready").status_code == 200
    house.live("rescue.engine", ago_s=60)
    assert client.get("/health/ready").status_code == 200  # within the second
    house.boards.clock.advance(timedelta(seconds=1))
    assert client.get("/health/ready").status_code == 503


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("救援进程：时限", "无响应：已")),
        ("en", ("Rescue: deadlines", "hangs")),
    ],
)
def test_the_page_speaks_the_readers_language(
    house: House, language: str, words: tuple[str, str]
) -> None:
    house.live(*PARTS)
    house.live("rescue.engine", ago_s=20)
    client = house.client()
    house.boards.sign_in(client, Role.ADMINISTRATOR)
    page = client.get("/health", headers={"Accept-Language": language}).text
    assert all(word in page for word in words)
    if language == "zh":
        assert not any(word in page for word in ("connected", "journal", "silent", ">works<"))
