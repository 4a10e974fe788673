"""Signing in at a provider over a real socket: one that behaves, and one that does not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from pydantic import ValidationError
from sqlalchemy import update
from starlette.testclient import TestClient

from core import journal
from core.journal import Subject
from dashboard import tables
from dashboard.access import Role
from dashboard.accounts import account_by_name
from dashboard.app import create_app
from dashboard.scope import Scope
from dashboard.sign_on import Provider
from hub.sign_in_settings import SignOn
from simulators.sign_on import Misbehaviour, SignOnProvider, running
from tests.support.dashboards import Dashboards
from tests.support.ports import free_port


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


@pytest.fixture
def provider(hub: Dashboards) -> Iterator[SignOnProvider]:
    who: dict[str, object] = {"preferred_username": "dispatcher", "name": "示例"}
    with running(SignOnProvider(hub.clock, free_port(), who=who)) as made:
        yield made


def browser(hub: Dashboards, provider: SignOnProvider, **more: object) -> TestClient:
    trusted = Provider(
        issuer=provider.issuer,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
    )
    context = replace(hub.context("staff"), sign_on=replace(trusted, **more))  # type: ignore[arg-type]
    return TestClient(
        create_app(context),
        headers={"Accept": "text/html", "Accept-Language": "en"},
        follow_redirects=False,
    )


def sent_back(client: TestClient, wanted: str = "/lifts") -> str:
    """Go to the provider and answer where it sends the browser back to."""
    leaving = client.get("/sign-on", params={"next": wanted})
    assert leaving.status_code == 303, leaving.text
    return httpx2.get(leaving.headers["location"]).headers["location"]


def words(page: str) -> str:
    return page.split('role="alert">')[1].split("</p>", maxsplit=1)[0].strip()


def test_who_the_provider_vouches_for_is_signed_in_and_signed_out(
    hub: Dashboards, provider: SignOnProvider
) -> None:
    client = browser(hub, provider, label="Sample login")
    assert "Sign in with Sample login" in client.get("/sign-in").text
    arrived = client.get(sent_back(client))
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/lifts")
    account = client.get("/account")
    assert account.status_code == 200
    entries = hub.database.read(lambda c: journal.history(c, Subject("account", "dispatcher")))
    assert (entries[-1].entry.verb, entries[-1].entry.facts["by"]) == ("signed_in", "sign-on")
    csrf = account.text.split('name="csrf" content="')[1].split('"')[0]
    out = client.post("/sign-out", data={"csrf": csrf})
    assert out.headers["location"] == "/sign-in?out=1"
    assert "/sign-on/end" in client.get("/sign-in?out=1").text
    ending = client.get("/sign-on/end").headers["location"]
    assert httpx2.get(ending).headers["location"] == "http://testserver/sign-in"
    assert client.get("/account").status_code == 303


@pytest.mark.parametrize(
    "odd", [each for each in Misbehaviour if each not in {Misbehaviour.NONE, Misbehaviour.BROKEN}]
)
def test_an_answer_that_does_not_hold_lets_nobody_in(
    hub: Dashboards, provider: SignOnProvider, odd: Misbehaviour
) -> None:
    client = browser(hub, provider)
    if odd is Misbehaviour.ANOTHER_NAME:
        provider.misbehaves = odd
        refused = client.get("/sign-on")
    else:
        back = sent_back(client)
        provider.misbehaves = odd
        hub.clock.advance(timedelta(minutes=1))  # so that its keys are asked for again
        refused = client.get(back)
    assert refused.status_code == 401
    assert "could not be trusted" in words(refused.text)
    assert client.get("/account").status_code == 303


def test_a_provider_that_is_broken_or_away_is_told_so(
    hub: Dashboards, provider: SignOnProvider
) -> None:
    client = browser(hub, provider)
    provider.misbehaves = Misbehaviour.BROKEN
    assert "does not answer" in words(client.get("/sign-on").text)
    nowhere = browser(hub, SignOnProvider(hub.clock, free_port(), key=provider.key))
    assert "does not answer" in words(nowhere.get("/sign-on").text)


def test_an_answer_is_taken_once_in_time_and_by_the_browser_that_asked(
    hub: Dashboards, provider: SignOnProvider
) -> None:
    client, other = browser(hub, provider), browser(hub, provider)
    back = sent_back(client)
    assert other.get(back).status_code == 401  # it never set out
    sent_back(other)
    assert other.get(back).status_code == 401  # it asked another question
    assert client.get(back.replace("state=", "state=x")).status_code == 401
    back = sent_back(client)
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 401
    back = sent_back(client)
    hub.clock.advance(timedelta(minutes=11))
    assert "took too long" in words(client.get(back).text)


def test_another_issuer_in_the_address_is_refused(
    hub: Dashboards, provider: SignOnProvider
) -> None:
    client = browser(hub, provider)
    url = httpx2.URL(sent_back(client)).copy_set_param("iss", "https://elsewhere.example")
    assert "could not be trusted" in words(client.get(str(url)).text)


def test_who_turned_back_at_the_provider_is_told_so(
    hub: Dashboards, provider: SignOnProvider
) -> None:
    client = browser(hub, provider)
    provider.refuses = "access_denied"
    assert "did not sign in at the provider" in words(client.get(sent_back(client)).text)


def test_a_key_that_the_provider_changed_is_asked_for(
    hub: Dashboards, provider: SignOnProvider
) -> None:
    client = browser(hub, provider)
    assert client.get(sent_back(client)).status_code == 303
    provider.change_key()
    hub.clock.advance(timedelta(minutes=1))
    again = browser(hub, provider)
    again.app.state.sign_on = client.app.state.sign_on  # type: ignore[attr-defined]
    assert again.get(sent_back(again)).status_code == 303


def test_a_name_that_nobody_has_or_that_is_closed_is_not_let_in(
    hub: Dashboards, provider: SignOnProvider
) -> None:
    change = update(tables.account).where(tables.account.c.name == "dispatcher")
    closed = change.values(disabled_at=hub.clock.now())
    hub.database.write(lambda c: c.execute(closed).rowcount)
    for name, more in (
        ("nobody", {}),
        ("dispatcher", {}),
        ("dispatcher", {"role": Role.DISPATCHER}),
        ("two words", {"role": Role.DISPATCHER}),
    ):
        provider.who["preferred_username"] = name
        client = browser(hub, provider, **more)
        assert "no open account" in words(client.get(sent_back(client)).text)


def test_an_account_is_made_only_where_the_settings_name_its_role(
    hub: Dashboards, provider: SignOnProvider
) -> None:
    provider.who["preferred_username"] = "newcomer"
    client = browser(hub, provider, role=Role.CITY_SUPERVISOR, area="410100")
    assert client.get(sent_back(client)).status_code == 303
    made = hub.database.read(lambda c: account_by_name(c, "newcomer"))
    assert (made.role, made.scope) == (Role.CITY_SUPERVISOR, Scope("410100"))
    assert client.get("/account").status_code == 200


def test_an_address_names_nobody_before_it_is_verified(
    hub: Dashboards, provider: SignOnProvider
) -> None:
    provider.who["email"] = "dispatcher"
    for verified, status in ((None, 401), ("true", 401), (True, 303)):
        provider.who["email_verified"] = verified
        client = browser(hub, provider, claim="email")
        assert client.get(sent_back(client)).status_code == status


def test_no_redirect_leads_elsewhere(hub: Dashboards, provider: SignOnProvider) -> None:
    client = browser(hub, provider)
    back = sent_back(client, wanted="https://elsewhere.example/")
    assert client.get(back).headers["location"] == "/"


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "http://elsewhere.example", "client_id": "hub"},
        {"issuer": "https://elsewhere.example"},
        {"issuer": "https://elsewhere.example", "client_id": "hub", "role": "king"},
        {"issuer": "https://elsewhere.example", "client_id": "hub", "role": "administrator"},
        {"issuer": "https://elsewhere.example", "client_id": "hub", "role": "technician"},
        {"issuer": "https://elsewhere.example", "client_id": "hub", "role": "city_supervisor"},
    ],
    ids=str,
)
def test_settings_that_would_trust_too_much_are_refused(told: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SignOn.model_validate(told)
