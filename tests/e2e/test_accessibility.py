"""Every page can be read and used by everybody: in both languages, on a desk and on a phone.

One browser looks at each page once in each language and at both widths: axe finds nothing serious,
nothing must be scrolled sideways, nothing is logged as wrong, targets suit a thumb; and in the dark
theme every word keeps its contrast.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize

from dashboard import accounts
from dashboard.access import Role
from dashboard.i18n import COOKIE
from tests.support.dashboards import PASSWORD
from tests.support.maintenance_pages import filled
from tests.support.served_pages import ServedPages, served_pages

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

Where = Callable[[ServedPages], str]
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# What the width can change; the rest of the rules judge the same document twice.
LAYOUT = ("scrollable-region-focusable", "target-size", "link-in-text-block")
CONTRAST = ("color-contrast",)
GRAVE = frozenset({"serious", "critical"})
ERRORS = ("404", "403", "401", "422")  # the pages about errors are logged by the browser as such

STAFF: dict[str, Where] = {
    "board": lambda _: "/",
    "incident running": lambda s: f"/incidents/{s.running}",
    "incident closed": lambda s: f"/incidents/{s.closed}",
    "intake": lambda s: f"/incidents/new?lift={s.dashboards.lift.rescue_code}",
    "lifts": lambda _: "/lifts",
    "lifts none": lambda _: "/lifts?q=nothing-like-it",
    "lift": lambda s: f"/lifts/{s.dashboards.lift.rescue_code}",
    "kitchens": lambda _: "/kitchens",
    "kitchen": lambda _: "/kitchens/K0001",
    "quarantine": lambda _: "/quarantine",
    "alarms": lambda _: "/alarms?state=all",
    "health": lambda _: "/health",
    "password": lambda _: "/password",
    "styleguide": lambda _: "/styleguide",
    "not found": lambda _: "/lifts/999999",
    "no such page": lambda _: "/nowhere",
}
CREW: dict[str, Where] = {
    "crew board": lambda _: "/",
    "crew incident": lambda s: f"/incidents/{s.running}",
    "forbidden": lambda _: "/health",
}
NOBODY: dict[str, Where] = {
    "sign-in": lambda _: "/sign-in",
    "nothing before sign-in": lambda _: "/nowhere",
}
PUBLIC: dict[str, Where] = {
    "start": lambda _: "/",
    "found": lambda _: "/?q=示例",
    "public lift": lambda s: f"/l/{s.dashboards.lift.rescue_code}",
    "report": lambda s: f"/l/{s.dashboards.lift.rescue_code}/report?kind=trapped",
    "public kitchens": lambda _: "/kitchens",
    "public kitchen": lambda _: "/k/K0001",
    "public not found": lambda _: "/l/999999",
}
MAINTENANCE: dict[str, Where] = {}  # told by what was filled in
# A target is what a finger hits: the box itself, or the label around a small box.
SMALL = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter((e) => !e.matches('[type=hidden], .skip, label *') && e.getClientRects().length)
  .filter((e) => !(e.matches('a') && getComputedStyle(e).display === 'inline'))
  .filter((e) => e.getBoundingClientRect().height < 47.5)
  .map((e) => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 30)}`)"""
JUDGE = """async (options) => (await axe.run(document, options)).violations.map((v) =>
  ({ id: v.id, impact: v.impact, where: v.nodes.map((n) => n.target.join(' ')).join(', ') }))"""
TINY = """() => [...document.querySelectorAll('input, select, textarea')]
  .filter((e) => parseFloat(getComputedStyle(e).fontSize) < 16).map((e) => e.name)"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPages]:
    folder: Path = tmp_path_factory.mktemp("pages")
    with served_pages(folder) as pages:
        yield pages


@pytest.fixture(scope="module")
def maintained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPages]:
    folder: Path = tmp_path_factory.mktemp("maintained")
    with served_pages(folder) as pages:
        MAINTENANCE.update(
            {name: lambda _, at=at: at for name, at in filled(pages.dashboards).items()}  # type: ignore[misc]
        )
        yield pages


def opened(browser: Browser, address: str, locale: str) -> BrowserContext:
    context = browser.new_context(
        viewport=DESK, locale="zh-CN" if locale == "zh" else "en-GB", reduced_motion="reduce"
    )
    context.add_init_script(Axe().axe_script)
    context.add_cookies([{"name": COOKIE, "value": locale, "url": address}])
    return context


def signed_in(context: BrowserContext, served: ServedPages, role: Role) -> None:
    pages = served.dashboards
    begun = accounts.sign_in(pages.database, pages.clock, name=role.value, password=PASSWORD)
    assert isinstance(begun, accounts.NewSession)
    context.add_cookies(
        [{"name": "hub_session", "value": begun.token, "url": served.staff, "httpOnly": True}]
    )


def grave(page: Page, *only: str) -> list[str]:
    """What axe finds serious or critical, with the places; by the rules `only` where told."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if only:
        options["runOnly"] = {"type": "rule", "values": list(only)}
    found: list[dict[str, str]] = page.evaluate(JUDGE, options)
    return [f"{each['id']}: {each['where']}" for each in found if each["impact"] in GRAVE]


