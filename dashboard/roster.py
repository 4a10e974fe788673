"""Who has an account: what an administrator of the machine does to the list of them.

Signing in is told in `dashboard.accounts`. Here accounts are made for other people, so every
password that is set is drawn by the machine, shown once, and has to be changed at first use.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, func, select, update

from core import journal
from core.clock import Clock
from core.db import Database
from core.errors import Conflict, InvalidMessage, NotFound
from core.ids import new_secret
from core.journal import Actor, Entry, Subject
from dashboard import second_factor, tables
from dashboard.access import Role
from dashboard.accounts import create_account, hash_password
from dashboard.belongings import issue_api_token
from dashboard.scope import Scope, checked
from devices import queries
from devices.tables import firm as firm_table
from devices.tables import station as station_table
from devices.tables import use_unit as unit_table

NAME = re.compile(r"[\w.@-]{1,64}")
PURPOSES = ("", "read", "rescue", "telemetry")  # what a token may be for: a path below /api/v1
LONGEST = 64  # characters of what an account or a token is called
_FIRST_START = Actor("system", "first start")


@dataclass(frozen=True, slots=True)
class OneTime:
    """An account's name and the password that it was given; kept nowhere else."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An account as the list shows it; `where` is its division's, firm's … code."""

    name: str
    display_name: str
    role: Role
    where: str
    state: str  # of "enabled", "password not yet changed", "disabled"
    demo: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class Token:
    """A program's token, by the name that it was given."""

    name: str
    created_at: datetime
    only_for: str = ""
    expires_at: datetime | None = None


def listed(connection: Connection) -> list[Listed]:
    """Every account, by name."""
    a, t = tables.account, tables.api_token.c
    f, s, u = firm_table.c, station_table.c, unit_table.c
    held = select(func.count()).where(t.account_id == a.c.id).correlate(a).scalar_subquery()
    query = (
        select(
            a,
            f.code.label("firm"),
            s.code.label("station"),
            u.code.label("unit"),
            held.label("tokens"),
        )
        .outerjoin(firm_table, f.id == a.c.firm_id)
        .outerjoin(station_table, s.id == a.c.station_id)
        .outerjoin(unit_table, u.id == a.c.use_unit_id)
        .order_by(a.c.name)
    )
    return [
        Listed(
            row.name,
            row.display_name,
            Role(row.role),
            row.area or row.firm or row.station or row.unit or "",
            _state(row),
            row.demo,
            row.tokens,
        )
        for row in connection.execute(query)
    ]


def add(
    connection: Connection,
    *,
    name: str,
    display_name: str,
    role: Role,
    scope: Scope,
    password_hash: str,
    now: datetime,
    actor: Actor,
    reason: str = "",
) -> None:
    """Make an account whose password must be changed at first use.

    Raises InvalidMessage for a name or scope that is none, Conflict when the name is taken.
    """
    if not NAME.fullmatch(name):
        raise InvalidMessage("bad_field", "1 to 64 letters, digits, . _ @ -", field="name")
    if len(display_name) > LONGEST:
        raise InvalidMessage("bad_field", f"at most {LONGEST} characters", field="display name")
    create_account(
        connection,
        name=name,
        display_name=display_name or name,
        password_hash=password_hash,
        role=role,
        scope=scope,
        must_change_password=True,
        now=now,
        actor=actor,
        reason=reason,
    )


def scope_by_codes(
    connection: Connection, *, area: str, firm: str, station: str, use_unit: str
) -> Scope:
    """The scope that those codes name; empty ones narrow nothing. Raises NotFound."""
    return Scope(
        area,
        queries.firm_by_code(connection, firm).id if firm else None,
        queries.station_by_code(connection, station).id if station else None,
        queries.use_unit_by_code(connection, use_unit).id if use_unit else None,
    )


def move(
    connection: Connection,
    *,
    name: str,
    role: Role,
    scope: Scope,
    now: datetime,
    actor: Actor,
    reason: str = "",
) -> None:
    """Give an account another role or other data; its sessions end, its tokens see less or more.

    Raises NotFound, InvalidMessage where the scope does not fit the role, and Conflict for the
    last administrator and for one of the demo's.
    """
    row = _own(connection, name)
    checked(role, scope)
    a = tables.account.c
    connection.execute(
        update(tables.account)
        .where(a.id == row.id)
        .values(
            role=role.value,
            area=scope.area,
            firm_id=scope.firm_id,
            station_id=scope.station_id,
            use_unit_id=scope.use_unit_id,
        )
    )
    _keep_an_administrator(connection, name, row.role)
    connection.execute(delete(tables.session).where(tables.session.c.account_id == row.id))
    facts = {"role": role.value, "before": row.role}
    if scope.area or row.area:
        facts |= {"area": scope.area, "area_before": row.area}
    subject = Subject("account", name)
    journal.append(connection, Entry(subject, "account_moved", actor, now, facts, reason=reason))


