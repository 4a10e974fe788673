"""`hub gateways credentials`: which gateways may sign in at a broker, and with what."""

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.table import Table
from sqlalchemy import Connection

from core.clock import SystemClock
from core.db import Database
from core.errors import HubError, NotFound
from core.ids import salt, typed_secret
from devices import credential_commands as commands
from devices import queries
from devices.credential_commands import Chosen, Held
from devices.credentials import SALT, verifier
from devices.steps import Steps
from hub.cli_ground import Data, console, operator, registry, say

gateways_app = typer.Typer(no_args_is_help=True, help="Gateways: the devices on the wire.")
app = typer.Typer(no_args_is_help=True, help="What gateways sign in with at the broker.")
gateways_app.add_typer(app, name="credentials")

Ids = Annotated[list[str] | None, typer.Argument(help="Gateway ids.", show_default=False)]
Firm = Annotated[str, typer.Option(help="Those of the lifts that this firm maintains (code).")]
Area = Annotated[str, typer.Option(help="Those of a city or district (6-digit code).")]
All = Annotated[bool, typer.Option("--all", help="Every gateway.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="A new CSV file for whoever sets the gateways up.")
]
State = Annotated[str, typer.Option(help="Only: none, valid or revoked.")]
Reason = Annotated[str, typer.Option(help="Why, for the journal.")]
HEADER = ("gateway_id", "username", "password", "area", "lifts", "address")
_STATES = ("none", "valid", "revoked")


@app.command()
def issue(
    ids: Ids = None,
    firm: Firm = "",
    area: Area = "",
    everything: All = False,
    out: Out = None,
    data: Data = None,
) -> None:
    """Give gateways a password, shown once; of a firm, a city or all: whoever has none yet."""
    _give(ids, firm, area, out, data, everything=everything, rotate=False)


@app.command()
def rotate(
    ids: Ids = None,
    firm: Firm = "",
    area: Area = "",
    everything: All = False,
    out: Out = None,
    data: Data = None,
) -> None:
    """Replace passwords at once: the old one is refused, and whoever uses it is sent away."""
    _give(ids, firm, area, out, data, everything=everything, rotate=True)


@app.command()
def revoke(ids: Ids = None, reason: Reason = "", data: Data = None) -> None:
    """End the passwords of gateways at once; what they send is heard no more."""
    names = _named(ids)
    with registry(data) as database:
        ended = database.write(
            partial(
                commands.revoke, ids=names, now=SystemClock().now(), actor=operator(), why=reason
            )
        )
    for name in names:
        say(f"{name}  {'is revoked' if name in ended else 'had none'}")


@app.command("list")
def list_credentials(
    ids: Ids = None, firm: Firm = "", area: Area = "", state: State = "", data: Data = None
) -> None:
    """Show which gateways can sign in; what they sign in with is kept nowhere."""
    if state and state not in _STATES:
        raise typer.BadParameter(f"one of {', '.join(_STATES)}", param_hint="--state")
    with registry(data) as database:
        found = _chosen(database, ids or (), firm, area)
    table = Table("gateway", "area", "state", "issued (UTC)", "times", box=None)
    shown = [each for each in found if not state or each.state == state]
    for each in shown:
        at = "" if each.issued_at is None else f"{each.issued_at:%Y-%m-%d %H:%M}"
        table.add_row(each.gateway_id, each.area, each.state, at, str(each.times))
    console.print(table)
    say(f"{len(shown)} of {len(found)} gateways")


def _give(
    ids: Sequence[str] | None,
    firm: str,
    area: str,
    out: Path | None,
    data: Path | None,
    *,
    everything: bool,
    rotate: bool,
) -> None:
    if not (ids or firm or area or everything):
        raise typer.BadParameter("name gateways, or --firm, --area or --all")
    with registry(data) as database:
        found = _chosen(database, () if everything else ids or (), firm, area)
        had = "valid" if rotate else "none"
        # Who was revoked gets a new one by name only: there was a reason.
        wanted = [each for each in found if ids or each.state == had]
        if len(wanted) > 1 and out is None:
            raise typer.BadParameter(
                f"{len(wanted)} passwords want a file: --out FILE.csv", param_hint="--out"
            )
        if wanted:
            with _told(out) as tell:
                _write_all(database, wanted, tell, rotate=rotate)
    left = len(found) - len(wanted)
    if out is not None and wanted:
        say(f"{out}: {len(wanted)} passwords. They stand only there: hand it on, then delete it.")
    if left:
        say(f"{left} gateways {'have none' if rotate else 'have one already'}")
    if wanted and out is None:
        console.print("Shown only now. The user name is the gateway's id.", style="dim")


def _write_all(database: Database, wanted: Sequence[Held], tell: "Teller", *, rotate: bool) -> None:
    """In short steps; a password is told before what is kept of it is committed."""
    clock = SystemClock()
    fresh = {each.gateway_id: typed_secret() for each in wanted}
    held = {each.gateway_id: each for each in wanted}
    where = database.read(partial(commands.places, ids=list(fresh)))
    kept: dict[str, str] = {}

    def foresee(step: Sequence[str]) -> None:
        kept.clear()
        kept.update({name: verifier(fresh[name], salt(SALT)) for name in step})
        tell.rows(
            [
                name,
                name,
                fresh[name],
                held[name].area,
                " ".join(code for code, _ in where.get(name, ())),
                "; ".join(dict.fromkeys(place for _, place in where.get(name, ()))),
            ]
            for name in step
        )

    def keep(connection: Connection, _step: Sequence[str]) -> None:
        commands.issue(connection, kept, clock.now(), operator(), rotate=rotate)

    for _ in Steps(database, clock).each(list(fresh), keep, foresee):
        pass


class Teller:
    """Where passwords are told: a file that only its owner reads, or the terminal."""

    def __init__(self, file: TextIO | None) -> None:
        self._file = file
        self._rows: Any = None if file is None else csv.writer(file)  # Any: csv names no type
        if self._rows is not None:
            self._rows.writerow(HEADER)

    def rows(self, rows: Iterator[list[str]]) -> None:
        """Tell them, and have them on the disk."""
        for row in rows:
            if self._file is None:
                say(f"{row[0]}  {row[2]}")
            else:
                self._rows.writerow(row)
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())


@contextmanager
def _told(out: Path | None) -> Iterator[Teller]:
    if out is None:
        yield Teller(None)
        return
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise HubError(f"{out} is there already: passwords go into a new file") from error
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
        yield Teller(file)


def _named(ids: Sequence[str] | None) -> list[str]:
    if not ids:
        raise typer.BadParameter("name at least one gateway", param_hint="IDS")
    return list(dict.fromkeys(ids))


def _chosen(database: Database, ids: Sequence[str], firm: str, area: str) -> list[Held]:
    def find(connection: Connection) -> list[Held]:
        firm_id = queries.firm_by_code(connection, firm).id if firm else None
        wanted = Chosen(ids=tuple(ids), area=area, firm_id=firm_id)
        return commands.chosen(connection, wanted)

    found = database.read(find)
    for name in sorted(set(ids) - {each.gateway_id for each in found}):
        raise NotFound("gateway", name)
    return found
