"""A visit's page opens where there is no network, for whoever opened it before and nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from dashboard import accounts
from dashboard.access import Role
from devices.maintenance import planning, queries
from tests.support.maintenance import crew
from tests.support.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
KEPT = "html[data-kept=yes]"
CACHES = "async () => (await caches.keys()).filter((name) => name.startsWith('visits-'))"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    crew(served)
    rules = served.staff.maintenance
    served.database.write(lambda c: planning.settle(c, served.lift.id, served.system.now(), rules))
    served.start()
    yield served
    served.stop()


def signed_in(browser: Browser, hub: Served, role: Role) -> tuple[BrowserContext, Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    enter(context, hub, role)
    page = context.new_page()
    page.set_default_timeout(30_000)
    return context, page


def enter(context: BrowserContext, hub: Served, role: Role) -> None:
    account = hub.database.read(lambda c: accounts.account_by_name(c, role.value))
    token = accounts.begin_session(hub.database, hub.system, account=account).token
    context.add_cookies([{"name": "hub_session", "value": token, "url": hub.url, "httpOnly": True}])


def opens(page: Page, address: str) -> bool:
    try:
        page.goto(address)
    except Error:
        return False
    return page.locator("form[data-visit]").count() == 1


def test_it_opens_without_a_network_until_somebody_signs_out(browser: Browser, hub: Served) -> None:
    coming = hub.database.read(lambda c: queries.coming(c, [hub.lift.id]))[hub.lift.id]
    visit = f"{hub.url}/maintenance/visits/{coming.id}"
    context, page = signed_in(browser, hub, Role.TECHNICIAN)
    page.goto(visit)  # only looked at: the page of the work itself is kept along with it
    page.wait_for_selector(KEPT)
    context.set_offline(True)
    assert opens(page, f"{visit}/work")
    page.wait_for_selector("html[data-visit=ready]")
    page.locator("[name=worker-1]").select_option("W1")
    assert page.locator("fieldset.choices").first.evaluate("e => getComputedStyle(e).borderStyle")
    page.reload()
    page.wait_for_selector("html[data-visit=ready]")
    expect(page.locator("[name=worker-1]")).to_have_value("W1")
    assert not opens(page, f"{hub.url}/maintenance")  # nothing else is kept
    context.set_offline(False)
    page.goto(f"{hub.url}/maintenance")
    page.locator('form[action="/sign-out"] button').click()
    page.wait_for_url("**/sign-in*")
    page.wait_for_function(f"async () => (await ({CACHES})()).length === 0")
    context.set_offline(True)
    assert not opens(page, f"{visit}/work")
    context.close()


def test_another_account_finds_nothing_of_the_one_before(browser: Browser, hub: Served) -> None:
    coming = hub.database.read(lambda c: queries.coming(c, [hub.lift.id]))[hub.lift.id]
    visit = f"{hub.url}/maintenance/visits/{coming.id}"
    context, page = signed_in(browser, hub, Role.TECHNICIAN)
    page.goto(f"{visit}/work")
    page.wait_for_selector(KEPT)
    enter(context, hub, Role.FIRM_ADMIN)  # without any page of signing in and out in between
    page.goto(visit)
    page.wait_for_selector(KEPT)
    kept = page.evaluate(
        "async () => { const kept = await caches.open('visits-1');"
        " return (await kept.keys()).map((each) => each.url); }"
    )
    assert f"{visit}" in kept
    texts = page.evaluate(
        "async (at) => (await (await caches.match(at)).text()).includes('示例 technician')", visit
    )
    assert texts is False
    context.clear_cookies()  # signed out somewhere else: the first answer to say so forgets all
    page.goto(visit)
    page.wait_for_url("**/sign-in*")
    page.wait_for_function(f"async () => (await ({CACHES})()).length === 0")
    context.close()
