"""A real InfluxDB for a test: own port, own folder, ended with the test.

Where it comes from: `influxd` on PATH, else the one that tools/build_influxd.sh has built once into
the user's cache, outside the repository (`./test` does so where CI=true). HUB_TEST_INFLUXDB_URL,
with …_TOKEN, …_ORG and …_BUCKET, names a running 2.x for the tests that stop none.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.proof.influxd import Influxd
from tests.support.ports import free_port
from tests.support.wait import wait_until

REFERENCE = "2.7.12"
SECOND = "1.8.10"
REMEDY = "with Go, Rust, gcc and pkg-config: tools/build_influxd.sh, then ./test"
LENT = "may be lent"
_GIVEN = "HUB_TEST_INFLUXDB"
_ACCESS = ("TOKEN", "ORG", "BUCKET")
_ONE = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  max-values-per-tag = {max_values_per_tag}
[http]
  bind-address = "127.0.0.1:{port}"
  flux-enabled = true
  log-enabled = false
[logging]
  level = "error"
"""


def _environment(name: str) -> str:
    return os.environ.get(name, "")  # noqa: TID251  (the tests' own switches)


def cached(version: str) -> Path:
    """Where the tool chain puts what it built, outside the repository."""
    home = _environment("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "supervision-hub" / f"influxd-{version}" / "influxd"


def find(version: str = REFERENCE) -> str | None:
    """The program of that version, None where there is none."""
    if version == REFERENCE and (found := shutil.which("influxd")):
        return found
    program = cached(version)
    return str(program) if program.exists() else None


def there(version: str = REFERENCE, lent: str = "") -> bool:
    """Whether tests can have an InfluxDB; `lent`: one that they must not stop will do."""
    if lent and version == REFERENCE and _environment(f"{_GIVEN}_URL"):
        return True
    return find(version) is not None


@dataclass
class Influx(Influxd):
    """One of a version that is found, or one that is lent; 1.x too."""

    version: str = REFERENCE
    max_values_per_tag: int = 100_000
    given: str = ""

    @property
    def url(self) -> str:
        return self.given or super().url

    @property
    def first(self) -> bool:
        """Whether it is a 1.x."""
        return self.version.startswith("1.")

    def start(self) -> None:
        self.launch()
        wait_until(self.answers, what="InfluxDB to listen", timeout_s=60)
        self.set_up()

    def arguments(self) -> list[str]:
        if not self.first:
            return super().arguments()
        configuration = self.folder / "influxdb.conf"
        configuration.write_text(
            _ONE.format(
                folder=self.folder,
                port=self.port,
                rpc=free_port(),
                max_values_per_tag=self.max_values_per_tag,
            )
        )
        return ["-config", str(configuration)]

    def alive(self) -> bytes:
        return self.ask("/ping") if self.first else super().alive()

    def set_up(self) -> None:
        if not self.first:
            super().set_up()
            return
        database, _, _ = self.bucket.partition("/")
        self.ask(f"/query?q=CREATE+DATABASE+{database}", post=b"")
        self.bucket = f"{database}/autogen"


def server_at(folder: Path, version: str = REFERENCE) -> Influx:
    """A server of that version, not started."""
    program = find(version)
    assert program is not None, f"there is no InfluxDB {version}"
    return Influx(program, folder, version=version)


@contextmanager
def running(folder: Path, version: str = REFERENCE, lent: str = "") -> Iterator[Influx]:
    """A server for the time of the block; where one is lent, that one if it will do."""
    if lent and version == REFERENCE and (url := _environment(f"{_GIVEN}_URL")):
        token, org, bucket = (_environment(f"{_GIVEN}_{name}") for name in _ACCESS)
        lent_one = Influx("", folder, version=version, given=url)
        lent_one.token, lent_one.org, lent_one.bucket = token, org, bucket
        yield lent_one
        return
    server = server_at(folder, version)
    try:
        server.start()
        yield server
    finally:
        server.stop()
