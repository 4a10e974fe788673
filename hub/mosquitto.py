"""The configuration under which mosquitto runs as our child, and the files of one run by others.

The hub signs in as `hub` and may do everything. A gateway signs in under its id, and the patterns
of the access file let it say what devices say and hear what is said to devices on topics that name
itself: one file for a province. Where the settings let anybody in, whoever does not sign in is a
device on trial and may do so for every gateway, from this machine alone.

A lane that is away finds up to MAX_QUEUED messages waiting. They survive an orderly restart of the
broker; of what a killed one held, up to SAVED_EVERY is gone. Calls do not depend on it: a device
repeats its call until it has its receipt. `autosave_on_changes` would write the whole store anew at
every change: the broker of a lane that is away then takes fewer messages with each that waits.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from core.ids import salt
from devices import credentials
from devices.protocol import codec, topics
from devices.protocol.dialects.places import Pattern

MAX_QUEUED = 200_000
SAVED_EVERY = timedelta(seconds=30)
# And early, by SIGUSR1, while there is little to write: a broker that is killed must not have
# forgotten for whom it keeps messages, or what devices say until the lanes are back is for nobody.
SAVED_AFTER_S = tuple(range(1, 21))
SAVED_EARLY_BYTES = 4_000_000
# Twice what a payload may be: what is a little too large is refused by the hub, with its reason,
# and not by a connection that closes without a word.
LARGEST_PACKET = 2 * codec.MAX_PAYLOAD
USER = credentials.HUB
PASSWORDS, ACCESS = "passwords", "access"
_ITSELF = "%u"  # mosquitto's word for whoever signed in


def find() -> str | None:
    """The program, on PATH or where Debian puts it."""
    places = os.defpath + os.pathsep + "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=places)


def password_line(user: str, password: str) -> str:
    """A line of a password file, as mosquitto_passwd writes it."""
    return f"{user}:{credentials.verifier(password, salt(credentials.SALT))}\n"


def access_rules(foreign: Sequence[Pattern] = (), *, anonymous: bool, user: str = USER) -> str:
    """The access file. `foreign` are the topics of dialects; `user` is the hub itself.

    Rules before the first `user` are for whoever did not sign in; a `pattern` is for every gateway.
    """
    words, answers = topics.said_by("+"), topics.said_to("+")
    nobody = [
        *(f"topic write {t}" for t in (*words, *(each.filter for each in foreign))),
        *(f"topic read {t}" for t in answers),
    ]
    gateway = [
        *(f"pattern write {t}" for t in topics.said_by(_ITSELF)),
        *(f"pattern write {each.filter_of(_ITSELF)}" for each in foreign),
        *(f"pattern read {t}" for t in topics.said_to(_ITSELF)),
    ]
    hub = [f"user {user}", "topic readwrite #", "topic read $SYS/#"]
    return "\n".join([*(nobody if anonymous else ()), "", *gateway, "", *hub, ""])


def saved_bytes(folder: Path) -> int:
    """How much it has written down of what it holds."""
    try:
        return (folder / "mosquitto.db").stat().st_size
    except FileNotFoundError:
        return 0


def configuration(folder: Path, port: int, *, anonymous: bool) -> str:
    """The main file."""
    lines = [
        f"listener {port} 127.0.0.1",
        f"allow_anonymous {str(anonymous).lower()}",
        f"password_file {folder / PASSWORDS}",
        f"acl_file {folder / ACCESS}",
        "persistence true",
        f"persistence_location {folder}/",
        f"autosave_interval {SAVED_EVERY.seconds}",
        f"max_queued_messages {MAX_QUEUED}",
        "max_queued_bytes 0",
        "max_inflight_messages 2000",
        "set_tcp_nodelay true",  # a receipt is not kept back until its gateway has acknowledged
        f"max_packet_size {LARGEST_PACKET}",
        "persistent_client_expiration 14d",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
    ]
    if os.geteuid() == 0:  # else mosquitto gives its rights away and cannot read our files
        lines.append("user root")
    return "\n".join(lines) + "\n"


def write_files(
    folder: Path, port: int, foreign: Sequence[Pattern] = (), *, anonymous: bool
) -> Path:
    """Write the main and the access file, for their owner alone; answers the main one."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    replace(folder / ACCESS, [access_rules(foreign, anonymous=anonymous)])
    main = folder / "mosquitto.conf"
    replace(main, [configuration(folder, port, anonymous=anonymous)])
    return main


def replace(file: Path, lines: Iterable[str]) -> None:
    """Write a file for its owner alone; whoever reads meanwhile reads the old one whole."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.writelines(lines)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
