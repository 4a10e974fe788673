"""`hub accounts` and `hub tokens`: who may sign in, and which programs may."""

from functools import partial
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import Connection

from core.clock import SystemClock
from core.ids import new_secret
from dashboard import roster
from dashboard.access import Role
from dashboard.accounts import hash_password
from hub.cli_ground import Data, Why, console, operator, registry, say

accounts_app = typer.Typer(no_args_is_help=True, help="Who may sign in.")
tokens_app = typer.Typer(no_args_is_help=True, help="Tokens with which programs use /api/v1.")

Name = Annotated[str, typer.Argument(help="The name to sign in with.")]
Account = Annotated[str, typer.Argument(help="The account as which the program acts.")]
TokenName = Annotated[str, typer.Argument(help="What the token is called, such as the program.")]


@accounts_app.command("list")
def list_accounts(data: Data = None) -> None:
    """Show every account with its role and what it may see."""
    with registry(data) as database:
        found = database.read(roster.listed)
    table = Table("name", "called", "role", "only", "state", "tokens", box=None)
    for each in found:
        state = f"{each.state} (demo)" if each.demo else each.state
        told = (each.name, each.display_name, each.role, each.where or "everything", state)
        table.add_row(*told, str(each.tokens))
    console.print(table)


@accounts_app.command("add")
def add_account(
    name: Name,
    *,
    role: Annotated[Role, typer.Option(help="What the account is for.")],
    display_name: Annotated[str, typer.Option(help="What people call them.")] = "",
    area: Annotated[str, typer.Option(help="Only this city or district (6-digit code).")] = "",
    firm: Annotated[str, typer.Option(help="Code of the firm, for a firm's roles.")] = "",
    station: Annotated[str, typer.Option(help="Code of the station, for that role.")] = "",
    use_unit: Annotated[str, typer.Option(help="Code of the use unit, for that role.")] = "",
    reason: Why = "",
    data: Data = None,
) -> None:
    """Make an account and print its one-time password."""
    password = new_secret()
    digest, now = hash_password(password), SystemClock().now()

    def make(connection: Connection) -> None:
        scope = roster.scope_by_codes(
            connection, area=area, firm=firm, station=station, use_unit=use_unit
        )
        roster.add(
            connection,
            name=name,
            display_name=display_name,
            role=role,
            scope=scope,
            password_hash=digest,
            now=now,
            actor=operator(),
            reason=reason,
        )

    with registry(data) as database:
        database.write(make)
    _show(name, password)


@accounts_app.command("reset")
def reset_account(name: Name, reason: Why = "", data: Data = None) -> None:
    """Print a new one-time password; sessions end, and a disabled account is open again."""
    password = new_secret()
    digest, now = hash_password(password), SystemClock().now()
    with registry(data) as database:
        reset = partial(roster.reset, name=name, password_hash=digest, now=now)
        database.write(partial(reset, actor=operator(), reason=reason))
    _show(name, password)


@accounts_app.command("disable")
def disable_account(name: Name, reason: Why = "", data: Data = None) -> None:
    """Close an account at once: its sessions end and its tokens are revoked."""
    with registry(data) as database:
        now, who = SystemClock().now(), operator()
        database.write(partial(roster.disable, name=name, now=now, actor=who, reason=reason))
    say(f"{name} is disabled; `hub accounts reset {name}` opens it again")


@accounts_app.command("reset-factor")
def reset_factor(
    name: Name,
    reason: Why = "",
    data: Data = None,
) -> None:
    """Ask an account for no second factor any more, as when its phone is lost."""
    now = SystemClock().now()
    with registry(data) as database:
        gone = database.write(
            partial(
                roster.remove_second_factor, name=name, reason=reason, now=now, actor=operator()
            )
        )
    say(f"{name} signs in by password alone" if gone else f"{name} had no second factor")


@tokens_app.command("list")
def list_tokens(account: Account, data: Data = None) -> None:
    """Show an account's tokens by name; what they are is kept nowhere."""
    with registry(data) as database:
        found = database.read(partial(roster.tokens, account=account))
    for each in found:
        only = f"  only {each.only_for}" if each.only_for else ""
        end = f"  until {each.expires_at:%Y-%m-%d %H:%M} UTC" if each.expires_at else ""
        say(f"{each.name}  since {each.created_at:%Y-%m-%d %H:%M} UTC{end}{only}")
    if not found:
        say(f"{account} has no token")


@tokens_app.command("add")
def add_token(
    account: Account,
    name: TokenName = "api",
    only: Annotated[
        str,
        typer.Option(help=f"What it opens: {', '.join(filter(None, roster.PURPOSES))}; else all."),
    ] = "",
    days: Annotated[
        int | None, typer.Option(min=1, help="It ends after so many days; else when revoked.")
    ] = None,
    data: Data = None,
) -> None:
    """Print a new token, once."""
    now = SystemClock().now()
    with registry(data) as database:
        token = database.write(
            partial(
                roster.add_token,
                account=account,
                name=name,
                now=now,
                actor=operator(),
                only_for=only,
                days=days,
            )
        )
    say(f"{token}")
    console.print("Shown only now. Send it as: Authorization: Bearer TOKEN", style="dim")


@tokens_app.command("revoke")
def revoke_token(account: Account, name: TokenName = "api", data: Data = None) -> None:
    """End a token at once."""
    now = SystemClock().now()
    with registry(data) as database:
        database.write(
            partial(roster.revoke_token, account=account, name=name, now=now, actor=operator())
        )
    say(f"the token {name} of {account} is revoked")


def _show(name: str, password: str) -> None:
    say(f"{name}  {password}")
    console.print("Shown only now. It has to be changed at the first sign-in.", style="dim")
