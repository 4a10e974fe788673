"""What an account's owner holds: open sessions and personal tokens, looked at and ended here.

A session or a token is named by the beginning of its digest: enough to point at it, and no help in
guessing what only its holder knows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from core import journal
from core.errors import Conflict, InvalidMessage, NotFound
from core.ids import new_secret
from core.journal import Actor, Entry, Subject
from dashboard import tables
from dashboard.accounts import Account, account_by_name, digest_of

HANDLE = 16
MOST_TOKENS = 20
LONGEST_NAME = 64
LASTS = (30, 90, 365)  # days
SCOPES = ("", "read", "rescue", "telemetry")
"""What a token opens: all that its account may, only reading, incidents and orders, or pushing
telemetry."""


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A browser that is signed in; `here` is the one that asks."""

    handle: str
    created_at: datetime
    seen_at: datetime
    address: str
    browser: str
    here: bool


@dataclass(frozen=True, slots=True)
class OwnToken:
    """A token by its name; what it is, is kept nowhere."""

    handle: str
    name: str
    only_for: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


def allows(only_for: str, method: str, path: str) -> bool:
    """Whether a token of that scope opens an address below /api/v1."""
    match only_for:
        case "":
            return True
        case "read":
            return method in {"GET", "HEAD"}
        case "rescue":
            return path.startswith(("/api/v1/incidents", "/api/v1/assignments"))
        case _:
            return path == f"/api/v1/{only_for}"


def sessions(
    connection: Connection, account_id: int, *, token: str, now: datetime
) -> list[OwnSession]:
    """The account's open sessions, the latest seen first; `token` is the asker's own."""
    s, own = tables.session.c, digest_of(token)
    rows = connection.execute(
        select(tables.session)
        .where(s.account_id == account_id, s.expires_at > now)
        .order_by(s.seen_at.desc(), s.created_at.desc())
    )
    return [
        OwnSession(
            row.token_digest[:HANDLE],
            row.created_at,
            row.seen_at,
            row.address,
            row.browser,
            row.token_digest == own,
        )
        for row in rows
    ]


def end_session(
    connection: Connection, account: Account, *, handle: str, now: datetime, actor: Actor
) -> None:
    """End one of the account's sessions at once; raises NotFound."""
    s = tables.session.c
    gone = connection.execute(
        delete(tables.session).where(
            s.account_id == account.id, s.token_digest.startswith(_whole(handle), autoescape=True)
        )
    )
    if not gone.rowcount:
        raise NotFound("session", handle)
    journal.append(connection, Entry(Subject("account", account.name), "session_ended", actor, now))


def tokens(connection: Connection, account_id: int) -> list[OwnToken]:
    """The account's tokens, oldest first."""
    t = tables.api_token.c
    rows = connection.execute(
        select(tables.api_token).where(t.account_id == account_id).order_by(t.created_at, t.name)
    )
    return [
        OwnToken(
            row.token_digest[:HANDLE],
            row.name,
            row.only_for,
            row.created_at,
            row.last_used_at,
            row.expires_at,
        )
        for row in rows
    ]


def issue_api_token(
    connection: Connection,
    *,
    account: str,
    name: str,
    now: datetime,
    actor: Actor,
    only_for: str = "",
    days: int | None = None,
) -> str:
    """A new token with which a program acts as `account`; shown once, kept as a digest.

    It ends after so many days; None: only when it is revoked.
    """
    token = new_secret()
    connection.execute(
        insert(tables.api_token).values(
            token_digest=digest_of(token),
            account_id=account_by_name(connection, account).id,
            name=name,
            created_at=now,
            only_for=only_for,
            expires_at=None if days is None else now + timedelta(days=days),
        )
    )
    told = {"token": name, "only_for": only_for, "days": days}
    facts = {what: value for what, value in told.items() if value}
    about = Subject("account", account)
    journal.append(connection, Entry(about, "token_issued", actor, now, facts))
    return token


def make_token(
    connection: Connection,
    account: Account,
    *,
    name: str,
    only_for: str,
    days: int,
    now: datetime,
    actor: Actor,
) -> str:
    """A new token, to be shown once; raises InvalidMessage or Conflict naming what is wrong."""
    kept = tokens(connection, account.id)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidMessage("bad_field", f"1 to {LONGEST_NAME} characters", field="name")
    if only_for not in SCOPES or days not in LASTS:
        raise InvalidMessage("bad_field", "choose one of the list", field="only_for")
    if len(kept) >= MOST_TOKENS:
        raise Conflict("too_many", f"an account has at most {MOST_TOKENS} tokens: revoke one")
    if any(each.name == name for each in kept):
        raise Conflict("exists", f"there is a token {name!r} already: choose another name")
    return issue_api_token(
        connection,
        account=account.name,
        name=name,
        now=now,
        actor=actor,
        only_for=only_for,
        days=days,
    )


def revoke_token(
    connection: Connection, account: Account, *, handle: str, now: datetime, actor: Actor
) -> None:
    """End one of the account's tokens at once; raises NotFound."""
    t = tables.api_token.c
    mine = (t.account_id == account.id, t.token_digest.startswith(_whole(handle), autoescape=True))
    name = connection.execute(select(t.name).where(*mine)).scalars().first()
    if name is None:
        raise NotFound("token", handle)
    connection.execute(delete(tables.api_token).where(*mine))
    journal.append(
        connection,
        Entry(Subject("account", account.name), "token_revoked", actor, now, {"token": name}),
    )


def _whole(handle: str) -> str:
    """A handle is never shorter: the empty one would name them all."""
    if len(handle) != HANDLE:
        raise NotFound("handle", handle)
    return handle
