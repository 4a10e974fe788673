"""P2: a maintenance visit on a phone, without a network at the end, confirmed by the use unit."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard import maintaining
from devices.maintenance import planning, queries
from tests.support.dashboards import PASSWORD
from tests.support.maintenance import crew
from tests.support.served import Served
from tests.support.served_pages import JPEG

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    crew(served)
    served.database.write(
        lambda c: planning.settle(c, served.lift.id, served.system.now(), served.staff.maintenance)
    )
    served.start()
    yield served
    served.stop()


def opened(browser: Browser, hub: Served, name: str, size: dict[str, int]) -> Page:
    context = browser.new_context(
        locale="zh-CN",
        viewport={"width": size["width"], "height": size["height"]},
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(hub.url)
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav.nav")
    return page


def test_a_visit_is_done_on_a_phone_handed_in_later_and_confirmed(
    browser: Browser, hub: Served, tmp_path: Path
) -> None:
    picture = tmp_path / "sample.jpg"
    picture.write_bytes(JPEG)
    page = opened(browser, hub, "technician", PHONE)
    page.clock.install(time=hub.system.now() - timedelta(minutes=41))
    coming = hub.database.read(lambda c: queries.coming(c, [hub.lift.id]))[hub.lift.id]
    page.goto(f"{hub.url}/maintenance/visits/{coming.id}")
    page.get_by_text("开始作业").click()
    page.wait_for_selector("html[data-visit=ready]")
    code = maintaining.plate(hub.staff, hub.lift)
    for number in ("1", "2"):
        page.locator(f"[name=worker-{number}]").select_option(f"W{number}")
        page.locator(f"[name=plate-{number}]").fill(code)
        page.locator(f"[data-check-in=code][data-of='{number}']").click()
        expect(page.locator(f"[data-checked='{number}']")).to_contain_text("签到时间")
    for box in page.locator("[data-item] input[value=done]").all():
        box.check()
    for field in page.locator("input[data-photo]").all():
        field.set_input_files(picture)
    expect(page.locator("[data-photos]").last).to_have_text("1")
    page.locator("[name=hazard][value=S0]").check()
    page.clock.fast_forward(40 * 60 * 1000)
    page.reload()  # the phone was put away: everything is still there
    page.wait_for_selector("html[data-visit=ready]")
    expect(page.locator("[data-answered]")).to_have_text("31")
    page.locator("[name=signed-1]").fill("W1")
    page.locator("[data-hand-in]").click()
    expect(page.locator("[data-visit-errors]")).to_contain_text("请该人员签名")
    page.locator("[name=signed-2]").fill("W2")
    page.context.set_offline(True)
    page.locator("[data-hand-in]").click()
    expect(page.locator("[data-visit-state]")).to_contain_text("联网后自动提交")
    page.context.set_offline(False)
    page.wait_for_url(f"**/maintenance/visits/{coming.id}")
    expect(page.locator("main")).to_contain_text("待使用单位确认")
    unit = opened(browser, hub, "use_unit", DESK)
    unit.goto(f"{hub.url}/maintenance/visits/{coming.id}")
    unit.get_by_role("button", name="确认本次维保").click()
    expect(unit.locator(".page-head")).to_contain_text("已确认")
    kept = hub.database.read(lambda c: queries.records(c, hub.lift.rescue_code))
    assert [each.kind.value for each, _ in kept] == ["confirmation", "visit"]
    page.goto(f"{hub.url}/maintenance/visits/{coming.id}")
    page.get_by_text("更正记录").click()
    page.wait_for_selector("html[data-visit=ready]")
    expect(page.locator("[data-answered]")).to_have_text("31")
    page.locator("[name='item-A-1-1'][value=adjusted]").check()
    page.locator("[name=why]").fill("示例：漏记调整")
    page.locator("[data-hand-in]").click()
    page.wait_for_url(f"**/maintenance/visits/{coming.id}")
    expect(page.locator("main")).to_contain_text("待使用单位确认")
    expect(page.locator("main")).to_contain_text("示例：漏记调整")
    kept = hub.database.read(lambda c: queries.records(c, hub.lift.rescue_code))
    assert [each.kind.value for each, _ in kept] == ["amendment", "confirmation", "visit"]
