"""A dispatcher who looks at the board sees a call that could not be taken, and deals with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.device import Device
from tests.support.hub_process import HubProcess
from tests.support.small_city import AREA, GATEWAY, PASSWORD, found_city

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.timeout(180)]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "data") as process:
        process.token = found_city(process.data)
        yield process.start()


def test_a_refused_call_comes_by_itself_and_goes_when_dealt_with(
    browser: Browser, hub: HubProcess
) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(hub.url)
    page.fill("input[name=name]", "dispatcher")
    page.fill("input[name=password]", PASSWORD)
    page.click("form[action='/sign-in'] button.primary")
    page.wait_for_selector("#board")
    assert page.locator(".refused-calls").count() == 0

    device = Device(AREA, GATEWAY, hub.broker_port)
    receipt = device.call(
        {"ts": 1, "event_id": "e-1", "phase": "begin", "source": "button", "lift": "999999"}
    )
    assert receipt["accepted"] is False
    # Nothing reloads this page but its own live stream.
    line = page.locator(".refused-calls tbody tr")
    expect(line).to_contain_text("识别码未登记", timeout=20_000)
    expect(line).to_contain_text(GATEWAY)
    expect(line).to_contain_text("999999")

    line.get_by_role("button", name="已处置").click()
    expect(page.locator("#board")).to_be_visible()
    expect(page.locator(".refused-calls")).to_have_count(0)
    context.close()
