"""The configuration under which mosquitto runs as our child.

Loopback only. The hub signs in as `hub` and may do everything; whoever does not sign in is a device
on trial: it may say what devices say and read what is said to devices. A lane that is away finds up
to MAX_QUEUED messages waiting. They survive an orderly restart of the broker; of what a killed one
held, up to SAVED_EVERY is gone. Calls do not depend on it: a device repeats its call until it has
its receipt. `autosave_on_changes` would write the whole store anew at every change: the broker of a
lane that is away then takes fewer messages with each that waits.
"""

import base64
import hashlib
import os
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from devices.protocol import codec

MAX_QUEUED = 200_000
SAVED_EVERY = timedelta(seconds=30)
# And early, by SIGUSR1, while there is little to write: a broker that is killed must not have
# forgotten for whom it keeps messages, or what devices say until the lanes are back is for nobody.
SAVED_AFTER_S = tuple(range(1, 21))
SAVED_EARLY_BYTES = 4_000_000
# Twice what a payload may be: what is a little too large is refused by the hub, with its reason,
# and not by a connection that closes without a word.
LARGEST_PACKET = 2 * codec.MAX_PAYLOAD
_ITERATIONS = 101
USER = "hub"
_WORDS = (
    *(f"lift/v1/+/+/{kind}" for kind in ("call", "event", "status", "stats", "heartbeat")),
    "lift/v1/+/+/cmd-ack",
    *(f"kitchen/v1/+/+/{kind}" for kind in ("sensor", "finding", "status", "heartbeat")),
)
_ANSWERS = ("lift/v1/+/+/receipt", "lift/v1/+/+/cmd", "kitchen/v1/+/+/cmd")


def find() -> str | None:
    """The program, on PATH or where Debian puts it."""
    places = os.defpath + os.pathsep + "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=places)


def password_line(user: str, password: str, salt: bytes) -> str:
    """A line of a password file, as mosquitto_passwd writes it (PBKDF2 with SHA-512)."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"{user}:$7${_ITERATIONS}${_b64(salt)}${_b64(digest)}\n"


def access_rules(foreign: Sequence[str] = ()) -> str:
    """The access-control file: rules before the first `user` are for whoever did not sign in.

    `foreign` are the topics of dialects.
    """
    anonymous = [
        *(f"topic write {t}" for t in (*_WORDS, *foreign)),
        *(f"topic read {t}" for t in _ANSWERS),
    ]
    return "\n".join([*anonymous, "", f"user {USER}", "topic readwrite #", "topic read $SYS/#", ""])


def saved_bytes(folder: Path) -> int:
    """How much it has written down of what it holds."""
    try:
        return (folder / "mosquitto.db").stat().st_size
    except FileNotFoundError:
        return 0


def configuration(folder: Path, port: int) -> str:
    """The main file."""
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        f"password_file {folder / 'passwords'}",
        f"acl_file {folder / 'access'}",
        "persistence true",
        f"persistence_location {folder}/",
        f"autosave_interval {SAVED_EVERY.seconds}",
        f"max_queued_messages {MAX_QUEUED}",
        "max_queued_bytes 0",
        "max_inflight_messages 2000",
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


def write_files(folder: Path, port: int, password: str, foreign: Sequence[str] = ()) -> Path:
    """Write the three files, for their owner alone; answers the main one."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name, content in (
        ("passwords", password_line(USER, password, os.urandom(12))),
        ("access", access_rules(foreign)),
        ("mosquitto.conf", configuration(folder, port)),
    ):
        file = folder / name
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(content)
    return folder / "mosquitto.conf"


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
