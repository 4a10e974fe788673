"""What a newcomer sees: sign in, watch an incident from new to closed, watch the camera move."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.hub_process import HubProcess
from tests.support.wait import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.timeout(300)]

SCENARIO = """
name = "test"
seed = 7
speed = 60.0
[city]
area = "410100"
zone = "Asia/Shanghai"
lifts = 40
firms = 3
stations = 2
kitchens = 1
kitchens_with_cameras = 1
[entrapments]
first_after_s = 3.0
every_minutes = 30.0
[crews]
silent_share = 0.0
refusing_share = 0.0
poll_s = 1.0
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    folder: Path = tmp_path_factory.mktemp("demo")
    scenario = folder / "test.toml"
    scenario.write_text(SCENARIO)
    with HubProcess(folder / "data", settings={"HUB_DEMO__SCENARIO": str(scenario)}) as process:
        yield process.start(("demo",), timeout_s=150)


@pytest.fixture
def page(browser: Browser, hub: HubProcess) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on(
        "console",
        lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None,
    )
    accounts = json.loads((hub.data / "demo" / "demo.json").read_text())["accounts"]
    opened.goto(hub.url)
    opened.fill("input[name=name]", "dispatcher")
    opened.fill("input[name=password]", accounts["dispatcher"])
    opened.click("form[action='/sign-in'] button.primary")
    opened.wait_for_selector("#board")
    yield opened
    context.close()
    assert wrong == []


def test_an_incident_goes_from_new_to_closed_before_our_eyes(page: Page) -> None:
    page.locator("a.incident.trapped, a.incident.ended").first.wait_for()
    address = page.locator("a.incident").last.get_attribute("href")
    page.goto(str(page.url).rstrip("/") + str(address))
    # Nothing reloads this page but its own live stream.
    expect(page.locator(".steps li.now")).to_contain_text("已结案", timeout=120_000)
    timeline = page.locator(".timeline").inner_text()
    for word in ("接警", "派单", "接单", "到达现场", "回访确认", "原因反馈", "结案"):
        assert word in timeline


def test_the_camera_plays(page: Page, hub: HubProcess) -> None:
    page.goto(f"{hub.url}/kitchens/K0001")
    page.locator("#camera-K0001-1 [data-player-start]").click()

    def seconds() -> bool:
        played = page.evaluate("() => document.querySelector('#camera-K0001-1 video').currentTime")
        return bool(played > 2)

    wait_until(seconds, what="the picture to move", timeout_s=60, every_s=0.5)


def test_a_lift_moves_and_its_chart_is_drawn(page: Page, hub: HubProcess) -> None:
    def heard() -> bool:
        page.goto(f"{hub.url}/lifts")
        return page.locator("tr:has(.chip.ok) a.code").count() > 0

    wait_until(heard, what="a lift that is heard", timeout_s=70, every_s=1)
    page.locator("tr:has(.chip.ok) a.code").first.click()
    page.wait_for_selector("[data-field=floor]")
    page.wait_for_selector("[data-chart] canvas")


def test_every_page_opens_in_english_too(page: Page, hub: HubProcess) -> None:
    page.click("form[action='/language'] button")
    for path in ("/", "/lifts", "/lifts/235274", "/kitchens", "/kitchens/K0001", "/incidents/new"):
        answer = page.goto(hub.url + path)
        assert answer is not None
        assert answer.status == 200
        assert page.locator("html").get_attribute("lang") == "en"


def test_somebody_reports_by_the_qr_page(browser: Browser, hub: HubProcess) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    phone = context.new_page()
    phone.goto(f"{hub.public_url}/l/235274")
    assert "235274" in phone.inner_text("main")
    phone.goto(f"{hub.public_url}/l/235274/report")
    phone.check("input[name=kind][value=trapped]")
    phone.click("main form button.primary")
    phone.wait_for_url("**/report/**")
    expect(phone.locator("main")).to_contain_text("已通知救援人员", timeout=30_000)
    context.close()
