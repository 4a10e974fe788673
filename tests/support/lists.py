"""A hub of two cities, and its lists as a browser and a spreadsheet get them."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

from sqlalchemy import Connection
from starlette.testclient import TestClient

from dashboard import accounts
from dashboard.access import Role
from dashboard.app import create_app
from dashboard.deps import cookie_name
from dashboard.scope import Scope
from devices import commands, queries
from tests.support.dashboards import NOON, PASSWORD, TEST, Dashboards

FORMULA = "=HYPERLINK(1)"


def two_cities(folder: Path) -> Dashboards:
    """235274 in 410100 of firm F1; 300001 … 300060 in 410200 of F2; kitchens in both cities."""
    made = Dashboards(folder)

    def fill(connection: Connection) -> None:
        first = queries.firm_by_code(connection, "F1")
        second = replace(first, id=0, code="F2", name="示例第二维保")
        other = commands.upsert_firm(connection, second, NOON, TEST)
        for n in range(1, 61):
            lift = replace(
                made.lift,
                id=0,
                rescue_code=f"3{n:05}",
                registration_code=f"3110410200202630{n:04}",
                area="410200",
                district="410202",
                address=FORMULA if n == 1 else f"示例街 {n} 号",
                firm_id=other.id,
            )
            commands.upsert_lift(connection, lift, NOON, TEST)
        kitchen = replace(
            queries.kitchen_by_code(connection, "K0001"),
            id=0,
            code="K0002",
            area="410200",
            district="410202",
            name="示例二食堂",
            grade="B",
        )
        commands.upsert_kitchen(connection, kitchen, NOON, TEST)
        digest = accounts.hash_password(PASSWORD)
        for name, role in (("city", Role.CITY_SUPERVISOR), ("city-seat", Role.DISPATCHER)):
            accounts.create_account(
                connection,
                name=name,
                display_name="示例市级",
                password_hash=digest,
                role=role,
                scope=Scope(area="410100"),
                now=NOON,
                actor=TEST,
            )

    made.database.write(fill)
    return made


def browser(hub: Dashboards, name: str, language: str = "en") -> TestClient:
    """The browser of an account that has signed in."""
    client = TestClient(
        create_app(hub.context("staff")),
        headers={"Accept": "text/html", "Accept-Language": language},
    )
    begun = hub.begin(name)
    client.cookies.set(cookie_name(hub.context("staff")), begun.token)
    client.cookies.set("hub_locale", language)
    return client


def table(client: TestClient, address: str) -> list[list[str]]:
    """The rows of a list's file, its head first."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(answer.text.removeprefix("\ufeff"))))


def column(rows: Sequence[Sequence[str]], number: int = 0) -> list[str]:
    """One column, without its head."""
    return [row[number] for row in rows[1:]]
