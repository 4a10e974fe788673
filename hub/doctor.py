"""Look at everything that a hub needs, and say what to do where something is amiss.

Each check answers with findings; none changes anything. A finding that is not well names its
remedy. `serious` findings keep a hub from doing its work; the others are worth knowing.
"""

import importlib.metadata
import importlib.util
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from core.clock import Clock
from core.errors import HubError
from hub import history
from hub.schema import newest
from hub.settings import Settings

DISTRIBUTION = "supervision-hub"
ROOMS = ("core", "devices", "ingest", "alerts", "video", "dashboard", "simulators", "hub")
FREE_SPACE_LOW = 2 * 1024**3
FREE_SPACE_FLOOR = 256 * 1024**2
SOFTWARE_BORN = datetime(2026, 1, 1, tzinfo=UTC)


class Verdict(StrEnum):
    """How a thing stands."""

    WELL = "well"
    WORTH_KNOWING = "worth knowing"
    SERIOUS = "serious"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it stands, and what to do about it."""

    subject: str
    verdict: Verdict
    says: str
    remedy: str = ""


def examine(settings: Settings, clock: Clock, *, running: bool) -> list[Finding]:
    """Every check, in the order of need. `running`: a hub holds the folder's lock."""
    return [
        *_folder(settings.data_dir),
        *_database(settings, running=running),
        *_clock(settings.data_dir, clock.now()),
        *_ports(settings, running=running),
        *_broker(settings),
        *_history(settings),
        *_parts(),
    ]


def _folder(data: Path) -> Iterator[Finding]:
    place = data if data.exists() else data.absolute().parent
    if not place.exists():
        yield Finding("data folder", Verdict.SERIOUS, f"{place} does not exist", f"mkdir -p {data}")
        return
    free = shutil.disk_usage(place).free
    said = f"{data}, {free / 1024**3:.1f} GiB free"
    if free < FREE_SPACE_FLOOR:
        yield Finding("data folder", Verdict.SERIOUS, said, "free some disk space now")
    elif free < FREE_SPACE_LOW:
        yield Finding("data folder", Verdict.WORTH_KNOWING, said, "plan for more disk space")
    else:
        yield Finding("data folder", Verdict.WELL, said)


def _database(settings: Settings, *, running: bool) -> Iterator[Finding]:
    file = settings.data_dir / "hub.db"
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


def _ports(settings: Settings, *, running: bool) -> Iterator[Finding]:
    for subject, setting, host, port in (
        ("staff pages", "HUB_WEB__PORT", settings.web.host, settings.web.port),
        ("public pages", "HUB_PUBLIC__PORT", settings.public_host, settings.public_port),
    ):
        taken = _taken(host, port)
        if taken and not running:
            yield Finding(
                subject,
                Verdict.SERIOUS,
                f"port {port} is taken by another program",
                f"end it, or set {setting} to a free port",
            )
        else:
            yield Finding(subject, Verdict.WELL, f"port {port} {'is ours' if taken else 'is free'}")
        if host not in {"127.0.0.1", "::1", "localhost"} and not settings.tls:
            yield Finding(
                subject,
                Verdict.WORTH_KNOWING,
                f"open to the network on {host} without HTTPS",
                "hub tls init, or put a reverse proxy with a certificate before it",
            )


def _broker(settings: Settings) -> Iterator[Finding]:
    if settings.mqtt.url:
        address = urlsplit(settings.mqtt.url)
        host, port = address.hostname or "", address.port or 1883
        if _answers(host, port):
            yield Finding("broker", Verdict.WELL, f"yours, {host}:{port}, answers")
        else:
            yield Finding(
                "broker",
                Verdict.SERIOUS,
                f"yours, {host}:{port}, does not answer",
                "start it, or correct HUB_MQTT__URL",
            )
    elif shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin"):
        yield Finding("broker", Verdict.WELL, "mosquitto is installed and will be started")
    else:
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


def _taken(host: str, port: int) -> bool:
    return _answers("127.0.0.1" if host in {"0.0.0.0", "::", ""} else host, port)  # noqa: S104


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False
