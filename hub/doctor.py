"""Look at everything that a hub needs, and say what to do where something is amiss.

Each check answers with findings; none leaves a trace. A finding that is not well names its
remedy. `serious` findings keep a hub from doing its work; the others are worth knowing.
"""

import importlib.metadata
import importlib.util
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.clock import Clock
from core.errors import HubError
from hub import (
    broker,
    credential_finding,
    dialects,
    doctor_running,
    history,
    mosquitto,
    shard_finding,
)
from hub.finding import Finding, Verdict
from hub.folder import DataFolder
from hub.mishaps import in_words
from hub.schema import newest
from hub.settings import Settings

DISTRIBUTION = "supervision-hub"
ROOMS = ("core", "devices", "ingest", "alerts", "video", "dashboard", "simulators", "hub")
FREE_SPACE_LOW = 2 * 1024**3
FREE_SPACE_FLOOR = 256 * 1024**2
SOFTWARE_BORN = datetime(2026, 1, 1, tzinfo=UTC)


def examine(settings: Settings, clock: Clock, *, running: bool) -> list[Finding]:
    """Every check, in the order of need. `running`: a hub holds the folder's lock."""
    return [
        *_folder(settings.data_dir),
        *_database(settings, running=running),
        *_clock(settings.data_dir, clock.now()),
        *(_running(settings, clock.now()) if running else _ports(settings)),
        *_broker(settings, running=running),
        *_history(settings),
        *shard_finding.examine(settings, DataFolder(settings.data_dir.resolve()), running=running),
        *dialects.examine(
            DataFolder(settings.data_dir).dialects,
            DataFolder(settings.data_dir.resolve()).database_url(settings.database.url),
        ),
        *_parts(),
    ]


def _folder(data: Path) -> Iterator[Finding]:
    place = data.absolute()
    try:
        free = _room(place)
    except OSError as error:
        remedy = "give it to the hub's user (chown), or name another folder in HUB_DATA_DIR"
        yield Finding("data folder", Verdict.SERIOUS, in_words(error), remedy)
        return
    said = f"{place}, can be written, {free / 1024**3:.1f} GiB free"
    if free < FREE_SPACE_FLOOR:
        yield Finding("data folder", Verdict.SERIOUS, said, "free some disk space now")
    elif free < FREE_SPACE_LOW:
        yield Finding("data folder", Verdict.WORTH_KNOWING, said, "plan for more disk space")
    else:
        yield Finding("data folder", Verdict.WELL, said)


def _room(place: Path) -> int:
    """Bytes free, once a file could be written there; leaves nothing. Raises OSError."""
    made = [each for each in (place, *place.parents) if not each.exists()]
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".doctor-") as trial:
            trial.write(b"x")
            trial.flush()
        return shutil.disk_usage(place).free
    finally:
        for each in made:
            each.rmdir()


def _database(settings: Settings, *, running: bool) -> Iterator[Finding]:
    file = settings.data_dir.absolute() / "hub.db"
    if settings.database.url:
        scheme, _, path = settings.database.url.partition("://")
        if scheme != "sqlite":
            yield Finding(
                "database",
                Verdict.SERIOUS,
                f"{scheme} is not supported by this version",
                "unset HUB_DATABASE__URL, or use sqlite:///PATH",
            )
            return
        file = Path(path.removeprefix("/"))
    if not file.exists():
        yield Finding("database", Verdict.WELL, f"{file} will be made at the first start")
        return
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            checked = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        yield Finding(
            "database",
            Verdict.SERIOUS,
            f"{file}: {error}",
            "restore the newest backup: hub restore FILE into an empty folder",
        )
        return
    if checked != "ok":
        yield Finding(
            "database", Verdict.SERIOUS, f"{file}: {checked}", "restore the newest backup"
        )
    elif found is None or found[0] != newest():
        remedy = "stop the hub, then start it again" if running else "hub migrate"
        yield Finding("database", Verdict.WORTH_KNOWING, f"{file} is not at {newest()}", remedy)
    else:
        yield Finding("database", Verdict.WELL, f"{file}, revision {found[0]}, whole")


