"""Accounts: passwords, sign-in, sessions, tokens for programs.

Theory of operation. Passwords are argon2id digests. A session is a random token that only the
browser holds; the database keeps its SHA-256, so a stolen file opens no session. Hashing a password
takes tens of milliseconds and therefore always happens outside the write transaction. An unknown
name costs the same work as a known one, so that timing tells no names. How often a password may
be tried is `dashboard.door`'s to say.
"""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from core import journal
from core.clock import Clock
from core.db import Database
from core.errors import Conflict, InvalidMessage, NotFound
from core.ids import new_secret
from core.journal import Actor, Entry, Subject
from dashboard import scope as scopes
from dashboard import tables
from dashboard.access import Role
from dashboard.scope import Scope

SESSION_LASTS = timedelta(hours=14)  # a twelve-hour shift and its handing over
SEEN_EVERY = timedelta(minutes=5)
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200

_hasher = PasswordHasher()
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. `locale` empty: the browser decides."""

    id: int
    name: str
    display_name: str
    role: Role
    scope: Scope
    locale: str
    demo: bool
    must_change_password: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is signed in. `csrf` belongs to the session; a bearer token needs none.

    only_for: what the token opens (`dashboard.belongings.allows`); empty: all that the account may.
    strong: signed in by more than a password, or by a provider that answers for it.
    """

    account: Account
    csrf: str | None
    only_for: str = ""
    strong: bool = True


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just begun; `token` goes into the cookie and is kept nowhere else."""

    token: str
    account: Account
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a sign-in failed: `wrong` (name or password), `locked` until an instant, or `busy`."""

    reason: str
    locked_until: datetime | None = None


