"""The command line. Every error says what to do; none shows a traceback for a user's mistake."""

import socket
import sys
from pathlib import Path
from typing import Annotated

import segno
import typer
from rich.console import Console
from rich.markup import escape

from core.clock import SystemClock
from core.db import Database
from core.errors import Conflict, HubError
from hub import (
    audit_commands,
    broker_commands,
    columns_command,
    dialect_commands,
    history_commands,
    lifeline,
    maintenance_commands,
    quarantine_commands,
    roles_command,
    schema,
    shard_commands,
    soundness,
    tail_command,
    tls,
    top_command,
)
from hub import backup as backups
from hub import doctor as doctors
from hub.account_commands import accounts_app, tokens_app
from hub.cli_ground import Data, console, sound
from hub.credential_commands import gateways_app
from hub.finding import Verdict
from hub.folder import DataFolder
from hub.import_commands import import_file, lifts_app
from hub.mishaps import in_words
from hub.proof import command as proof_command
from hub.province_command import make_province
from hub.settings import Settings, load
from ingest.shard_file import ShardFile
from ingest.shards import HOME

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Lift rescue, telemetry and kitchen cameras.",
)
tls_app = typer.Typer(no_args_is_help=True, help="Certificates of one's own.")
app.add_typer(accounts_app, name="accounts")
app.add_typer(tokens_app, name="tokens")
app.add_typer(lifts_app, name="lifts")
app.add_typer(gateways_app, name="gateways")
app.add_typer(broker_commands.app, name="broker")
app.add_typer(tls_app, name="tls")
app.add_typer(history_commands.app, name="history")
app.add_typer(audit_commands.app, name="audit")
app.add_typer(maintenance_commands.app, name="maintenance")
app.add_typer(dialect_commands.app, name="dialect")
app.add_typer(quarantine_commands.app, name="quarantine")
app.add_typer(proof_command.app, name="proof")
app.add_typer(shard_commands.app, name="shards")
errors = Console(stderr=True, highlight=False)

Port = Annotated[int | None, typer.Option("--port", help="Port of the staff pages.")]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.")]
Cert = Annotated[Path | None, typer.Option("--tls-cert", help="Certificate chain (PEM).")]
Key = Annotated[Path | None, typer.Option("--tls-key", help="Its key (PEM).")]


def main() -> None:
    """Run the command line; a HubError or a file that is not there is one line and status 2."""
    try:
        app()
    except OSError as error:
        errors.print(in_words(error), style="red", markup=False, soft_wrap=True)
        sys.exit(2)
    except HubError as error:
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(2)


@app.command()
def serve(
    role: Annotated[str, typer.Option(help="Only this process, for several machines.")] = "",
    port: Port = None,
    data: Data = None,
    host: Host = None,
    tls_cert: Cert = None,
    tls_key: Key = None,
    shard: Annotated[str, typer.Option(help="With --role telemetry: the shard to work for.")] = "0",
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Start everything that one machine needs, or one process with --role."""
    settings = _settings(port, data, host, tls_cert, tls_key)
    if not supervised:  # the parent has tried them
        soundness.require(settings)
    from hub import serving, wiring  # noqa: PLC0415  (every room; the other commands need few)

    if not role:
        serving.serve(settings, console)
    elif role in wiring.ROLES:
        if shard != HOME and role != "telemetry":
            raise typer.BadParameter("only telemetry has shards", param_hint="--shard")
        serving.serve_role(settings, role, supervised=supervised, shard=shard)
    else:
        raise typer.BadParameter(f"one of {', '.join(wiring.ROLES)}", param_hint="--role")


@app.command()
def demo(
    port: Port = None,
    data: Data = None,
    host: Host = None,
    scenario: Annotated[str, typer.Option(help="A shipped scenario or a .toml file.")] = "",
    tls_cert: Cert = None,
    tls_key: Key = None,
) -> None:
    """Start everything, with a simulated city beside it."""
    settings = _settings(port, data, host, tls_cert, tls_key, scenario=scenario or None)
    told = {} if settings.demo.scenario else {"HUB_DEMO__SCENARIO": "city"}
    if "level" not in settings.log.model_fields_set:
        told["HUB_LOG__LEVEL"] = "warning"  # a city talks too much beside the addresses
    settings = load(told)
    soundness.require(settings)
    from hub import serving  # noqa: PLC0415  (likewise)

    serving.serve(settings, console)


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to the schema of this version."""
    settings = sound(data)
    folder = DataFolder(settings.data_dir.resolve())
    with Database(folder.database_url(settings.database.url)) as database:
        before, now = schema.migrate(database)
    console.print(f"database: {before or 'new'} -> {now}")


@app.command()
def backup(
    archive: Annotated[Path | None, typer.Argument(help="A .tar.gz to write.")] = None,
    data: Data = None,
) -> None:
    """Copy a hub, running or not, into one archive. It holds secrets: keep it safe."""
    settings = _settings(data=data)
    if not settings.data_dir.is_dir():
        raise HubError(f"{settings.data_dir} is no data folder: name it with --data")
    folder, now = DataFolder(settings.data_dir), SystemClock().now()
    if archive is None:
        folder.backups.mkdir(mode=0o700, exist_ok=True)
        archive = folder.backups / f"hub-{now:%Y%m%dT%H%M%SZ}.tar.gz"
    with ShardFile(folder.telemetry).together() as shards:  # no city moves meanwhile
        if shards.move is not None:
            areas = ", ".join(shards.move.areas)
            raise Conflict(
                "moving", f"{areas} are being moved: back up when `hub shards list` is still"
            )
        done = backups.backup(folder.root, archive, now, version=doctors.version())
    folder.backups.mkdir(mode=0o700, exist_ok=True)
    folder.last_backup.write_text(f"{archive.resolve()}\n", encoding="utf-8")
    console.print(f"{archive}: {done.files} files, {done.bytes / 1e6:.1f} MB, checked")


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="What `hub backup` wrote.")],
    verify: Annotated[bool, typer.Option("--verify", help="Only check the archive.")] = False,
    data: Data = None,
) -> None:
    """Unpack an archive into an empty data folder, or only prove that it can be."""
    settings = _settings(data=data)
    done = backups.verify(archive) if verify else backups.restore(archive, settings.data_dir)
    where = "holds" if verify else f"restored into {settings.data_dir}"
    console.print(f"{archive}: {where}; made {done.made_at}, {done.files} files, every hash fits")


