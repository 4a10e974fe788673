"""An InfluxDB 2.x of one's own: own port, own folder, to be killed and started again."""

import json
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from hub.proof.ports import unused_port
from hub.settings import environment

ORG = "hub"
BUCKET = "telemetry"


@dataclass
class Influxd:
    """A server on the same port with the same folder, however often it is started."""

    program: str
    folder: Path
    port: int = 0
    bucket: str = BUCKET
    token: str = field(default="a-token-of-a-proof", repr=False)
    org: str = ORG
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process; 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    def launch(self) -> None:
        """Start it; it answers a little later."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or unused_port()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  (the program that the caller names)
                [self.program, *self.arguments()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**environment(), "HOME": str(self.folder)},
            )

    def arguments(self) -> list[str]:
        """What it is started with."""
        return [
            f"--http-bind-address=127.0.0.1:{self.port}",
            f"--bolt-path={self.folder}/influxd.bolt",
            f"--sqlite-path={self.folder}/influxd.sqlite",
            f"--engine-path={self.folder}/engine",
            "--reporting-disabled",
            "--log-level=error",
        ]

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            self.alive()
        except (urllib.error.URLError, OSError):
            return False
        return True

    def alive(self) -> bytes:
        """What it answers when asked how it is; raises URLError while it is not there."""
        return self.ask("/health")

    def set_up(self) -> None:
        """Make organisation, bucket and token where it is new."""
        if json.loads(self.ask("/api/v2/setup"))["allowed"]:
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
        """`kill -9`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """An orderly end."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