def same_secret(offered: str, kept: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(offered.encode(), kept.encode())


def hash_password(password: str) -> str:
    """The argon2id digest; raises InvalidMessage for one that is too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidMessage(
            "password_length",
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters",
            field="password",
        )
    return _hasher.hash(password)


def create_account(
    connection: Connection,
    *,
    name: str,
    display_name: str,
    password_hash: str,
    role: Role,
    scope: Scope = Scope(),  # noqa: B008  (frozen)
    demo: bool = False,
    must_change_password: bool = False,
    now: datetime,
    actor: Actor,
    reason: str = "",
) -> int:
    """Add an account in the caller's transaction; raises Conflict when the name is taken.

    Its scope has to fit its role (`dashboard.scope.checked`).
    """
    scopes.checked(role, scope)
    a = tables.account.c
    if connection.execute(select(a.id).where(a.name == name)).first() is not None:
        raise Conflict("exists", f"there is an account {name!r} already")
    made: int = connection.execute(
        insert(tables.account)
        .values(
            name=name,
            display_name=display_name,
            password_hash=password_hash,
            role=role.value,
            firm_id=scope.firm_id,
            station_id=scope.station_id,
            use_unit_id=scope.use_unit_id,
            area=scope.area,
            demo=demo,
            must_change_password=must_change_password,
            created_at=now,
        )
        .returning(a.id)
    ).scalar_one()
    journal.append(
        connection,
        Entry(
            Subject("account", name),
            "account_created",
            actor,
            now,
            {"role": role.value},
            reason=reason,
        ),
    )
    return made


def account_by_name(connection: Connection, name: str) -> Account:
    """The enabled account of that name; raises NotFound."""
    a = tables.account.c
    row = connection.execute(
        select(tables.account).where(a.name == name, a.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFound("account", name)
    return _account(row)


def display_names(connection: Connection) -> dict[str, str]:
    """What each account is called on pages, by its name."""
    a = tables.account.c
    return {
        row.name: row.display_name for row in connection.execute(select(a.name, a.display_name))
    }


def sign_in(database: Database, clock: Clock, *, name: str, password: str) -> NewSession | Refused:
    """Check the password and begin a session, or say why not. The door counts the tries."""
    found = verified(database, name=name, password=password)
    return found if isinstance(found, Refused) else begin_session(database, clock, account=found)


def verified(database: Database, *, name: str, password: str) -> Account | Refused:
    """Whose name and password these are, or `wrong`."""
    a = tables.account.c
    query = select(tables.account).where(a.name == name, a.disabled_at.is_(None))
    row = database.read(lambda c: c.execute(query).one_or_none())
    if row is None:
        _verifies(_NOBODY, password)
        return Refused("wrong")
    if not _verifies(row.password_hash, password):
        return Refused("wrong")
    if _hasher.check_needs_rehash(row.password_hash):
        fresh = _hasher.hash(password)
        change = update(tables.account).where(a.id == row.id).values(password_hash=fresh)
        database.write(lambda c: c.execute(change).rowcount)
    return _account(row)


def begin_session(
    database: Database,
    clock: Clock,
    *,
    account: Account,
    address: str = "",
    browser: str = "",
    by: str = "password",
) -> NewSession:
    """A session of an account whose sign-in is complete; journalled with where it began."""
    now = clock.now()
    token = new_secret()
    expires_at = now + SESSION_LASTS

    def begin(connection: Connection) -> None:
        connection.execute(delete(tables.session).where(tables.session.c.expires_at < now))
        connection.execute(
            insert(tables.session).values(
                token_digest=digest_of(token),
                account_id=account.id,
                csrf=new_secret(),
                created_at=now,
                seen_at=now,
                expires_at=expires_at,
                address=address[:64],
                browser=browser[:200],
                by=by,
            )
        )
        who = Actor("account", account.name, address)
        journal.append(
            connection,
            Entry(Subject("account", account.name), "signed_in", who, now, {"by": by}),
        )

    database.write(begin)
    return NewSession(token, account, expires_at)


def sign_out(database: Database, clock: Clock, token: str) -> str:
    """End the session of that token, and say how it began; an unknown one is no error."""
    now = clock.now()
    digest = digest_of(token)

    def end(connection: Connection) -> str:
        s = tables.session.c
        found = connection.execute(
            select(tables.account.c.name, s.by)
            .join(tables.session, s.account_id == tables.account.c.id)
            .where(s.token_digest == digest)
        ).one_or_none()
        if found is None:
            return ""
        name, by = found
        connection.execute(delete(tables.session).where(s.token_digest == digest))
        journal.append(
            connection, Entry(Subject("account", name), "signed_out", Actor("account", name), now)
        )
        return str(by)

    return database.write(end)


def signed_by_session(database: Database, token: str, *, now: datetime) -> Signed | None:
    """Whose session that is; None when it is unknown, over, or its account disabled."""
    s, f = tables.session.c, tables.second_factor.c
    digest = digest_of(token)
    query = (
        select(tables.account, s.csrf, s.seen_at, s.by, f.confirmed_at)
        .join(tables.session, s.account_id == tables.account.c.id)
        .outerjoin(tables.second_factor, f.account_id == tables.account.c.id)
        .where(
            s.token_digest == digest,
            s.expires_at > now,
            tables.account.c.disabled_at.is_(None),
        )
    )
    row = database.read(lambda c: c.execute(query).one_or_none())
    if row is None:
        return None
    if now - row.seen_at > SEEN_EVERY:
        seen = update(tables.session).where(s.token_digest == digest).values(seen_at=now)
        database.write(lambda c: c.execute(seen).rowcount)
    strong = row.by != "password" or row.confirmed_at is not None
    account = _account(row)
    if row.by != "password":  # no password was typed: none has to be changed
        account = replace(account, must_change_password=False)
    return Signed(account, row.csrf, strong=strong)


def signed_by_api_token(database: Database, token: str, *, now: datetime) -> Signed | None:
    """Whose token that is; None when it is unknown, over, or its account disabled."""
    t = tables.api_token.c
    digest = digest_of(token)
    query = (
        select(tables.account, t.only_for, t.last_used_at)
        .join(tables.api_token, t.account_id == tables.account.c.id)
        .where(
            t.token_digest == digest,
            or_(t.expires_at.is_(None), t.expires_at > now),
            tables.account.c.disabled_at.is_(None),
        )
    )
    row = database.read(lambda c: c.execute(query).one_or_none())
    if row is None:
        return None
    if row.last_used_at is None or now - row.last_used_at > SEEN_EVERY:
        used = update(tables.api_token).where(t.token_digest == digest).values(last_used_at=now)
        database.write(lambda c: c.execute(used).rowcount)
    return Signed(_account(row), None, row.only_for)


def change_password(
    database: Database, clock: Clock, *, account: Account, old: str, new: str, keep_session: str
) -> bool:
    """Set a new password and end the account's other sessions; False when `old` is wrong."""
    a = tables.account.c
    kept = database.read(
        lambda c: c.execute(select(a.password_hash).where(a.id == account.id)).scalar_one()
    )
    if not _verifies(kept, old):
        return False
    digest = hash_password(new)
    now = clock.now()

    def change(connection: Connection) -> None:
        s = tables.session.c
        connection.execute(
            update(tables.account)
            .where(a.id == account.id)
            .values(password_hash=digest, must_change_password=False)
        )
        connection.execute(
            delete(tables.session).where(
                s.account_id == account.id, s.token_digest != digest_of(keep_session)
            )
        )
        journal.append(
            connection,
            Entry(
                Subject("account", account.name),
                "password_changed",
                Actor("account", account.name),
                now,
            ),
        )

    database.write(change)
    return True


def _verifies(digest: str, password: str) -> bool:
    try:
        return _hasher.verify(digest, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def digest_of(token: str) -> str:
    """What the database keeps of a session's or a program's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _account(row: "Row[tuple[object, ...]]") -> Account:
    return Account(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        scope=Scope(row.area, row.firm_id, row.station_id, row.use_unit_id),
        locale=row.locale,
        demo=row.demo,
        must_change_password=row.must_change_password,
    )
