"""Who has an account: what an administrator of the machine does to the list of them.

Signing in is told in `dashboard.accounts`. Here accounts are made for other people, so every
password that is set is drawn by the machine, shown once, and has to be changed at first use.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from core.clock import Clock
from core.db import Database
from core.ids import new_secret
from core.journal import Actor
from dashboard import tables
from dashboard.access import Role
from dashboard.accounts import create_account, hash_password

_FIRST_START = Actor("system", "first start")


@dataclass(frozen=True, slots=True)
class OneTime:
    """An account's name and the password that it was given; kept nowhere else."""

    name: str
    password: str


def ensure_first_administrator(database: Database, clock: Clock) -> OneTime | None:
    """Where no administrator but the demo's could sign in, make one; else None.

    It is called `admin`, or `admin2`, `admin3` … where that name is taken.
    """
    if database.read(_has_administrator):
        return None
    password = new_secret()
    digest = hash_password(password)
    now = clock.now()

    def make(connection: Connection) -> OneTime | None:
        if _has_administrator(connection):
            return None
        name = _free_name(connection, "admin")
        create_account(
            connection,
            name=name,
            display_name="Administrator",
            password_hash=digest,
            role=Role.ADMINISTRATOR,
            must_change_password=True,
            now=now,
            actor=_FIRST_START,
        )
        return OneTime(name, password)

    return database.write(make)


def own_accounts(connection: Connection) -> tuple[str, ...]:
    """Names of the accounts that are not the demo's, disabled ones too."""
    a = tables.account.c
    return tuple(connection.execute(select(a.name).where(~a.demo).order_by(a.name)).scalars())


def has_demo(connection: Connection) -> bool:
    """Whether the demo made accounts here, enabled or not."""
    a = tables.account.c
    return connection.execute(select(a.id).where(a.demo).limit(1)).first() is not None


def _has_administrator(connection: Connection) -> bool:
    a = tables.account.c
    query = select(a.id).where(a.role == Role.ADMINISTRATOR.value, ~a.demo, a.disabled_at.is_(None))
    return connection.execute(query.limit(1)).first() is not None


def _free_name(connection: Connection, wished: str) -> str:
    a = tables.account.c
    taken = set(connection.execute(select(a.name).where(a.name.startswith(wished))).scalars())
    name, number = wished, 1
    while name in taken:
        number += 1
        name = f"{wished}{number}"
    return name