def reset(
    connection: Connection,
    *,
    name: str,
    password_hash: str,
    now: datetime,
    actor: Actor,
    reason: str = "",
) -> None:
    """Give an account a password to change at first use; its sessions end.

    A disabled account is open again. Raises NotFound, or Conflict for one of the demo's.
    """
    row = _own(connection, name)
    a, s = tables.account.c, tables.session.c
    connection.execute(
        update(tables.account)
        .where(a.id == row.id)
        .values(
            password_hash=password_hash,
            must_change_password=True,
            disabled_at=None,
        )
    )
    connection.execute(delete(tables.session).where(s.account_id == row.id))
    subject = Subject("account", name)
    journal.append(connection, Entry(subject, "password_reset", actor, now, reason=reason))


def disable(
    connection: Connection, *, name: str, now: datetime, actor: Actor, reason: str = ""
) -> None:
    """Close an account: its sessions end and its tokens are revoked. A closed one stays closed.

    Raises NotFound, or Conflict for the last administrator and for one of the demo's.
    """
    row = _own(connection, name)
    if row.disabled_at is not None:
        return
    a = tables.account.c
    connection.execute(update(tables.account).where(a.id == row.id).values(disabled_at=now))
    _keep_an_administrator(connection, name, row.role)
    for table in (tables.session, tables.api_token):
        connection.execute(delete(table).where(table.c.account_id == row.id))
    subject = Subject("account", name)
    journal.append(connection, Entry(subject, "account_disabled", actor, now, reason=reason))


def remove_second_factor(
    connection: Connection, *, name: str, reason: str, now: datetime, actor: Actor
) -> bool:
    """Ask for none any more; its sessions end. False where there was none; raises NotFound."""
    row = _row(connection, name)
    connection.execute(delete(tables.session).where(tables.session.c.account_id == row.id))
    return second_factor.remove(
        connection, account_id=row.id, name=name, now=now, actor=actor, reason=reason
    )


def tokens(connection: Connection, account: str) -> list[Token]:
    """The tokens of an account, oldest first; raises NotFound."""
    t = tables.api_token.c
    query = select(t.name, t.created_at, t.only_for, t.expires_at).where(
        t.account_id == _row(connection, account).id
    )
    rows = connection.execute(query.order_by(t.created_at, t.name))
    return [Token(*row) for row in rows]


def add_token(
    connection: Connection,
    *,
    account: str,
    name: str,
    now: datetime,
    actor: Actor,
    only_for: str = "",
    days: int | None = None,
) -> str:
    """`belongings.issue_api_token`; raises Conflict when the name is taken, InvalidMessage."""
    if days is not None and days < 1:
        raise InvalidMessage("bad_field", "at least 1", field="days")
    if only_for not in PURPOSES:
        said = f"one of {', '.join(filter(None, PURPOSES))}, or nothing for all"
        raise InvalidMessage("bad_field", said, field="only")
    if not 1 <= len(name) <= LONGEST:
        raise InvalidMessage("bad_field", f"1 to {LONGEST} characters", field="token name")
    if any(each.name == name for each in tokens(connection, account)):
        raise Conflict("exists", f"{account} has a token {name!r} already: choose another name")
    return issue_api_token(
        connection,
        account=account,
        name=name,
        now=now,
        actor=actor,
        only_for=only_for,
        days=days,
    )


def revoke_token(
    connection: Connection, *, account: str, name: str, now: datetime, actor: Actor
) -> None:
    """End a token at once; raises NotFound."""
    t = tables.api_token.c
    done = connection.execute(
        delete(tables.api_token).where(t.account_id == _row(connection, account).id, t.name == name)
    )
    if not done.rowcount:
        raise NotFound("token", name)
    facts = {"token": name}
    journal.append(
        connection, Entry(Subject("account", account), "token_revoked", actor, now, facts)
    )


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
            display_name="管理员 Administrator",
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


def _keep_an_administrator(connection: Connection, name: str, role: str) -> None:
    """Called after the change of an account that had `role`."""
    if role == Role.ADMINISTRATOR.value and not _has_administrator(connection):
        raise Conflict("last_administrator", f"{name} is the last administrator: add another first")


def _free_name(connection: Connection, wished: str) -> str:
    a = tables.account.c
    taken = set(connection.execute(select(a.name).where(a.name.startswith(wished))).scalars())
    name, number = wished, 1
    while name in taken:
        number += 1
        name = f"{wished}{number}"
    return name


def _row(connection: Connection, name: str) -> "Row[tuple[object, ...]]":
    row = connection.execute(
        select(tables.account).where(tables.account.c.name == name)
    ).one_or_none()
    if row is None:
        raise NotFound("account", name)
    return row


def _own(connection: Connection, name: str) -> "Row[tuple[object, ...]]":
    row = _row(connection, name)
    if row.demo:
        raise Conflict("demo", f"{name} is the demo's: it comes and goes with the demo")
    return row


def _state(row: "Row[tuple[object, ...]]") -> str:
    if row.disabled_at is not None:
        return "disabled"
    return "password not yet changed" if row.must_change_password else "enabled"
