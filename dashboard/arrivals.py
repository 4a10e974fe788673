"""Whose account it is when somebody arrives from a provider, or a new one where that is set."""

from datetime import datetime

from sqlalchemy import Connection

from core.errors import Conflict, NotFound
from core.journal import Actor
from dashboard import accounts
from dashboard.accounts import Account
from dashboard.roster import LONGEST, NAME
from dashboard.scope import Scope
from dashboard.sign_on import Arrived, NotLetIn, Provider

BY = "sign-on"  # what a session says of how it began
NO_PASSWORD = "!"  # noqa: S105  (no digest: nobody signs in by it)


def account_for(
    connection: Connection, provider: Provider, arrived: Arrived, *, now: datetime, address: str
) -> Account:
    """The open account of that name; raises NotLetIn where there is none, or where it is closed.

    Where the settings name a role, an unknown name gets an account of that role and area.
    """
    try:
        return accounts.account_by_name(connection, arrived.name)
    except NotFound:
        if provider.role is None or not NAME.fullmatch(arrived.name):
            raise NotLetIn("no_account", "there is no account of that name") from None
    try:
        accounts.create_account(
            connection,
            name=arrived.name,
            display_name=arrived.display_name[:LONGEST] or arrived.name,
            password_hash=NO_PASSWORD,
            role=provider.role,
            scope=Scope(provider.area),
            now=now,
            actor=Actor("system", BY, address),
            reason=provider.issuer[:500],
        )
    except Conflict:
        raise NotLetIn("no_account", "a closed account stays closed") from None
    return accounts.account_by_name(connection, arrived.name)
