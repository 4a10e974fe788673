"""The accounts of a demonstration: made anew at each start, gone in any other hub.

Their passwords are random and printed by the start; nothing of them is written down but digests.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from core.clock import Clock
from core.db import Database
from core.errors import Conflict
from core.ids import new_secret
from core.journal import Actor
from dashboard import accounts, tables
from dashboard.access import Role, Scope
from devices import queries

_ACTOR = Actor("system", "demo")


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A name to sign in with and its password in clear, to be shown once."""

    name: str
    display_name: str
    role: Role
    password: str


def ensure_demo_accounts(database: Database, clock: Clock) -> tuple[DemoAccount, ...]:
    """Make the demo accounts, or give those that stand new passwords; answers all of them.

    `firm1` and `station1` speak for the first firm and the first station of the registry.
    The registry must have one of each. Raises Conflict when a real account has one of the names.
    """
    made = [
        DemoAccount(name, shown, role, new_secret()[:16])
        for name, shown, role in (
            ("admin", "示例管理员", Role.ADMINISTRATOR),
            ("dispatcher", "示例调度员", Role.DISPATCHER),
            ("supervisor", "示例监管员", Role.SUPERVISOR),
            ("firm1", "示例维保班组", Role.FIRM),
            ("station1", "示例救援站", Role.STATION),
        )
    ]
    digests = {account.name: accounts.hash_password(account.password) for account in made}

    def write(connection: Connection) -> None:
        for account in made:
            _ensure(connection, account, digests[account.name], clock.now())

    database.write(write)
    return tuple(made)


def crew_account(connection: Connection, *, kind: str, code: str, now: datetime) -> str:
    """A token by which a simulated crew of firm or station `code` acts; makes its account.

    kind: `firm` or `station`. Earlier tokens of that crew end.
    """
    name = f"crew-{kind}-{code}"
    scope, shown = _target(connection, kind, code)
    t, a = tables.api_token.c, tables.account.c
    found = connection.execute(select(a.id).where(a.name == name)).scalar_one_or_none()
    if found is None:
        accounts.create_account(
            connection,
            name=name,
            display_name=shown,
            password_hash="!",  # noqa: S106  (no password verifies against it)
            role=Role(kind),
            scope=scope,
            demo=True,
            now=now,
            actor=_ACTOR,
        )
    else:
        connection.execute(delete(tables.api_token).where(t.account_id == found))
    return accounts.issue_api_token(
        connection, account=name, name="simulated crew", now=now, actor=_ACTOR
    )


def disable_demo_accounts(database: Database, clock: Clock) -> int:
    """End what a demonstration left in a data folder that is now for real; answers how many."""
    a = tables.account.c
    now = clock.now()

    def write(connection: Connection) -> int:
        ended = connection.execute(
            update(tables.account).where(a.demo, a.disabled_at.is_(None)).values(disabled_at=now)
        )
        return ended.rowcount

    return database.write(write)


def _ensure(connection: Connection, account: DemoAccount, digest: str, now: datetime) -> None:
    a = tables.account.c
    scope = Scope()
    if account.role is Role.FIRM:
        scope = Scope(firm_id=queries.firms(connection)[0].id)
    elif account.role is Role.STATION:
        scope = Scope(station_id=queries.stations(connection)[0].id)
    row = connection.execute(select(a.id, a.demo).where(a.name == account.name)).one_or_none()
    if row is not None and not row.demo:
        raise Conflict("exists", f"a real account is called {account.name!r}: no demo here")
    if row is not None:
        connection.execute(delete(tables.session).where(tables.session.c.account_id == row.id))
        connection.execute(
            update(tables.account)
            .where(a.id == row.id)
            .values(
                password_hash=digest,
                failed_sign_ins=0,
                locked_until=None,
                disabled_at=None,
                firm_id=scope.firm_id,
                station_id=scope.station_id,
            )
        )
        return
    accounts.create_account(
        connection,
        name=account.name,
        display_name=account.display_name,
        password_hash=digest,
        role=account.role,
        scope=scope,
        demo=True,
        now=now,
        actor=_ACTOR,
    )


def _target(connection: Connection, kind: str, code: str) -> tuple[Scope, str]:
    if kind == "firm":
        firm = queries.firm_by_code(connection, code)
        return Scope(firm_id=firm.id), firm.name
    station = queries.station_by_code(connection, code)
    return Scope(station_id=station.id), station.name