def amiss(page: Page, address: str) -> list[str]:
    """Everything that is wrong with one page, at every width and in both themes."""
    logged: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        expected = (
            said.text.startswith("Failed to load resource")
            and said.location["url"] == page.url
            and any(f"status of {each}" in said.text for each in ERRORS)
        )
        if said.type in {"error", "warning"} and not expected:
            logged.append(f"console: {said.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: logged.append(f"error: {error}"))
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")
    page.goto(address)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    page.remove_listener("console", hear)  # axe itself tries styles that our policy forbids
    wrong = [f"desk {each}" for each in grave(page)]
    chinese = page.locator("html[lang^=zh]").count() > 0
    if chinese:  # colours know no language: the dark theme is judged in one, the phone's in another
        page.emulate_media(color_scheme="dark")
        wrong += [f"dark {each}" for each in grave(page, *CONTRAST)]
        page.emulate_media(color_scheme="light")
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        if wide > size["width"]:
            wrong.append(f"{wide} px wide at {size['width']}")
    wrong += [f"phone {each}" for each in grave(page, *LAYOUT, *(() if chinese else CONTRAST))]
    wrong += [f"small target: {each}" for each in page.evaluate(SMALL)]
    wrong += [f"small print: {each}" for each in page.evaluate(TINY)]
    return wrong + logged


def judged(page: Page, base: str, wheres: dict[str, Where], served: ServedPages) -> list[str]:
    return [
        f"{name}: {wrong}"
        for name, where in wheres.items()
        for wrong in amiss(page, base + where(served))
    ]


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_staff_pages_are_for_everybody(browser: Browser, served: ServedPages, locale: str) -> None:
    context = opened(browser, served.staff, locale)
    page = context.new_page()
    wrong = judged(page, served.staff, NOBODY, served)
    signed_in(context, served, Role.ADMINISTRATOR)
    wrong += judged(page, served.staff, STAFF, served)
    signed_in(context, served, Role.FIRM_ADMIN)
    wrong += judged(page, served.staff, CREW, served)
    context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_maintenance_pages_are_for_everybody(
    browser: Browser, maintained: ServedPages, locale: str
) -> None:
    context = opened(browser, maintained.staff, locale)
    signed_in(context, maintained, Role.ADMINISTRATOR)
    page = context.new_page()
    wrong = judged(page, maintained.staff, MAINTENANCE, maintained)
    context.close()
    assert not wrong, "\n".join(wrong)


HEAD = """() => { const bar = document.querySelector('header.bar');
  const first = bar.querySelector('.brand').getBoundingClientRect();
  return [...bar.querySelectorAll('.bar-end > *')].filter((e) => e.getClientRects().length)
    .filter((e) => e.getBoundingClientRect().top > first.bottom).map((e) => e.textContent.trim());
}"""


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_head_stays_in_one_line_where_it_says_live(
    browser: Browser, served: ServedPages, locale: str
) -> None:
    context = opened(browser, served.staff, locale)
    signed_in(context, served, Role.ADMINISTRATOR)
    page = context.new_page()
    wrong = {}
    for width in (1440, 1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(served.staff)
        page.wait_for_selector("[data-link][data-state=live]", timeout=20_000)
        if below := page.evaluate(HEAD):
            wrong[width] = below
    context.close()
    assert wrong == {}


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_public_pages_are_for_everybody(browser: Browser, served: ServedPages, locale: str) -> None:
    context = opened(browser, served.public, locale)
    page = context.new_page()
    wrong = judged(page, served.public, PUBLIC, served)
    page.goto(f"{served.public}/l/{served.dashboards.lift.rescue_code}/report?kind=trapped")
    page.fill("input[name=phone]", "none")
    page.click("main form button.primary")
    if found := grave(page):
        wrong.append(f"report refused: {found}")
    page.fill("input[name=phone]", "000-0003")
    page.click("main form button.primary")
    page.wait_for_url("**/report/*")
    address = page.url.removeprefix(served.public)
    wrong += judged(page, served.public, {"progress": lambda _: address}, served)
    context.close()
    assert not wrong, "\n".join(wrong)


def test_a_mended_error_leads_to_its_field(browser: Browser, served: ServedPages) -> None:
    context = opened(browser, served.staff, "en")
    signed_in(context, served, Role.DISPATCHER)
    page = context.new_page()
    page.goto(f"{served.staff}/incidents/new")
    page.fill("[name=note]", "kept")
    page.click("main form button.primary")
    page.click("[role=alert] a")
    assert page.evaluate("() => document.activeElement.name") == "lift_code"
    assert page.input_value("[name=note]") == "kept"
    assert not grave(page)
    context.close()


def test_the_judge_finds_what_is_wrong(browser: Browser, served: ServedPages) -> None:
    context = opened(browser, served.public, "en")
    page = context.new_page()
    page.goto(f"{served.public}/kitchens")
    page.evaluate("() => document.querySelector('main').append(document.createElement('img'))")
    assert grave(page) == ["image-alt: #main > img"]
    context.close()
