"""What went wrong is told in the reader's language, with the next step, in the reader's frame."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboard.access import Role
from dashboard.app import create_app
from dashboard.i18n import COOKIE
from tests.support.dashboards import Dashboards


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


def browser(hub: Dashboards, surface: str, accept: str) -> TestClient:
    headers = {"Accept": "text/html", "Accept-Language": accept}
    return TestClient(create_app(hub.context(surface)), headers=headers)


@pytest.mark.parametrize("surface", ["staff", "public"])
@pytest.mark.parametrize(
    ("accept", "lang", "words"),
    [("en-GB,en", "en", "There is nothing here"), ("zh-CN,zh", "zh-CN", "这里没有内容")],
)
def test_before_sign_in_the_browser_says_which_language(
    hub: Dashboards, surface: str, accept: str, lang: str, words: str
) -> None:
    answer = browser(hub, surface, accept).get("/nowhere")
    assert answer.status_code == 404
    assert f'<html lang="{lang}">' in answer.text
    assert words in answer.text
    assert "Not Found" not in answer.text


def test_the_language_that_was_chosen_goes_before_the_browsers(hub: Dashboards) -> None:
    client = browser(hub, "staff", "zh-CN")
    client.cookies.set(COOKIE, "en")
    assert '<html lang="en">' in client.get("/nowhere").text


def test_who_is_signed_in_keeps_the_way_on(hub: Dashboards) -> None:
    client = browser(hub, "staff", "en")
    hub.sign_in(client, Role.DISPATCHER)
    page = client.get("/nowhere").text
    assert 'href="/lifts"' in page
    assert "/sign-out" in page


def test_what_a_role_may_not_do_is_said_with_whom_to_ask(hub: Dashboards) -> None:
    client = browser(hub, "staff", "en")
    hub.sign_in(client, Role.FIRM_ADMIN)
    answer = client.get("/health")
    assert answer.status_code == 403
    assert "Ask an administrator" in answer.text


def test_the_public_is_told_whom_to_call(hub: Dashboards) -> None:
    answer = browser(hub, "public", "en").get("/l/999999")
    assert answer.status_code == 404
    assert 'href="tel:96333"' in answer.text
    assert "no lift" not in answer.text


def test_a_form_that_is_too_long_is_told_on_a_page(hub: Dashboards) -> None:
    client = browser(hub, "staff", "en")
    form = {"name": "x" * 300_000, "password": "示例"}
    answer = client.post("/sign-in", data=form, headers={"Origin": "http://testserver"})
    assert answer.status_code == 413
    assert '<html lang="en">' in answer.text
