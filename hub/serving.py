"""A whole hub from one command: prepare the folder, keep the processes, say where it is."""

import os
import shutil
import signal
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from rich.console import Console

from core import failpoint, log, metrics
from core.clock import Clock, SystemClock
from core.db import Database
from core.errors import HubError, InvalidMessage, Unavailable
from dashboard import roster
from hub import broker, demo, doctor_running, lifeline, mosquitto, schema, tls
from hub.doctor import version
from hub.folder import DataFolder
from hub.ground import Ground
from hub.parts import Listener, of_shard, wanted
from hub.settings import Settings, environment
from hub.supervisor import Role, Supervisor
from hub.wiring import ROLES
from ingest.shard_file import ShardFile
from ingest.shards import HOME

METRICS = "PROMETHEUS_MULTIPROC_DIR"
KILL_AT = "HUB_TEST_KILL_AT"
_NICE = {"telemetry": 5, "history": 7, "public": 5, "video": 10, "simulator": 10}
_TRY = "Send a message of your own; it moves the page /lifts/235274:"
_MOVED = "The usual port was taken, so that your own messages need the port, too:"
_TURN = timedelta(milliseconds=200)
# A statement of SQLite gives up the lock of Python and asks for it again. By default another thread
# may keep it 5 ms each time: a call of 19 statements would wait a tenth of a second.
SWITCH_S = 0.0001


def serve(settings: Settings, console: Console) -> None:
    """Run every process of this machine until Ctrl-C; raises HubError where it cannot start."""
    if settings.web.tls_cert and settings.web.tls_key:
        tls.check(settings.web.tls_cert, settings.web.tls_key)
    _log_as("hub", settings)
    clock = SystemClock()
    folder = DataFolder(settings.data_dir.resolve())
    folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = lifeline.hold_folder(folder.root, clock)
    _free_ports(settings)
    shutil.rmtree(folder.metrics, ignore_errors=True)  # counters of processes that are gone
    shutil.rmtree(folder.pulse, ignore_errors=True)  # likewise
    folder.make()
    (folder.run / broker.ADDRESS_FILE).unlink(missing_ok=True)
    doctor_running.tell(folder, settings, os.getpid())
    secrets = _prepare(settings, folder, clock, console)
    stop = stop_on_signals()
    supervisor = Supervisor(
        roles(settings, folder),
        environment={
            **environment(),
            "HUB_DATA_DIR": str(folder.root),
            METRICS: str(folder.metrics),
        },
        clock=clock,
        listener=Listener(folder.pulse),
        bury=partial(metrics.forget, folder.metrics),
    )
    announcing = threading.Thread(
        target=_announce, args=(settings, folder, secrets, console, clock, stop), daemon=True
    )
    announcing.start()
    try:
        supervisor.run(stop)
    finally:
        os.close(lock)
    console.print("The hub has stopped.")


def serve_role(settings: Settings, role: str, *, supervised: bool, shard: str = HOME) -> None:
    """Be one process; a supervised one ends with its parent, whose pipe is its standard input."""
    name = of_shard(role, shard)
    _log_as(name, settings)
    if wishes := environment().get(KILL_AT):
        failpoint.arm(Path(wishes))
    folder = DataFolder(settings.data_dir.resolve())
    folder.make()
    counts = environment().get(METRICS)
    if not supervised:
        _ready(settings, folder, role)
    share = lifeline.join_folder(folder.root)
    lock = lifeline.hold_role(folder.run, name)
    ground = Ground(
        settings, folder, SystemClock(), share, counts, supervised=supervised, shard=shard
    )
    stop = stop_on_signals()
    if supervised and role != "broker":  # the broker's lifeline takes its child with it
        lifeline.watch_parent()
    sys.setswitchinterval(SWITCH_S)
    try:
        ROLES[role](ground, stop)
    finally:
        os.close(lock)


def _ready(settings: Settings, folder: DataFolder, role: str) -> None:
    """What a whole hub sees to before its processes start; raises HubError with the remedy."""
    if role in {"rescue", "telemetry"}:
        broker.address(folder, settings.mqtt)
    if role not in {"broker", "history", "simulator"}:  # they do without, for a while at least
        with Database(folder.database_url(settings.database.url)) as database:
            found = schema.revision(database)
        if found != schema.newest():
            raise Unavailable(
                f"the database is at revision {found or 'none'}, this hub needs"
                f" {schema.newest()}: run `hub migrate --data {folder.root}`"
            )


