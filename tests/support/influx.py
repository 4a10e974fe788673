"""A real InfluxDB for a test: own port, own folder, ended with the test.

Where it comes from: `influxd` on PATH, else the one that tools/build_influxd.sh has built once into
the user's cache, outside the repository (`./test` does so where CI=true). HUB_TEST_INFLUXDB_URL,
with …_TOKEN, …_ORG and …_BUCKET, names a running 2.x for the tests that stop none.
"""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ports import free_port
from tests.support.wait import wait_until

REFERENCE = "2.7.12"
SECOND = "1.8.10"
REMEDY = "with Go, Rust, gcc and pkg-config: tools/build_influxd.sh, then ./test"
ORG = "hub"
LENT = "may be lent"
_GIVEN = "HUB_TEST_INFLUXDB"
_ACCESS = ("TOKEN", "ORG", "BUCKET")
BUCKET = "telemetry"
TOKEN = "a-token-of-the-tests"
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
class Influx:
    """A server that can be killed and started again on the same port with the same folder."""

    folder: Path
    version: str = REFERENCE
    port: int = 0
    bucket: str = BUCKET
    token: str = TOKEN
    org: str = ORG
    max_values_per_tag: int = 100_000
    given: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return self.given or f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def first(self) -> bool:
        """Whether it is a 1.x."""
        return self.version.startswith("1.")

    def start(self) -> None:
        program = find(self.version)
        assert program is not None, f"there is no InfluxDB {self.version}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, *self._arguments()],
                stdout=log,
                stderr=log,
                env={**os.environ, "HOME": str(self.folder)},  # noqa: TID251
            )
        wait_until(self._answers, what="InfluxDB to listen", timeout_s=60)
        self._set_up()

    def _arguments(self) -> list[str]:
        if not self.first:
            return [
                f"--http-bind-address=127.0.0.1:{self.port}",
                f"--bolt-path={self.folder}/influxd.bolt",
                f"--sqlite-path={self.folder}/influxd.sqlite",
                f"--engine-path={self.folder}/engine",
                "--reporting-disabled",
                "--log-level=error",
            ]
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

    def _answers(self) -> bool:
        try:
            self.ask("/ping" if self.first else "/health")
        except (urllib.error.URLError, OSError):
            return False
        return True

    def _set_up(self) -> None:
        if self.first:
            database, _, _ = self.bucket.partition("/")
            self.ask(f"/query?q=CREATE+DATABASE+{database}", post=b"")
            self.bucket = f"{database}/autogen"
        elif json.loads(self.ask("/api/v2/setup"))["allowed"]:
            wanted = {"username": "hub", "password": "a-password", "org": self.org,
                      "bucket": self.bucket, "token": self.token}  # fmt: skip
            self.ask("/api/v2/setup", post=json.dumps(wanted).encode())

    def ask(self, path: str, *, post: bytes | None = None) -> bytes:
        """Its HTTP interface, without the client."""
        request = urllib.request.Request(  # noqa: S310  (loopback)
            self.url + path,
            data=post,
            headers={"Authorization": f"Token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            content: bytes = answer.read()
        return content

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


@contextmanager
def running(folder: Path, version: str = REFERENCE, lent: str = "") -> Iterator[Influx]:
    """A server for the time of the block; where one is lent, that one if it will do."""
    if lent and version == REFERENCE and (url := _environment(f"{_GIVEN}_URL")):
        token, org, bucket = (_environment(f"{_GIVEN}_{name}") for name in _ACCESS)
        yield Influx(folder, version, given=url, token=token, org=org, bucket=bucket)
        return
    server = Influx(folder, version)
    try:
        server.start()
        yield server
    finally:
        server.stop()