@app.command()
def doctor(data: Data = None) -> None:
    """Look at settings, ports, stores, clock, broker and disk, and say what to do."""
    settings = _settings(data=data)
    if wrong := soundness.check(settings):
        for line in wrong:  # the other checks would stumble over the same
            console.print("[red]wrong[/] settings:", escape(line), soft_wrap=True)
        raise typer.Exit(1)
    console.print("[green]ok[/]    settings: all known, every one can be used")
    clock = SystemClock()
    findings = doctors.examine(settings, clock, running=lifeline.is_held(settings.data_dir))
    words = {
        Verdict.WELL: "[green]ok[/]   ",
        Verdict.WORTH_KNOWING: "[yellow]note[/] ",
        Verdict.SERIOUS: "[red]wrong[/]",
    }
    for each in findings:
        remedy = f" -> {each.remedy}" if each.remedy else ""
        console.print(f"{words[each.verdict]} {each.subject}: {each.says}{remedy}", soft_wrap=True)
    if any(each.verdict is Verdict.SERIOUS for each in findings):
        raise typer.Exit(1)


app.command("import")(import_file)
app.command("province")(make_province)
app.command("tail")(tail_command.tail)
app.command("top")(top_command.top)
app.command("roles")(roles_command.roles)
app.command("columns")(columns_command.columns)


@tls_app.command("init")
def tls_init(
    names: Annotated[
        list[str] | None, typer.Argument(help="Host names or addresses, the one for phones first.")
    ] = None,
    renew: Annotated[bool, typer.Option("--renew", help="Replace the certificate.")] = False,
    port: Port = None,
    data: Data = None,
) -> None:
    """Make an authority and a certificate, with a QR code from which phones install it."""
    settings = _settings(port, data)
    folder = settings.data_dir.absolute() / "tls"
    given = names or [each for each in (tls.own_address(), socket.gethostname()) if each]
    wanted = list(dict.fromkeys([*given, "localhost", "127.0.0.1"]))
    made = tls.initialise(folder, wanted, SystemClock().now(), renew=renew)
    base = settings.public.base_url or f"https://{wanted[0]}:{settings.public_port}"
    address = base.rstrip("/") + tls.AUTHORITY_PATH
    code = segno.make(address, micro=False)
    code.save(str(folder / "authority-qr.png"), scale=8)
    if sys.stdout.isatty():
        code.terminal(compact=True)
    console.print(f"certificate for {', '.join(wanted)}: {made.certificate}", soft_wrap=True)
    console.print(f"phones install the authority, once the hub runs, from {address}")
    console.print(f"(QR code: {folder / 'authority-qr.png'}). Let them compare the fingerprint:")
    console.print(f"  {made.fingerprint}", soft_wrap=True)
    console.print(
        f"then: hub serve --data {folder.parent} --host 0.0.0.0 "
        f"--tls-cert {made.certificate} --tls-key {made.key}",
        soft_wrap=True,
    )
    console.print("(the demo: ./run with the same options). Only this user can read the keys.")


@app.command()
def version() -> None:
    """Say which version this is."""
    console.print(f"supervision-hub {doctors.version()}")


def _settings(
    port: int | None = None,
    data: Path | None = None,
    host: str | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    scenario: str | None = None,
) -> Settings:
    """The settings, with what the command line says on top."""
    told = {
        "HUB_WEB__PORT": port,
        "HUB_DATA_DIR": data,
        "HUB_WEB__HOST": host,
        "HUB_WEB__TLS_CERT": cert and cert.resolve(),
        "HUB_WEB__TLS_KEY": key and key.resolve(),
        "HUB_DEMO__SCENARIO": scenario,
    }
    return load({name: str(value) for name, value in told.items() if value is not None})
