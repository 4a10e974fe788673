"""Whether settings can be used, asked before anything starts.

`hub.settings` reads names and types; here their meaning is tried: what a file holds, whether an
address can be listened on, what this version supports. A hub whose processes would each find out
for themselves looks healthy and rescues nobody. Every answer is one line that names the setting
and the remedy, and none repeats a value that may hold a password.
"""

import importlib.util
import os
import socket
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

import alerts.policy
from alerts.policy import PolicyBook
from core.errors import HubError, InvalidMessage
from hub import broker, demo
from hub.settings import Settings, WrongSettings

HIGHEST_PORT = 65535
_SQLITE = "unset it for hub.db in the data folder, or give sqlite:////absolute/path/hub.db"


def check(settings: Settings) -> list[str]:
    """What is wrong, a line each; empty when a hub can start with these settings."""
    return [
        *_data_folder(settings.data_dir),
        *_database(settings.database.url),
        *_mqtt(settings.mqtt.url, settings.mqtt.port),
        *_pages(settings),
        *_addresses(settings),
        *_history(settings.history.url),
        *_policies(settings),
        *_scenario(settings.demo.scenario),
    ]


def require(settings: Settings) -> Settings:
    """The same settings; raises WrongSettings telling everything that is wrong with them."""
    if wrong := check(settings):
        raise WrongSettings("\n".join(wrong))
    return settings


def read_policies(settings: Settings) -> PolicyBook:
    """The policy file, or the one that is shipped; raises InvalidMessage or OSError."""
    file = settings.policy_file or Path(alerts.policy.__file__).with_name("policy.toml")
    try:
        return alerts.policy.parse(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidMessage("bad_file", f"is no TOML: {error}") from error


def _data_folder(folder: Path) -> Iterator[str]:
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        yield f"HUB_DATA_DIR: {place} is a file: name a folder"
    elif not os.access(place, os.W_OK | os.X_OK):
        yield f"HUB_DATA_DIR: {place} may not be written: chown it, or name another folder"


def _database(url: str) -> Iterator[str]:
    if not url:
        return
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        yield f"HUB_DATABASE__URL: cannot be read as a URL: {_SQLITE}"
        return
    kind = parsed.get_backend_name()
    if kind == "postgresql":
        yield f"HUB_DATABASE__URL: PostgreSQL comes with a later version; {_SQLITE}"
    elif kind != "sqlite" or parsed.drivername != "sqlite":
        yield f"HUB_DATABASE__URL: {parsed.drivername} is not supported: {_SQLITE}"
    elif not parsed.database or parsed.database == ":memory:":
        yield f"HUB_DATABASE__URL: names no file: {_SQLITE}"


def _mqtt(url: str, port: int) -> Iterator[str]:
    form = "expected mqtt://[user:password@]host[:port] or mqtts://…"
    if not url:
        if not 1 <= port < HIGHEST_PORT:
            yield f"HUB_MQTT__PORT: {port} is no port: give 1 to {HIGHEST_PORT - 1}"
        return
    try:
        given = urlsplit(url).port
    except ValueError:
        yield f"HUB_MQTT__URL: its port is no number from 1 to {HIGHEST_PORT}: {form}"
        return
    try:
        broker.parse_url(url)
    except ValueError:
        yield f"HUB_MQTT__URL: {form}"
        return
    if given == 0:
        yield f"HUB_MQTT__URL: its port is no number from 1 to {HIGHEST_PORT}: {form}"


def _pages(settings: Settings) -> Iterator[str]:
    for name, host in (
        ("HUB_WEB__HOST", settings.web.host),
        ("HUB_PUBLIC__HOST", settings.public.host),
    ):
        if host and not _is_ours(host):
            yield (
                f"{name}: {host} is no address of this machine: give 127.0.0.1 for this machine "
                "alone, or 0.0.0.0 for the network"
            )
    if settings.public_port == settings.web.port:
        yield (
            f"HUB_PUBLIC__PORT: {settings.public_port} is the staff pages' port: give another, "
            f"or unset it for {settings.web.port + 1}"
        )


def _addresses(settings: Settings) -> Iterator[str]:
    for name, url, example in (
        ("HUB_WEB__BASE_URL", settings.web.base_url, "https://hub.example"),
        ("HUB_PUBLIC__BASE_URL", settings.public.base_url, "https://lift.example"),
        ("HUB_HISTORY__URL", settings.history.url, "http://127.0.0.1:8086"),
    ):
        if url and not _is_web(url):
            yield f"{name}: is no web address: give one such as {example}"


def _history(url: str) -> Iterator[str]:
    if _is_web(url) and importlib.util.find_spec("influxdb_client") is None:
        yield "HUB_HISTORY__URL: InfluxDB's client is missing: pip install '.[influx]', or unset it"


def _policies(settings: Settings) -> Iterator[str]:
    file = settings.policy_file
    try:
        read_policies(settings)
    except FileNotFoundError:
        yield f"HUB_POLICY_FILE: {file}: there is no such file; unset it for the shipped policy"
    except (InvalidMessage, OSError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        yield f"HUB_POLICY_FILE: {file}: {told}"


def _scenario(name: str) -> Iterator[str]:
    if not name:
        return
    try:
        demo.scenario(name)
    except FileNotFoundError:
        yield f"HUB_DEMO__SCENARIO: {name}: no such scenario; give city, or a .toml file"
    except (HubError, OSError, ValueError) as error:
        yield f"HUB_DEMO__SCENARIO: {name}: {error}"


def _is_ours(host: str) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with closing(socket.socket(family)) as probe:
            probe.bind((host, 0))
    except (OSError, UnicodeError):
        return False
    return True


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
