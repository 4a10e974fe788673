"""A seat hears what is new, and an incident's page stays true while somebody types in it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Connection

from alerts import queries
from alerts.actions import IncidentAction, act_on_assignment, act_on_incident
from alerts.assignment import AssignmentAction
from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from core.journal import Actor
from tests.support.dashboards import PASSWORD
from tests.support.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

OTHER_SEAT = Actor("account", "administrator")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path).start()
    yield served
    served.stop()


@pytest.fixture
def page(browser: Browser, hub: Served) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto(hub.url)
    opened.locator("input[name=name]").fill("dispatcher")
    opened.locator("input[name=password]").fill(PASSWORD)
    opened.keyboard.press("Enter")
    opened.wait_for_selector("#board")
    live(opened)
    yield opened
    context.close()
    assert wrong == []


def live(page: Page) -> None:
    page.wait_for_selector("html[data-keys]")
    expect(page.locator("[data-link]")).to_have_text("实时")


def live_free(page: Page) -> None:
    """A page without a stream: its scripts are there."""
    page.wait_for_selector("html[data-keys]")


def call(hub: Served, key: str, ago: timedelta = timedelta()) -> str:
    def write(connection: Connection) -> str:
        intake = Intake(event_key=key, kind=Kind.TRAPPED, source=Source.FORM, lift=hub.lift)
        now = hub.system.now() - ago
        return open_incident(connection, intake, hub.staff.policies, now, OTHER_SEAT).incident_id

    return hub.database.write(write)


def accept(hub: Served, incident: str) -> None:
    def write(connection: Connection) -> None:
        asked = queries.incident(connection, incident).assignments[0].id
        now = hub.system.now()
        act_on_assignment(connection, asked, AssignmentAction.ACCEPT, now, OTHER_SEAT)

    hub.database.write(write)


def note(connection: Connection, hub: Served, incident: str) -> None:
    now, text = hub.system.now(), "示例：又有变化"
    act_on_incident(connection, incident, IncidentAction.NOTE, now, OTHER_SEAT, text=text)


def opened(hub: Served, page: Page, incident: str) -> None:
    page.goto(f"{hub.url}/incidents/{incident}")
    live(page)


def now_at(page: Page, state: str) -> Locator:
    step = page.locator(".steps li.now")
    expect(step).to_contain_text(state, timeout=15_000)
    return step


def test_the_first_emergency_on_an_empty_board_is_heard(page: Page, hub: Served) -> None:
    sound = page.locator("[data-sound]")
    expect(page.locator("#board .queue")).to_have_count(0)
    sound.click()
    expect(sound).to_have_text("声音：开")
    expect(sound).to_have_attribute("data-last", "660")
    call(hub, "first")
    expect(page.locator("#board .queue .code")).to_have_text(["235274"])
    expect(sound).to_have_attribute("data-last", "880")
    expect(sound).to_have_attribute("data-count", "2")


def test_the_switch_stays_armed_on_the_next_page_and_what_stood_there_is_not_news(
    page: Page, hub: Served
) -> None:
    page.locator("[data-sound]").click()
    incident = call(hub, "first")
    opened(hub, page, incident)
    sound = page.locator("[data-sound]")
    expect(sound).to_have_attribute("aria-pressed", "true")
    page.goto(hub.url)
    live(page)
    accept(hub, incident)
    expect(page.locator("#board .queue")).to_contain_text("已接单", timeout=15_000)
    assert sound.get_attribute("data-count") is None
    sound.click()
    page.reload()
    expect(sound).to_have_attribute("aria-pressed", "false")


def test_a_deadline_that_passes_is_heard_once(page: Page, hub: Served) -> None:
    answer_due = hub.staff.policies.default.answer
    incident = call(hub, "late", ago=answer_due - timedelta(seconds=12))
    opened(hub, page, incident)
    sound = page.locator("[data-sound]")
    sound.click()
    expect(sound).to_have_attribute("data-count", "1")
    expect(page.locator("#headline [data-until]:not(.late)")).to_have_count(1)
    expect(sound).to_have_attribute("data-last", "440", timeout=20_000)
    expect(page.locator("#headline [data-until].late")).to_have_count(1)
    assert sound.get_attribute("data-count") == "2"


def test_the_page_goes_on_around_an_open_form_and_keeps_what_is_typed(
    page: Page, hub: Served
) -> None:
    incident = call(hub, "typing")
    opened(hub, page, incident)
    page.keyboard.press("m")
    field = page.locator("#do-note input[name=text]")
    expect(field).to_be_focused()
    page.keyboard.type("示例：正在")
    accept(hub, incident)
    now_at(page, "已接单")
    expect(page.locator(".timeline")).to_contain_text("接单")
    expect(field).to_be_focused()
    page.keyboard.type("核实")
    expect(field).to_have_value("示例：正在核实")
    page.keyboard.press("Enter")
    expect(page.locator(".timeline")).to_contain_text("示例：正在核实")


def test_a_form_whose_step_is_over_stays_and_says_so(page: Page, hub: Served) -> None:
    incident = call(hub, "over")
    opened(hub, page, incident)
    page.keyboard.press("s")
    page.keyboard.type("示例：已自行走出")
    hub.database.write(
        lambda c: act_on_incident(c, incident, IncidentAction.FREED, hub.system.now(), OTHER_SEAT)
    )
    now_at(page, "已解困")
    form = page.locator("#do-self-escaped")
    expect(form).to_contain_text("此操作已不适用")
    expect(form.locator("input[name=text]")).to_have_value("示例：已自行走出")
    expect(form.locator("input[name=text]")).to_be_focused()


def test_freed_asks_first_and_escape_takes_it_back(page: Page, hub: Served) -> None:
    incident = call(hub, "freed")
    opened(hub, page, incident)
    page.keyboard.press("e")
    form = page.locator("#do-freed")
    expect(form.locator("button")).to_be_focused()
    expect(form).to_contain_text("不能撤销")
    page.keyboard.press("Escape")
    expect(page.locator("details.act[open]")).to_have_count(0)
    now_at(page, "已派单")
    page.keyboard.press("e")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    now_at(page, "已解困")


def test_a_second_seat_is_told_in_words_what_the_first_did(page: Page, hub: Served) -> None:
    incident = call(hub, "two seats")
    opened(hub, page, incident)
    page.keyboard.press("2")
    page.keyboard.type("示例：需要增援")
    page.route("**/fragments/incident/**", lambda route: route.abort())  # it hears too late
    accept(hub, incident)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.unroute_all()
    told = page.locator("#told")
    expect(told).to_contain_text("页面显示之后情况已有变化")
    expect(told.locator("li")).to_have_text([re.compile("接单.*示例维保公司.*示例 administrator")])
    live(page)
    field = page.locator("#do-level-2 input[name=reason]")
    expect(field).to_have_value("示例：需要增援")
    hub.database.write(lambda c: note(c, hub, incident))
    expect(page.locator(".timeline")).to_contain_text("示例：又有变化", timeout=15_000)
    expect(field).to_have_value("示例：需要增援")
    field.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".headline")).to_contain_text("二级")
    page.goto(f"{hub.url}/incidents/{incident}/do/level")
    page.wait_for_url(f"**/incidents/{incident}")


def test_the_form_tells_of_a_running_incident_a_wrong_floor_and_lifts_at_a_place(
    page: Page, hub: Served
) -> None:
    incident = call(hub, "first")
    page.goto(f"{hub.url}/incidents/new")
    live_free(page)
    page.locator("#f-place").fill("示例路")
    pick = page.locator("#lift-picks [data-pick]")
    expect(pick).to_have_text([re.compile("235274.*示例路 1 号")])
    pick.press("Enter")
    expect(page.locator("#f-lift_code")).to_have_value("235274")
    card = page.locator("#lift-card")
    expect(card.locator(f'a[href="/incidents/{incident}"]')).to_contain_text("已派单")
    hint = page.locator("[data-hint]")
    page.locator("#f-floor").fill("40")
    expect(hint).to_contain_text("-1")
    expect(hint).to_contain_text("10")
    page.locator("#f-floor").fill("7")
    expect(hint).to_be_hidden()
    expect(page.locator("aside")).not_to_contain_text("已派出")


def test_steps_that_were_skipped_say_so(page: Page, hub: Served) -> None:
    incident = call(hub, "skipped")
    now = hub.system.now()
    hub.database.write(
        lambda c: act_on_incident(c, incident, IncidentAction.FREED, now, OTHER_SEAT)
    )
    opened(hub, page, incident)
    now_at(page, "已解困")
    expect(page.locator(".steps li.skipped")).to_have_count(3)
    expect(page.locator(".steps li.skipped").first).to_contain_text("跳过")