def _log_as(process: str, settings: Settings) -> None:
    log.configure(
        process=process,
        json=settings.log.json_lines or not sys.stderr.isatty(),
        level=settings.log.level,
    )


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set."""
    stop = threading.Event()

    def told(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGINT, told)
    signal.signal(signal.SIGTERM, told)
    return stop


def _prepare(
    settings: Settings, folder: DataFolder, clock: Clock, console: Console
) -> dict[str, str]:
    """Migrate, seed; answers the passwords to show."""
    with Database(folder.database_url(settings.database.url)) as database:
        schema.migrate(database)
        for name in ("links", "webhook", "mqtt"):
            folder.secret(name)
        if settings.demo.scenario:
            with console.status("Building the simulated city"):
                return demo.seed(database, folder, settings.demo.scenario, clock).accounts
        demo.disable(database, clock)
        first = roster.ensure_first_administrator(database, clock)
    return {first.name: first.password} if first else {}


def roles(settings: Settings, folder: DataFolder) -> Callable[[], Sequence[Role]]:
    """The processes that are needed now: a worker for every shard."""
    shards = ShardFile(folder.telemetry)
    known: dict[tuple[str, ...], Sequence[Role]] = {}
    last: tuple[str, ...] = (HOME,)

    def broker_is_known() -> bool:
        return bool(settings.mqtt.url) or broker.announced(folder)

    def role(name: str) -> Role:
        kind, _, shard = name.partition("-")
        command = [sys.executable, "-m", "hub", "serve", "--role", kind, "--supervised"]
        return Role(
            name,
            (*command, "--shard", shard) if shard else tuple(command),
            niceness=_NICE.get(kind, 0),
            leaned_on=kind == "broker",
            may_start=broker_is_known
            if kind in {"rescue", "telemetry", "simulator"}
            else lambda: True,
        )

    def needed() -> Sequence[Role]:
        nonlocal last
        with suppress(InvalidMessage, OSError):  # the worker says so; nobody is stopped for it
            last = shards.read().running()
        if last not in known:
            known.clear()
            known[last] = [role(name) for name in wanted(settings, last)]
        return known[last]

    return needed


def _free_ports(settings: Settings) -> None:
    for name, host, port in (
        ("HUB_WEB__PORT", settings.web.host, settings.web.port),
        ("HUB_PUBLIC__PORT", settings.public_host, settings.public_port),
    ):
        if not broker.is_free(port, host):
            raise Unavailable(
                f"port {port} on {host} is taken by another program: end it, or set {name} "
                f"(./run --port N)"
            )
    if not (settings.mqtt.url or settings.demo.scenario):
        own = settings.mqtt.start != "embedded" and mosquitto.find()
        broker.require_port(settings.mqtt.port, span=1 if own else 2)


def _announce(
    settings: Settings,
    folder: DataFolder,
    secrets: dict[str, str],
    console: Console,
    clock: Clock,
    stop: threading.Event,
) -> None:
    """Once the pages answer, say where they are and who may sign in."""
    deadline = clock.monotonic() + broker.LISTENING_WITHIN_S
    while not _answers(settings) or not (
        settings.mqtt.url or broker.announced(folder) or clock.monotonic() > deadline
    ):
        if clock.wait(stop, _TURN):
            return
    console.print(f"\n[bold]Supervision hub {version()} is up[/]")
    console.print(f"  staff pages   {settings.staff_url}")
    console.print(f"  public pages  {settings.public_url}")
    if settings.web.tls_cert and tls.authority_behind(settings.web.tls_cert, folder.root / "tls"):
        console.print(f"  for phones    {settings.public_url}{tls.AUTHORITY_PATH}")
    with suppress(HubError, ValueError):
        known = broker.address(folder, settings.mqtt)
        console.print(f"  MQTT broker   {known.host}:{known.port}")
        if settings.demo.scenario and not settings.mqtt.url:
            line = demo.trial(settings.demo.scenario, known.port)
            console.print(f"\n{_MOVED if known.port != settings.mqtt.port else _TRY}")
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if settings.demo.scenario:
        console.print("\nA simulated city runs beside it. Sign in with one of its accounts:")
    elif secrets:
        console.print(
            "\nNobody could administer it yet. Sign in once with this, then choose your own:"
        )
    for name, password in secrets.items():
        console.print(f"  {name:<12}  {password}", markup=False, highlight=False)
    console.print("\nCtrl-C stops it.")


def _answers(settings: Settings) -> bool:
    certificate = settings.web.tls_cert
    trusted = tls.trust_alone(certificate) if certificate else None
    url = f"{settings.local_url}/health/live"
    try:
        with urllib.request.urlopen(url, timeout=2, context=trusted):  # noqa: S310  (our own)
            return True
    except (urllib.error.URLError, OSError):
        return False


def _reach(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  (compared)
