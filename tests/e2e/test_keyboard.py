"""A dispatcher's seat without a mouse, and a board that does not move under the hand."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Connection

from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from devices import commands
from tests.support.dashboards import NOON, PASSWORD, TEST
from tests.support.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)

    def more(connection: Connection) -> None:
        for n in range(1, 4):
            lift = replace(
                served.lift,
                id=0,
                rescue_code=f"30000{n}",
                registration_code=f"3110410100202630000{n}",
                address=f"示例街 {n} 号",
            )
            commands.upsert_lift(connection, lift, NOON, TEST)

    served.database.write(more)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def page(browser: Browser, hub: Served) -> Iterator[Page]:
    """Signed in as the dispatcher, by keyboard."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on(
        "console",
        lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None,
    )
    opened.on("dialog", lambda dialog: dialog.accept())
    opened.goto(hub.url)
    opened.locator("input[name=name]").focus()
    opened.keyboard.type("dispatcher")
    opened.keyboard.press("Tab")
    opened.keyboard.type(PASSWORD)
    opened.keyboard.press("Enter")
    opened.wait_for_selector("#board")
    ready(opened)
    yield opened
    context.close()
    assert wrong == []


def take(hub: Served, code: str, key: str) -> str:
    def write(connection: Connection) -> str:
        lift = hub.lift if code == hub.lift.rescue_code else None
        intake = Intake(
            event_key=key,
            kind=Kind.TRAPPED,
            source=Source.FORM,
            lift=lift,
            lift_code=code,
            area="410100",
            place=f"示例地点 {code}",
        )
        now = hub.system.now()
        return open_incident(connection, intake, hub.staff.policies, now, TEST).incident_id

    return hub.database.write(write)


def now_at(page: Page, state: str) -> None:
    expect(page.locator(".steps li.now")).to_contain_text(state, timeout=30_000)
    ready(page)


def send(page: Page, key: str) -> None:
    """Press a key that sends a form, and wait for the page that answers."""
    with page.expect_navigation():
        page.keyboard.press(key)


def ready(page: Page) -> None:
    """Wait for the scripts; a person is slower than they are."""
    page.wait_for_selector("html[data-keys]")


def test_a_rescue_from_the_call_to_the_end_without_a_mouse(page: Page) -> None:
    press = page.keyboard.press
    press("n")
    page.wait_for_selector("#f-lift_code:focus")
    page.keyboard.type("235274")
    expect(page.locator("#lift-card")).to_contain_text("示例路 1 号")
    press("Enter")
    page.wait_for_url("**/incidents/2*")
    now_at(page, "已派单")
    for key, state in (("a", "已接单"), ("w", "前往途中"), ("v", "已到达")):
        send(page, key)
        now_at(page, state)
    press("f")  # asks first: everybody else is stood down
    expect(page.locator("details.act[open]")).to_contain_text("不能撤销")
    send(page, "Enter")
    now_at(page, "已解困")
    press("m")
    page.wait_for_selector("details[open] input[name=text]:focus")
    page.keyboard.type("示例备注 b x")  # letters in a field are letters
    press("Escape")
    expect(page.locator("details.act[open]")).to_have_count(0)
    send(page, "b")
    now_at(page, "已回访")
    press("c")
    page.wait_for_selector("details[open] select:focus")
    press("Tab")
    page.keyboard.type("示例原因")
    send(page, "Enter")
    now_at(page, "已报原因")
    send(page, "x")
    now_at(page, "已结案")
    press("g")
    press("b")
    page.wait_for_selector("#board")
    expect(page.locator("a.incident.ended")).to_contain_text("235274")


def test_every_page_is_two_keys_away_and_the_map_tells_them(page: Page) -> None:
    press = page.keyboard.press
    press("?")
    keys = page.locator("#keys[open]")
    expect(keys).to_contain_text("快捷键")
    expect(keys.locator("[data-keys-here]")).to_contain_text("新接警")
    press("Escape")
    expect(page.locator("#keys[open]")).to_have_count(0)
    for key, path in (("l", "/lifts"), ("k", "/kitchens"), ("h", "/health")):
        press("g")
        press(key)
        page.wait_for_url(f"**{path}")
        ready(page)
    press("g")
    press("l")
    page.wait_for_url("**/lifts")
    ready(page)
    press("/")
    page.wait_for_selector("input[type=search]:focus")
    page.keyboard.type("30000")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.wait_for_url("**/lifts?q=30000")
    page.keyboard.type("2")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_the_palette_reaches_a_lift_and_an_incident(page: Page, hub: Served) -> None:
    number = take(hub, "235274", "p1")
    press = page.keyboard.press
    press("Control+k")
    page.wait_for_selector("#palette[open] input:focus")
    expect(page.locator("#palette")).to_contain_text("示例地点 235274")
    page.keyboard.type(number)
    expect(page.locator("#palette a")).to_have_count(1)
    press("Enter")
    page.wait_for_url(f"**/incidents/{number}")
    ready(page)
    press("Control+k")
    page.wait_for_selector("#palette[open] input:focus")
    page.keyboard.type("300002")
    expect(page.locator("#palette a")).to_have_count(1)
    press("ArrowDown")
    press("Enter")
    page.wait_for_url("**/lifts/300002")


def codes(page: Page) -> list[str]:
    return page.locator("#board .queue .code").all_inner_texts()


def test_a_new_incident_announces_itself_and_moves_nothing_under_the_hand(
    page: Page, hub: Served
) -> None:
    take(hub, "300001", "m1")
    expect(page.locator("#board .queue .code")).to_have_text(["300001"])
    take(hub, "300002", "m2")
    expect(page.locator("#board .queue .code")).to_have_text(["300002", "300001"])
    page.mouse.move(400, 400)
    page.mouse.move(420, 420)
    take(hub, "300003", "m3")
    news = page.locator("[data-news]")
    expect(news).to_contain_text("300003", timeout=8_000)
    assert codes(page) == ["300002", "300001"]
    news.locator("[data-news-show]").press("Enter")
    expect(page.locator("#board .queue .code")).to_have_text(["300003", "300002", "300001"])
    expect(news).to_be_hidden()


def test_a_lost_connection_turns_the_frame_grey_and_says_since_when(
    page: Page, hub: Served
) -> None:
    state = page.locator("[data-link]")
    expect(state).to_have_text("实时")
    hub.stop()
    expect(page.locator("html.lost")).to_have_count(1, timeout=20_000)
    expect(state).to_contain_text("连接中断")
    assert state.inner_text().count(":") == 2
    take(hub, "300001", "l1")
    hub.start()
    expect(state).to_have_text("实时", timeout=30_000)
    expect(page.locator("html.lost")).to_have_count(0)
    expect(page.locator("#board .queue .code")).to_have_text(["300001"], timeout=20_000)


def test_who_is_signed_out_meanwhile_is_asked_to_sign_in(page: Page, hub: Served) -> None:
    page.goto(f"{hub.url}/lifts")
    ready(page)
    page.context.clear_cookies()
    page.keyboard.press("/")
    page.keyboard.type("2")
    page.wait_for_url("**/sign-in?next=*")


def test_a_board_whose_account_is_signed_out_asks_to_sign_in(page: Page, hub: Served) -> None:
    expect(page.locator("[data-link]")).to_have_text("实时")
    page.context.clear_cookies()
    take(hub, "300001", "s1")
    page.wait_for_url("**/sign-in?next=*", timeout=20_000)
