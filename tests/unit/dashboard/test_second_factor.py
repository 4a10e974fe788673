"""Codes, recovery codes and tickets at the door; the page on which they are set up."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from starlette.testclient import TestClient

from core import journal
from core.journal import Subject
from dashboard import accounts, roster, second_factor
from dashboard.access import Role
from dashboard.accounts import NewSession, Refused
from dashboard.app import create_app
from dashboard.door import TICKET_LASTS, Caller, CodeNeeded, Door
from dashboard.second_factor import STEP
from dashboard.tries import FREE_TRIES
from tests.support.dashboards import PASSWORD, SECRET, TEST, Dashboards

HERE = Caller("192.0.2.1")
NAME = "dispatcher"


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


@pytest.fixture
def door(hub: Dashboards) -> Door:
    return Door(hub.database, hub.clock, SECRET)


def enrol(hub: Dashboards, door: Door) -> tuple[pyotp.TOTP, list[str]]:
    account = hub.database.read(lambda c: accounts.account_by_name(c, NAME))
    who = {"account_id": account.id, "name": NAME}
    made = hub.database.write(
        lambda c: second_factor.begin(c, door.seal, now=hub.clock.now(), **who)  # type: ignore[arg-type]
    )
    totp = pyotp.TOTP(made.secret)
    code = totp.at(hub.clock.now())
    codes = hub.database.write(
        lambda c: second_factor.confirm(
            c,
            door.seal,
            account_id=account.id,
            name=NAME,
            code=code,
            now=hub.clock.now(),
            actor=TEST,
        )
    )
    assert codes is not None
    hub.clock.advance(STEP)
    return totp, codes


def ticket(door: Door) -> str:
    needed = door.sign_in(HERE, name=NAME, password=PASSWORD)
    assert isinstance(needed, CodeNeeded)
    return needed.ticket


def test_a_code_opens_once_and_the_same_is_refused_again(hub: Dashboards, door: Door) -> None:
    totp, _ = enrol(hub, door)
    held, code = ticket(door), totp.at(hub.clock.now())
    assert isinstance(door.second_step(HERE, ticket=held, code=code), NewSession)
    assert door.second_step(HERE, ticket=held, code=code) == Refused("wrong_code")


@pytest.mark.parametrize(
    ("steps", "opens"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_clocks_may_drift_by_one_step(
    hub: Dashboards, door: Door, steps: int, *, opens: bool
) -> None:
    totp, _ = enrol(hub, door)
    hub.clock.advance(5 * STEP)
    code = totp.at(hub.clock.now() + steps * STEP)
    done = door.second_step(HERE, ticket=ticket(door), code=code)
    assert isinstance(done, NewSession) is opens


def test_a_recovery_code_opens_once_and_is_journalled(hub: Dashboards, door: Door) -> None:
    _, codes = enrol(hub, door)
    held = ticket(door)
    spaced = f"{codes[0][:5]} {codes[0][5:].upper()}"
    assert isinstance(door.second_step(HERE, ticket=held, code=spaced), NewSession)
    assert door.second_step(HERE, ticket=held, code=codes[0]) == Refused("wrong_code")
    chain = hub.database.read(lambda c: journal.history(c, Subject("account", NAME)))
    used = [each for each in chain if each.entry.verb == "recovery_code_used"]
    assert [each.entry.facts for each in used] == [{"left": second_factor.RECOVERY_CODES - 1}]


def test_codes_cannot_be_guessed_and_a_ticket_grows_old(hub: Dashboards, door: Door) -> None:
    totp, _ = enrol(hub, door)
    held = ticket(door)
    told = [door.second_step(HERE, ticket=held, code="000000") for _ in range(FREE_TRIES + 2)]
    assert [each.reason for each in told if isinstance(each, Refused)][-1] == "locked"
    hub.clock.advance(timedelta(minutes=1))
    other = Door(hub.database, hub.clock, SECRET)  # another process counts the same
    for caller in (HERE, Caller("192.0.2.77")):
        other.second_step(caller, ticket=held, code="000000")
    assert isinstance(other.second_step(HERE, ticket=held, code="000000"), Refused)
    hub.clock.advance(TICKET_LASTS)
    code = totp.at(hub.clock.now())
    assert door.second_step(HERE, ticket=held, code=code) == Refused("over")
    assert door.second_step(HERE, ticket=held + "0", code=code) == Refused("over")
    assert door.second_step(HERE, ticket="nothing", code=code) == Refused("over")


def test_the_secret_lies_sealed_and_a_reset_asks_for_none(hub: Dashboards, door: Door) -> None:
    totp, codes = enrol(hub, door)
    kept = (hub.folder / "hub.db").read_bytes() + (hub.folder / "hub.db-wal").read_bytes()
    assert totp.secret.encode() not in kept
    assert codes[0].encode() not in kept
    gone = hub.database.write(
        lambda c: roster.remove_second_factor(
            c, name=NAME, reason="示例", now=hub.clock.now(), actor=TEST
        )
    )
    assert gone
    assert isinstance(door.sign_in(HERE, name=NAME, password=PASSWORD), NewSession)


def secret_on(page: str) -> str:
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert found is not None
    return found[1]


def test_a_role_that_needs_one_sets_it_up_before_anything_else(hub: Dashboards) -> None:
    strict = replace(hub.context("staff"), second_factor_for=frozenset({Role.DISPATCHER}))
    client = TestClient(
        create_app(strict),
        headers={"Accept": "text/html", "Accept-Language": "en"},
        follow_redirects=False,
    )
    csrf = {"csrf": hub.sign_in(client, Role.DISPATCHER)}
    assert client.get("/lifts").headers["location"] == "/account"
    assert "needs a second factor" in client.get("/account").text
    begun = client.post("/account/second-factor/begin", data=csrf).text
    totp = pyotp.TOTP(secret_on(begun))
    wrong = client.post("/account/second-factor/confirm", data={**csrf, "code": "000000"})
    assert wrong.status_code == 422
    code = totp.at(hub.clock.now())
    done = client.post("/account/second-factor/confirm", data={**csrf, "code": code})
    assert "recovery codes" in done.text
    assert client.get("/lifts").status_code == 200
    hub.clock.advance(STEP)
    stranger = TestClient(client.app, headers={"Accept": "text/html"}, follow_redirects=False)
    asked = stranger.post("/sign-in", data={"name": NAME, "password": PASSWORD, "next": "/lifts"})
    held = re.search(r'name="ticket" value="([^"]+)"', asked.text)
    assert held is not None
    answer = stranger.post(
        "/sign-in/code",
        data={"ticket": held[1], "code": totp.at(hub.clock.now()), "next": "/lifts"},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/lifts")
    assert stranger.get("/lifts").status_code == 200


def test_own_sessions_and_tokens_are_listed_and_ended(hub: Dashboards) -> None:
    client = TestClient(
        create_app(hub.context("staff")),
        headers={"Accept": "text/html", "Accept-Language": "en", "User-Agent": "sample browser"},
        follow_redirects=False,
    )
    csrf = {"csrf": hub.sign_in(client, Role.DISPATCHER)}
    elsewhere = TestClient(client.app, follow_redirects=False)
    hub.sign_in(elsewhere, Role.DISPATCHER)
    handle = re.search(
        r'name="handle" value="(\w+)"><button class="quiet">Sign out', client.get("/account").text
    )
    assert handle is not None
    other = TestClient(client.app, follow_redirects=False)
    foreign = {"csrf": hub.sign_in(other, Role.STATION), "handle": handle[1]}
    assert other.post("/account/sessions/end", data=foreign).status_code == 404
    assert elsewhere.get("/api/v1/lifts").status_code == 200
    client.post("/account/sessions/end", data={**csrf, "handle": handle[1]})
    assert elsewhere.get("/api/v1/lifts").status_code == 401
    made = client.post(
        "/account/tokens", data={**csrf, "name": "program", "only_for": "read", "days": "30"}
    )
    token = re.search(r"shown only now: <code>([^<]+)</code>", made.text)
    assert token is not None
    program = TestClient(client.app, headers={"Authorization": f"Bearer {token[1]}"})
    assert program.get("/api/v1/lifts").status_code == 200
    assert program.post("/api/v1/incidents", json={"place": "示例"}).status_code == 403
    twice = client.post("/account/tokens", data={**csrf, "name": "program", "days": "30"})
    assert twice.status_code == 422
    page = client.get("/account").text
    assert "not used yet</td>" in page  # the one that nobody used
    hub.clock.advance(timedelta(days=30))
    assert program.get("/api/v1/lifts").status_code == 401
