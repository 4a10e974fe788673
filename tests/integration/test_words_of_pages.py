"""A Chinese page speaks Chinese: no English sentence stands on any page, wrong turns included."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from dashboard import accounts
from dashboard.access import Role
from tests.support.dashboards import PASSWORD
from tests.support.served_pages import ServedPages, served_pages

# Not read as words: scripts and styles, keys, codes, addresses, and what another language is
# called in itself.
SILENT = re.compile(
    r"<(script|style|kbd|code|svg)\b.*?</\1>|<(\w+)[^>]* lang=\"en\".*?</\2>", re.DOTALL
)
TAG = re.compile(r"<[^>]*>")
SENTENCE = re.compile(r"[A-Za-z]{2,}(?:[ '’-]+[A-Za-z]{2,})+|\b(?:inferred|trapped)\b")
# Names of things, and the sample names of the accounts of these tests.
NAMES = ("Asia/Shanghai", "Ctrl K", "Ctrl Enter", "hub doctor", "hub backup")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPages]:
    with served_pages(tmp_path_factory.mktemp("words")) as pages:
        yield pages


def english(text: str) -> list[str]:
    """The English sentences that a reader of a page sees."""
    seen = TAG.sub(" \n ", SILENT.sub(" ", text))
    for name in NAMES:
        seen = seen.replace(name, "")
    return [found.group() for found in SENTENCE.finditer(seen)]


@contextmanager
def reader(served: ServedPages, role: Role | None) -> Iterator[tuple[httpx2.Client, str]]:
    """A browser that asks for Chinese, and the proof that its forms carry."""
    pages = served.dashboards
    with httpx2.Client(
        base_url=served.staff if role else served.public,
        headers={"Accept": "text/html", "Accept-Language": "zh-CN"},
        trust_env=False,
        timeout=30,
    ) as client:
        if role is None:
            yield client, ""
            return
        begun = accounts.sign_in(pages.database, pages.clock, name=role.value, password=PASSWORD)
        assert isinstance(begun, accounts.NewSession)
        client.cookies.set("hub_session", begun.token)
        signed = accounts.signed_by_session(pages.database, begun.token, now=pages.clock.now())
        assert signed is not None
        yield client, signed.csrf or ""


def test_no_staff_page_speaks_english(served: ServedPages) -> None:
    with reader(served, Role.ADMINISTRATOR) as (client, csrf):
        wrong = _staff(served, client, csrf)
    assert wrong == {}


def _staff(served: ServedPages, client: httpx2.Client, csrf: str) -> dict[str, list[str]]:
    """What English stands where, on pages and in the answers to forms."""
    lift = served.dashboards.lift.rescue_code
    addresses = [
        "/",
        "/?state=all&q=nothing",
        "/alarms",
        f"/incidents/{served.running}",
        f"/incidents/{served.closed}",
        "/incidents/new",
        f"/fragments/lift-card?lift_code={lift}",
        "/fragments/lift-card?lift_code=999999",
        "/fragments/palette",
        "/lifts",
        f"/lifts/{lift}",
        "/lifts/999999",
        "/lifts?q=nothing",
        "/kitchens",
        "/kitchens/K0001",
        "/kitchens/nothing",
        "/quarantine",
        "/quarantine?offset=-1",
        "/health",
        "/password",
        "/incidents/nothing",
        "/nowhere",
        "/incidents?offset=x",
        "/assignments/x/do/accept",
    ]
    wrong = {each: found for each in addresses if (found := english(client.get(each).text))}
    sent: dict[str, list[dict[str, str]]] = {
        "/incidents/new": [
            {},
            {"lift_code": "999999"},
            {"lift_code": "12"},
            {"place": "示例", "people": "many"},
            {"place": "示例", "floor": "1000"},
            {"place": "示例", "reporter_phone": "1" * 40},
            {"place": "示例", "kind": "party"},
        ],
        f"/incidents/{served.running}/do/level": [{"level": "9"}, {"level": "2", "version": "77"}],
        f"/incidents/{served.running}/do/located": [{"lift_code": "999999"}, {"lift_code": "x"}],
        f"/incidents/{served.running}/do/confirm": [{}],
        f"/incidents/{served.running}/do/note": [{}],
        f"/incidents/{served.running}/do/dance": [{}],
        f"/incidents/{served.closed}/do/freed": [{}],
        "/assignments/1/do/arrive": [{"proof": "magic"}, {}],
        "/assignments/999/do/accept": [{}],
        "/password": [{"old": "x", "new": "y", "again": "z"}, {}],
        "/language": [{"locale": "xx"}],
    }
    for address, forms in sent.items():
        for form in forms:
            answer = client.post(address, data={"csrf": csrf, **form})
            if found := english(answer.text):
                wrong[f"{address} {form}"] = found
    unproved = client.post("/incidents/new", data={"place": "示例"})
    if found := english(unproved.text):
        wrong["no proof"] = found
    return wrong


@pytest.mark.parametrize("role", [Role.FIRM_ADMIN, Role.STATION, Role.PROVINCE_SUPERVISOR])
def test_what_a_role_may_not_do_is_said_in_chinese(served: ServedPages, role: Role) -> None:
    with reader(served, role) as (client, _):
        for address in (
            "/",
            f"/incidents/{served.running}",
            "/incidents/new",
            "/health",
            "/alarms",
        ):
            assert english(client.get(address).text) == [], address


def test_no_public_page_speaks_english(served: ServedPages) -> None:
    with reader(served, None) as (client, _):
        wrong = _public(served, client)
    assert wrong == {}


def _public(served: ServedPages, client: httpx2.Client) -> dict[str, list[str]]:
    lift = served.dashboards.lift.rescue_code
    wrong = {}
    for address in (
        "/",
        "/?q=nothing",
        f"/l/{lift}",
        "/l/999999",
        f"/l/{lift}/report?kind=trapped",
        "/l/999999/report",
        "/kitchens",
        "/k/K0001",
        "/k/nothing",
        "/r/nothing",
        "/nowhere",
        "/kitchens?offset=x",
    ):
        if found := english(client.get(address).text):
            wrong[address] = found
    report = f"/l/{lift}/report"
    for form in ({}, {"kind": "trapped", "people": "many"}, {"kind": "trapped", "phone": "abc"}):
        if found := english(client.post(report, data=form).text):
            wrong[f"{report} {form}"] = found
    told = client.post(report, data={"kind": "trapped", "people": "2"}, follow_redirects=True)
    if found := english(told.text):
        wrong["progress"] = found
    return wrong


def test_what_counts_as_english() -> None:
    assert english("<p>no lift 999999 has it</p>") == ["no lift", "has it"]
    assert english("<p>识别码 235274 K0001-1 GET</p><code>no json here</code>") == []
