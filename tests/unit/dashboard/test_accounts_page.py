"""The accounts page: whom one looks after, what is done, and what the journal says of it."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core import journal
from core.journal import Subject
from dashboard import accounts, second_factor
from dashboard.access import Role
from dashboard.app import create_app
from dashboard.scope import Scope
from dashboard.second_factor import Seal
from devices import commands
from devices.model import MaintenanceFirm
from tests.support.dashboards import NOON, PASSWORD, SECRET, TEST, Dashboards


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    made = Dashboards(tmp_path)

    def fill(connection: object) -> None:
        other = commands.upsert_firm(
            connection,  # type: ignore[arg-type]
            MaintenanceFirm(0, "F9", "外地维保公司", "000-0000"),
            NOON,
            TEST,
        )
        for name, role, firm in (
            ("colleague", Role.FIRM_ADMIN, made.lift.firm_id),
            ("stranger", Role.TECHNICIAN, other.id),
        ):
            accounts.create_account(
                connection,  # type: ignore[arg-type]
                name=name,
                display_name=f"示例 {name}",
                password_hash="!",
                role=role,
                scope=Scope(firm_id=firm),
                now=NOON,
                actor=TEST,
            )

    made.database.write(fill)
    return made


class Browser:
    """A signed-in browser that sends the proof with each form."""

    def __init__(self, hub: Dashboards, role: Role) -> None:
        self.client = TestClient(
            create_app(hub.context("staff")),
            headers={"Accept": "text/html", "Accept-Language": "en"},
        )
        self.csrf = hub.sign_in(self.client, role)

    def rows(self, query: str = "") -> str:
        return self.client.get(f"/accounts{query}").text.split('id="list"')[1]

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        answer = self.client.post(path, data={"csrf": self.csrf, **fields})
        return answer.status_code, answer.text


def shown(page: str) -> str:
    found = re.search(r'class="one-time"><code>([^<]+)<', page)
    assert found, page
    return found[1]


def told(hub: Dashboards, name: str) -> list[tuple[str, str, str]]:
    history = hub.database.read(lambda c: journal.history(c, Subject("account", name)))
    return [(each.entry.actor.id, each.entry.verb, each.entry.reason) for each in history]


def test_an_administrator_makes_an_account_and_sees_its_password_once(hub: Dashboards) -> None:
    browser = Browser(hub, Role.ADMINISTRATOR)
    status, page = browser.post(
        "/accounts/new", name="seat9", role="dispatcher", area="410100", firm="F9", reason="new"
    )
    assert status == 200
    password = shown(page)
    begun = accounts.sign_in(hub.database, hub.clock, name="seat9", password=password)
    assert isinstance(begun, accounts.NewSession)
    assert begun.account.must_change_password
    assert begun.account.scope == Scope("410100")
    assert password not in browser.client.get("/accounts/at/seat9").text
    assert ("administrator", "account_created", "new") in told(hub, "seat9")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": "two words", "role": "dispatcher"}, "name"),
        ({"name": "dispatcher", "role": "dispatcher"}, "name"),
        ({"name": "x", "role": "king"}, "role"),
        ({"name": "x", "role": "district_supervisor", "area": "410100"}, "area"),
        ({"name": "x", "role": "technician", "firm": "F404"}, "firm"),
        ({"name": "x", "role": "technician"}, "firm"),
        ({"name": "x", "role": "use_unit", "use_unit": "U404"}, "use_unit"),
        ({"name": "x", "role": "dispatcher", "reason": " "}, "reason"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_beside_its_field(
    hub: Dashboards, sent: dict[str, str], field: str
) -> None:
    status, page = Browser(hub, Role.ADMINISTRATOR).post(
        "/accounts/new", **{"reason": "kept words", **sent}
    )
    assert status == 422
    assert f'id="{field}-error"' in page
    assert f'value="{sent["name"]}"' in page


def test_a_firms_administrator_looks_after_the_own_people_alone(hub: Dashboards) -> None:
    browser = Browser(hub, Role.FIRM_ADMIN)
    rows = browser.rows()
    assert re.findall(r"/accounts/at/(\w+)", rows) == ["team_leader", "technician"]
    for name in ("stranger", "colleague", "administrator", "dispatcher", "firm_admin", "nobody"):
        assert browser.client.get(f"/accounts/at/{name}").status_code == 404
        for act in ("reset", "disable", "factor", "move"):
            status, _ = browser.post(f"/accounts/at/{name}/{act}", reason="x", role="technician")
            assert status == 404, (name, act)
    assert "stranger" not in browser.client.get("/accounts.csv").text
    status, page = browser.post("/accounts/at/technician/reset", reason="forgotten")
    assert status == 200
    assert isinstance(
        accounts.sign_in(hub.database, hub.clock, name="technician", password=shown(page)),
        accounts.NewSession,
    )
    assert ("firm_admin", "password_reset", "forgotten") in told(hub, "technician")


@pytest.mark.parametrize("role", ["firm_admin", "administrator", "dispatcher", "station"])
def test_a_firms_administrator_gives_no_role_but_its_peoples(hub: Dashboards, role: str) -> None:
    browser = Browser(hub, Role.FIRM_ADMIN)
    for path in ("/accounts/new", "/accounts/at/technician/move"):
        status, page = browser.post(path, name="x", role=role, firm="F9", reason="x")
        assert status == 422
        assert 'id="role-error"' in page
    found = hub.database.read(lambda c: accounts.account_by_name(c, "technician"))
    assert found.role is Role.TECHNICIAN


def test_who_a_firms_administrator_makes_is_of_the_own_firm_whatever_is_sent(
    hub: Dashboards,
) -> None:
    browser = Browser(hub, Role.FIRM_ADMIN)
    browser.post("/accounts/new", name="x", role="technician", firm="F9", area="4101", reason="x")
    browser.post("/accounts/at/technician/move", role="team_leader", firm="F9", reason="x")
    for name in ("x", "technician"):
        made = hub.database.read(lambda c, n=name: accounts.account_by_name(c, n))  # type: ignore[misc]
        assert made.scope == Scope(firm_id=hub.lift.firm_id)


def test_a_closed_account_is_out_at_once_and_a_reset_opens_it(hub: Dashboards) -> None:
    browser = Browser(hub, Role.ADMINISTRATOR)
    other = Browser(hub, Role.DISPATCHER)
    assert other.client.get("/account").status_code == 200
    assert browser.post("/accounts/at/dispatcher/disable", reason="left")[0] == 200
    assert other.client.get("/account", follow_redirects=False).status_code == 303
    assert "dispatcher" in browser.rows("?state=disabled")
    assert browser.post("/accounts/at/dispatcher/reset", reason="back")[0] == 200
    assert "dispatcher" in browser.rows("?state=one_time")


def test_nothing_is_done_without_a_reason_or_to_oneself_or_without_the_proof(
    hub: Dashboards,
) -> None:
    browser = Browser(hub, Role.ADMINISTRATOR)
    for act in ("reset", "disable", "factor"):
        status, page = browser.post(f"/accounts/at/dispatcher/{act}", reason="")
        assert status == 422
        assert 'id="reason-error"' in page
        status, page = browser.post(f"/accounts/at/administrator/{act}", reason="x")
        assert status == 422
        assert "your own account" in page
    assert browser.client.post("/accounts/at/dispatcher/disable", data={"reason": "x"}).is_error
    assert isinstance(
        accounts.sign_in(hub.database, hub.clock, name="dispatcher", password=PASSWORD),
        accounts.NewSession,
    )


def test_a_moved_account_sees_its_new_data_and_signs_in_again(hub: Dashboards) -> None:
    browser, other = Browser(hub, Role.ADMINISTRATOR), Browser(hub, Role.CITY_SUPERVISOR)
    status, _ = browser.post(
        "/accounts/at/city_supervisor/move",
        role="district_supervisor",
        area="410105",
        reason="transferred",
    )
    assert status == 200
    assert other.client.get("/account", follow_redirects=False).status_code == 303
    found = hub.database.read(lambda c: accounts.account_by_name(c, "city_supervisor"))
    assert (found.role, found.scope) == (Role.DISTRICT_SUPERVISOR, Scope("410105"))
    assert ("administrator", "account_moved", "transferred") in told(hub, "city_supervisor")


def test_a_lost_phones_second_factor_is_removed(hub: Dashboards) -> None:
    account = hub.database.read(lambda c: accounts.account_by_name(c, "dispatcher"))
    seal = Seal(SECRET)
    browser = Browser(hub, Role.ADMINISTRATOR)
    status, page = browser.post("/accounts/at/dispatcher/factor", reason="lost")
    assert status == 422
    assert "no second factor" in page
    hub.database.write(
        lambda c: second_factor.begin(
            c, seal, account_id=account.id, name="dispatcher", now=hub.clock.now()
        )
    )
    assert browser.post("/accounts/at/dispatcher/factor", reason="lost")[0] == 200
    assert ("administrator", "second_factor_removed", "lost") in told(hub, "dispatcher")


def test_the_list_is_searched_and_saved_as_it_is_seen(hub: Dashboards) -> None:
    browser = Browser(hub, Role.ADMINISTRATOR)
    assert re.findall(r"/accounts/at/(\w+)", browser.rows("?q=strang")) == ["stranger"]
    assert "外地维保公司" in browser.rows("?role=technician")
    file = browser.client.get("/accounts.csv?q=strang").text
    assert "F9 外地维保公司" in file
    assert "dispatcher" not in file