def _clock(data: Path, now: datetime) -> Iterator[Finding]:
    latest = max((f.stat().st_mtime for f in data.glob("*.db*")), default=0.0)
    remedy = "set the clock (timedatectl set-ntp true), then look again"
    if now < SOFTWARE_BORN:
        yield Finding("clock", Verdict.SERIOUS, f"{now:%Y-%m-%d %H:%M} UTC is past", remedy)
    elif datetime.fromtimestamp(latest, UTC) > now + timedelta(seconds=5):
        yield Finding(
            "clock", Verdict.SERIOUS, "the database was written later than the clock says", remedy
        )
    else:
        yield Finding("clock", Verdict.WELL, f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _running(settings: Settings, now: datetime) -> Iterator[Finding]:
    yield from doctor_running.examine(DataFolder(settings.data_dir.resolve()), now)
    yield from _openness(settings)


def _ports(settings: Settings) -> Iterator[Finding]:
    for subject, setting, host, port in _pages(settings):
        if broker.is_free(port, host or "127.0.0.1"):
            yield Finding(subject, Verdict.WELL, f"port {port} is free")
        else:
            yield Finding(
                subject,
                Verdict.SERIOUS,
                f"port {port} is taken by another program",
                f"end it, or set {setting} to a free port",
            )
    yield from _openness(settings)


def _pages(settings: Settings) -> tuple[tuple[str, str, str, int], ...]:
    return (
        ("staff pages", "HUB_WEB__PORT", settings.web.host, settings.web.port),
        ("public pages", "HUB_PUBLIC__PORT", settings.public_host, settings.public_port),
    )


def _openness(settings: Settings) -> Iterator[Finding]:
    for subject, _, host, _ in _pages(settings):
        if host not in {"127.0.0.1", "::1", "localhost"} and not settings.tls:
            yield Finding(
                subject,
                Verdict.WORTH_KNOWING,
                f"open to the network on {host} without HTTPS",
                "hub tls init, or put a reverse proxy with a certificate before it",
            )


def _broker(settings: Settings, *, running: bool) -> Iterator[Finding]:
    if settings.mqtt.url:
        own = broker.parse_url(settings.mqtt.url)
        yield doctor_running.door(own, "yours", "start it, or correct HUB_MQTT__URL")
        return
    yield from credential_finding.examine(settings)
    program = None if settings.mqtt.start == "embedded" else mosquitto.find()
    if running:
        found = doctor_running.address(settings, DataFolder(settings.data_dir.resolve()))
        if found is None:
            yield Finding("broker", Verdict.SERIOUS, "the hub has started none yet", "look again")
        else:
            yield doctor_running.door(found, "the hub's own", "it is started again by itself")
    elif not broker.is_free(settings.mqtt.port):
        yield Finding(
            "broker",
            Verdict.SERIOUS,
            f"port {settings.mqtt.port} is taken by another program",
            "end it, set HUB_MQTT__PORT to a free port, or name that broker in HUB_MQTT__URL",
        )
    elif program:
        said = f"{program} will be started on port {settings.mqtt.port}"
        yield Finding("broker", Verdict.WELL, said)
    if program is None:
        yield Finding(
            "broker",
            Verdict.WORTH_KNOWING,
            "the embedded one: for trying out only, its queues overwrite what is unread",
            "apt-get install mosquitto, or name yours in HUB_MQTT__URL",
        )


def _history(settings: Settings) -> Iterator[Finding]:
    """The store of telemetry history; a rescue never depends on it, so nothing here is serious."""
    if not settings.history.url:
        yield Finding("history", Verdict.WELL, "in the day files of the data folder")
        return
    try:
        for each in history.check(settings, lifts=_lifts(settings)):
            verdict = Verdict.WELL if each.well else Verdict.WORTH_KNOWING
            yield Finding("history", verdict, f"InfluxDB: {each.says}", each.remedy)
    except HubError as error:  # the message names the remedy
        yield Finding("history", Verdict.SERIOUS, str(error), "pip install '.[influx]'")


def _lifts(settings: Settings) -> int:
    """How many lifts are registered, as far as that can be read."""
    file = settings.data_dir / "hub.db"
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            (number,) = connection.execute("SELECT count(*) FROM lift").fetchone()
            return int(number)
    except sqlite3.Error:
        return 0


def _parts() -> Iterator[Finding]:
    for module, extra in (("av", "video"), ("cv2", "video")):
        if importlib.util.find_spec(module) is None:
            yield Finding(
                "cameras",
                Verdict.WORTH_KNOWING,
                f"{module} is not installed: cameras do not play",
                f"pip install '.[{extra}]'",
            )
    foreign = [room for room in ROOMS if not _ours(room)]
    if foreign:
        yield Finding(
            "installation",
            Verdict.SERIOUS,
            f"another package overwrote {', '.join(foreign)}",
            "install the hub into a virtual environment of its own",
        )
    else:
        yield Finding("installation", Verdict.WELL, f"version {version()}, every room is ours")


def version() -> str:
    """The installed version."""
    return importlib.metadata.version(DISTRIBUTION)


def _ours(room: str) -> bool:
    spec = importlib.util.find_spec(room)
    if spec is None or spec.origin is None:
        return False
    return Path(spec.origin).parent.parent == Path(__file__).parent.parent
